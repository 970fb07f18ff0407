import type { ReadRecord, Windowed } from 'millrace'
import type { Sales } from './serdes.ts'

/** Windows kept for the table; the sums go on. */
const WINDOWS_KEPT = 30

/** The last value of each key and window, and the sum over all windows there ever were. */
export class Results<V> {
  sum: number = 0
  /** By window start, then by key. */
  readonly #windows = new Map<number, Map<string, V>>()
  readonly #count: (value: V) => number

  /** @param count how many records of the input a result stands for */
  constructor(count: (value: V) => number) {
    this.#count = count
  }

  add({ key, value }: Pick<ReadRecord<Windowed<string>, V>, 'key' | 'value'>): void {
    if (key === null || value === null) return
    const { start } = key.window
    const window = this.#windows.get(start) ?? new Map<string, V>()
    const before = window.get(key.key)
    this.sum += this.#count(value) - (before === undefined ? 0 : this.#count(before))
    window.set(key.key, value)
    this.#windows.set(start, window)
    // One that is dropped here is long closed.
    if (this.#windows.size > WINDOWS_KEPT) this.#windows.delete(Math.min(...this.#windows.keys()))
  }

  /** The last windows, oldest first. */
  last(count: number): readonly (readonly [start: number, values: ReadonlyMap<string, V>])[] {
    return [...this.#windows].sort(([a], [b]) => a - b).slice(-count)
  }
}

export interface ShopResults {
  readonly sales: Results<Sales>
  readonly payments: Results<bigint>
}

export function shopResults(): ShopResults {
  return { sales: new Results(({ orders }) => orders), payments: new Results(count => Number(count)) }
}
