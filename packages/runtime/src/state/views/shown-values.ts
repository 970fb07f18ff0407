import {
  millraceError,
  NO_HEADERS,
  type StoredValue,
  type ValueAndTimestamp,
  type ValueTimestampHeaders,
} from '@millrace/core'
import type { RangeBuffer } from '../buffer/range-buffer.ts'
import type { BufferContext } from '../buffer/store-output.ts'
import type { SlotBuffer, TaskBuffer } from '../buffer/task-buffer.ts'
import type { ValueWithHeaders } from '../format/value-with-headers.ts'

/** How user code sees a stored value: with its timestamp where the store keeps one. */
export function valueShower(buffer: TaskBuffer): (stored: StoredValue) => unknown {
  const { timestamped, withHeaders } = buffer.codec.plan
  if (timestamped && withHeaders === true)
    return stored => ({ ...(stored.value as ValueWithHeaders), timestamp: stored.timestamp })
  return timestamped ? stored => ({ value: stored.value, timestamp: stored.timestamp }) : stored => stored.value
}

/** Puts a value that user code gives. */
export type ValuePutter = (key: unknown, slot: number, value: unknown) => void

/** A store to put values into. */
type Puttable = TaskBuffer & Pick<SlotBuffer, 'put'>

/** How user code puts a value: the reverse of `valueShower`. */
export function valuePutter(buffer: Puttable, context: BufferContext): ValuePutter {
  return guarded(buffer, unguardedPutter(buffer, context))
}

/** How user code adds a value beside others that have the same key and slot. */
export function valueAppender(buffer: RangeBuffer): ValuePutter {
  return guarded(buffer, (key, slot, value) => buffer.append(key, slot, value))
}

function guarded(buffer: TaskBuffer, put: ValuePutter): ValuePutter {
  const store = buffer.codec.plan.name
  return (key, slot, value) => {
    if (key === undefined) throw millraceError('MILLRACE_STORE_UNDEFINED', { store, part: 'a key' })
    if (value === undefined) throw millraceError('MILLRACE_STORE_UNDEFINED', { store, part: 'a value' })
    put(key, slot, value)
  }
}

function unguardedPutter(buffer: Puttable, context: BufferContext): ValuePutter {
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
