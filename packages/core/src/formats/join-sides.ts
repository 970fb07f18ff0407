import { readInt32, readInt64, writeInt32, writeInt64 } from '../record/big-endian.ts'
import { viewBytes } from '../record/byte-arrays.ts'
import { collect } from '../serde/in-place-serde.ts'
import type { Serde } from '../serde/serde.ts'
import { decodeError } from '../serde/serde-errors.ts'
import { prepareOf } from '../serde/not-ready.ts'

/*
 * Keys and values of the store of records that a left or outer join of streams has found no partner for yet, as Kafka Streams'
 * TimestampedKeyAndJoinSide, LeftOrRightValue and its list store write them:
 *
 *   key     := timestamp:int64 side:int8 key
 *   values  := 1:int8 count:int32 (length:int32 side:int8 value)*count
 *   side    := 1 for the left stream, 0 for the right one
 *
 * So entries come by time, and at one time those of the right stream first.
 */
const KEY_PREFIX = 9
const LIST_PREFIX = 5
const VARIABLE_SIZE = 1

/** The key of a record and where it waits. */
export interface JoinSideKey {
  readonly timestamp: number
  readonly left: boolean
  readonly key: unknown
}

export function joinSideKey(inner: Serde<unknown>): Serde<JoinSideKey> {
  const name = `joinSideKey(${inner.name})`
  return {
    name,
    ...prepareOf(inner),
    serialize: ({ timestamp, left, key }, topic) =>
      collect(sink => {
        sink.reserve(KEY_PREFIX)
        writeInt64(sink.buffer, sink.position, timestamp)
        sink.buffer[sink.position + 8] = left ? 1 : 0
        sink.position += KEY_PREFIX
        sink.append(inner.serialize(key, topic))
      }),
    deserialize(bytes, topic) {
      if (bytes.length < KEY_PREFIX)
        throw decodeError(name, `there are ${bytes.length} bytes, fewer than ${KEY_PREFIX}`)
      const key = inner.deserialize(bytes.subarray(KEY_PREFIX), topic)
      return { timestamp: readInt64(viewBytes(bytes), 0), left: bytes[8] === 1, key }
    },
  }
}

/** The values of one key, time and side, in the order in which they came. */
export function joinSideValues(left: Serde<unknown>, right: Serde<unknown>): Serde<readonly JoinSideValue[]> {
  const name = `joinSideValues(${left.name}, ${right.name})`
  return {
    name,
    ...prepareOf(left, right),
    serialize: (values, topic) =>
      collect(sink => {
        sink.reserve(LIST_PREFIX)
        sink.buffer[sink.position] = VARIABLE_SIZE
        writeInt32(sink.buffer, sink.position + 1, values.length)
        sink.position += LIST_PREFIX
        for (const { left: isLeft, value } of values) {
          const bytes = (isLeft ? left : right).serialize(value, topic)
          sink.reserve(5)
          writeInt32(sink.buffer, sink.position, bytes.length + 1)
          sink.buffer[sink.position + 4] = isLeft ? 1 : 0
          sink.position += 5
          sink.append(bytes)
        }
      }),
    deserialize(bytes, topic) {
      const source = viewBytes(bytes)
      if (source.length < LIST_PREFIX) throw decodeError(name, 'it ends before its length')
      const values: JoinSideValue[] = []
      let at = LIST_PREFIX
      for (let count = readInt32(source, 1); count > 0; count--) {
        const end = at + 4 + (at + 4 <= source.length ? readInt32(source, at) : source.length)
        if (end > source.length) throw decodeError(name, 'it ends within a value')
        const isLeft = source[at + 4] === 1
        values.push({ left: isLeft, value: (isLeft ? left : right).deserialize(source.subarray(at + 5, end), topic) })
        at = end
      }
      return values
    },
  }
}

export interface JoinSideValue {
  readonly left: boolean
  readonly value: unknown
}
