import { aSerde, type Check, checkedInside, type Fields, isPlainObject, mustBe, optionsOf } from '../arguments/check.ts'
import { checkArguments } from '../arguments/checked-methods.ts'
import { checkedNumber } from '../errors/number-option.ts'
import { readInt64, writeInt64 } from '../record/big-endian.ts'
import type { ByteSink } from '../record/byte-sink.ts'
import { windowed, type Windowed, type Window } from '../record/windowed.ts'
import { viewBytes } from '../record/byte-arrays.ts'
import { collect } from './in-place-serde.ts'
import { endOfWindow } from '../windows/end-of-window.ts'
import type { WindowsPort } from '../ports/windows.ts'
import { madeOf } from './same-serde.ts'
import type { Serde } from './serde.ts'
import { decodeError, encodeError, shown } from './serde-errors.ts'
import { prepareOf } from './not-ready.ts'

/*
 * Windowed keys in topics, as Kafka Streams' TimeWindowedSerializer and SessionWindowedSerializer write them.
 *
 *   timeWindowed    := key start:int64
 *   sessionWindowed := key end:int64 start:int64
 */

/** What gives the end of a window, which the bytes do not hold. */
export type TimeWindowedOptions =
  /** The windows' length in milliseconds. `Infinity` for windows that never end. */
  | { readonly sizeMs: number }
  /** Windows that differ in length, as `calendar` makes them. */
  | { readonly windows: WindowsPort }

/**
 * Keys of a time-windowed aggregation. Only the inner key decides the partition.
 *
 * @throws MILLRACE_SERDE_DECODE when there are less than 8 bytes, or what the inner serde throws
 */
export function timeWindowed<K>(inner: Serde<K>, options: TimeWindowedOptions): Serde<Windowed<K>> {
  const arguments_ = [
    ['inner', aSerde],
    ['options', windowedOptions],
  ] as const
  checkArguments('timeWindowed', arguments_, [inner, options])
  const endOf = 'windows' in options ? (start: number) => endOfWindow(options.windows, start) : addTo(options.sizeMs)
  const serde = windowedSerde(inner, {
    name: `timeWindowed(${inner.name})`,
    suffixBytes: 8,
    endless: true,
    read(bytes, position) {
      const start = readInt64(bytes, position)
      return { start, end: endOf(start) }
    },
    write: ({ start }, bytes, position) => writeInt64(bytes, position, start),
  })
  return madeOf(serde, timeWindowed, inner, 'windows' in options ? options.windows : options.sizeMs)
}

/** The size may stand beside the other fields of `tumbling`, `hopping` or `unlimited`, or of their options. */
const SIZED: Fields = {
  sizeMs: checkedInside,
  advanceMs: checkedInside,
  graceMs: checkedInside,
  startMs: checkedInside,
  type: checkedInside,
}

const windowedOptions: Check = (given, name) => {
  const byWindows = isPlainObject(given) && Object.hasOwn(given, 'windows')
  const problem = optionsOf(byWindows ? { windows: checkedInside } : SIZED)(given, name)
  if (problem !== undefined || !byWindows) return problem
  const { windowsFor } = Object(given['windows'] ?? {}) as { readonly windowsFor?: unknown }
  const needed = 'windows of different lengths, such as calendar({ … }) returns them'
  return typeof windowsFor === 'function' ? undefined : mustBe('windows', needed, given['windows'])
}

function addTo(sizeMs: number): (start: number) => number {
  checkedNumber('timeWindowed', 'sizeMs', sizeMs, { from: 0, orInfinity: true, of: 'milliseconds' })
  return start => start + sizeMs
}

/**
 * Keys of a session-windowed aggregation. Only the inner key decides the partition.
 *
 * @throws MILLRACE_SERDE_DECODE when there are less than 16 bytes, or what the inner serde throws
 */
export function sessionWindowed<K>(inner: Serde<K>): Serde<Windowed<K>> {
  checkArguments('sessionWindowed', [['inner', aSerde]], [inner])
  const serde = windowedSerde(inner, {
    name: `sessionWindowed(${inner.name})`,
    suffixBytes: 16,
    endless: false,
    read: (bytes, position) => ({ start: readInt64(bytes, position + 8), end: readInt64(bytes, position) }),
    write({ start, end }, bytes, position) {
      writeInt64(bytes, position, end)
      writeInt64(bytes, position + 8, start)
    },
  })
  return madeOf(serde, sessionWindowed, inner)
}

interface WindowSuffix {
  readonly name: string
  readonly suffixBytes: number
  /** Windows may have no end. */
  readonly endless: boolean
  readonly read: (bytes: Buffer, position: number) => Window
  readonly write: (window: Window, bytes: Buffer, position: number) => void
}

function windowedSerde<K>(inner: Serde<K>, suffix: WindowSuffix): Serde<Windowed<K>> {
  const { name, suffixBytes } = suffix
  const keyEnd = (start: number, end: number): number => {
    if (end - start >= suffixBytes) return end - suffixBytes
    throw decodeError(name, `there are ${end - start} bytes where at least ${suffixBytes} were expected`)
  }
  const writeWindow = (window: Window, sink: ByteSink): void => {
    sink.reserve(suffixBytes)
    suffix.write(window, sink.buffer, sink.position)
    sink.position += suffixBytes
  }
  const { read } = inner
  return {
    name,
    inner,
    ...prepareOf(inner),
    serialize(value, topic, headers) {
      const { key, window } = checked(suffix, value)
      return collect(sink => {
        sink.append(inner.serialize(key, topic, headers))
        writeWindow(window, sink)
      })
    },
    deserialize(bytes, topic, headers) {
      const at = keyEnd(0, bytes.length)
      const key = inner.deserialize(bytes.subarray(0, at), topic, headers)
      const { start, end } = suffix.read(viewBytes(bytes), at)
      return windowed(key, start, end)
    },
    // Without a hot path inside, topic or headers may matter there, and they are not known here.
    ...(read && {
      read(bytes: Buffer, start: number, end: number) {
        const at = keyEnd(start, end)
        const window = suffix.read(bytes, at)
        return windowed(read(bytes, start, at), window.start, window.end)
      },
    }),
    ...(inner.write && {
      write(value: Windowed<K>, sink: ByteSink) {
        const { key, window } = checked(suffix, value)
        inner.write!(key, sink)
        writeWindow(window, sink)
      },
    }),
  }
}

/** Types do not hold where a program is not checked. */
function checked<K>({ name, endless }: WindowSuffix, value: Windowed<K>): Windowed<K> {
  const { window } = (value ?? {}) as Partial<Windowed<K>>
  if (window === undefined) throw encodeError(name, `${shown(value)} is not a windowed key`)
  const { start, end } = window
  if (Number.isSafeInteger(start) && (Number.isSafeInteger(end) || (endless && end === Number.POSITIVE_INFINITY)))
    return value
  throw encodeError(name, `a window from ${shown(start)} to ${shown(end)} is not one of whole milliseconds`)
}
