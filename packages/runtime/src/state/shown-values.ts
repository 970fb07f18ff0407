import { isPromise, type MaybePromise, type StoredValue, type ValueAndTimestamp } from '@millrace/core'
import { RangeBuffer } from './range-buffer.ts'
import type { BufferContext } from './store-output.ts'
import type { KeyedBuffer, TaskBuffer } from './task-buffer.ts'

/** How user code sees a stored value: with its timestamp where the store keeps one. */
export function valueShower(buffer: TaskBuffer): (stored: StoredValue) => unknown {
  return buffer.codec.plan.timestamped
    ? stored => ({ value: stored.value, timestamp: stored.timestamp })
    : stored => stored.value
}

/** How user code puts a value: the other way round. */
export function valuePutter(
  buffer: KeyedBuffer | RangeBuffer,
  context: BufferContext,
): (key: unknown, slot: number, value: unknown) => void {
  if (buffer instanceof RangeBuffer && buffer.codec.plan.retainDuplicates === true) {
    return (key, slot, value) => buffer.append(key, slot, value)
  }
  if (!buffer.codec.plan.timestamped) return (key, slot, value) => buffer.put(key, slot, value, context.timestamp)
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
