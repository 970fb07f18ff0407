import { textOf } from './text-of.ts'

/** A time window, in milliseconds since the epoch. */
export interface Window {
  readonly start: number
  /** Exclusive for time windows, inclusive for sessions. */
  readonly end: number
}

/** A key and its window, as in the results of windowed aggregations. As text it is `[key@start/end]`, as in Java. */
export interface Windowed<K> {
  readonly key: K
  readonly window: Window
  toString(): string
}

/** The end of a window that never ends, as Java has it. */
const NEVER = '9223372036854775807'

// Not enumerable and not inherited, so that the key is deeply equal to a plain object with the same key and window.
const AS_TEXT = Object.freeze({
  configurable: true,
  enumerable: false,
  writable: true,
  value: function toString(this: Windowed<unknown>): string {
    const { key, window } = this
    return `[${textOf(key)}@${window.start}/${window.end === Number.POSITIVE_INFINITY ? NEVER : window.end}]`
  },
})

/** A key within a window, which prints as `[key@start/end]`. */
export function windowed<K>(key: K, start: number, end: number): Windowed<K> {
  return Object.defineProperty({ key, window: { start, end } }, 'toString', AS_TEXT)
}
