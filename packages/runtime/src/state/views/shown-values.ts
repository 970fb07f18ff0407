import {
  isPromise,
  type MaybePromise,
  millraceError,
  NO_HEADERS,
  type StoredValue,
  type ValueAndTimestamp,
  type ValueTimestampHeaders,
} from '@millrace/core'
import { RangeBuffer } from '../buffer/range-buffer.ts'
import type { BufferContext } from '../buffer/store-output.ts'
import type { KeyedBuffer, TaskBuffer } from '../buffer/task-buffer.ts'
import type { ValueWithHeaders } from '../format/value-with-headers.ts'

/** How user code sees a stored value: with its timestamp where the store keeps one. */
export function valueShower(buffer: TaskBuffer): (stored: StoredValue) => unknown {
  const { timestamped, withHeaders } = buffer.codec.plan
  if (timestamped && withHeaders === true)
    return stored => ({ ...(stored.value as ValueWithHeaders), timestamp: stored.timestamp })
  return timestamped ? stored => ({ value: stored.value, timestamp: stored.timestamp }) : stored => stored.value
}

/** How user code puts a value: the other way round. */
export function valuePutter(
  buffer: KeyedBuffer | RangeBuffer,
  context: BufferContext,
): (key: unknown, slot: number, value: unknown) => void {
  const store = buffer.codec.plan.name
  const put = unguardedPutter(buffer, context)
  return (key, slot, value) => {
    if (key === undefined) throw millraceError('MILLRACE_STORE_UNDEFINED', { store, part: 'a key' })
    if (value === undefined) throw millraceError('MILLRACE_STORE_UNDEFINED', { store, part: 'a value' })
    put(key, slot, value)
  }
}

function unguardedPutter(
  buffer: KeyedBuffer | RangeBuffer,
  context: BufferContext,
): (key: unknown, slot: number, value: unknown) => void {
  if (buffer instanceof RangeBuffer && buffer.codec.plan.retainDuplicates === true) {
    return (key, slot, value) => buffer.append(key, slot, value)
  }
  if (!buffer.codec.plan.timestamped) return (key, slot, value) => buffer.put(key, slot, value, context.timestamp)
  if (buffer.codec.plan.withHeaders === true) {
    return (key, slot, given) => {
      if (given === null) return buffer.put(key, slot, null, context.timestamp)
      // A caller that treats it as a store with timestamps only omits the headers.
      const { value, timestamp, headers = NO_HEADERS } = given as Partial<ValueTimestampHeaders<unknown>>
      buffer.put(key, slot, { value, headers }, timestamp ?? context.timestamp)
    }
  }
  return (key, slot, value) => {
    const stamped = value as ValueAndTimestamp<unknown> | null
    buffer.put(key, slot, stamped === null ? null : stamped.value, stamped?.timestamp ?? context.timestamp)
  }
}

/** At once where the value is on the heap. */
export function mapStored<T>(
  stored: MaybePromise<StoredValue | undefined>,
  map: (stored: StoredValue | undefined) => T,
): MaybePromise<T> {
  return isPromise(stored) ? stored.then(map) : map(stored)
}
