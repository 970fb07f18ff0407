import { readInt32, readInt64, writeInt32, writeInt64 } from '../record/big-endian.ts'
import { readUtf8, writeUtf8 } from '../serde/utf8.ts'
import { viewBytes } from '../record/byte-arrays.ts'
import { collect, inPlaceSerde } from '../serde/in-place-serde.ts'
import type { Serde } from '../serde/serde.ts'
import { decodeError } from '../serde/serde-errors.ts'
import { prepareOf } from '../serde/not-ready.ts'

/*
 * Keys and values of the store in which `deduplicate` keeps what it has let pass. A format of Millrace's own:
 *
 *   key   := length:int32 key id             length is the key's
 *   value := partition:int32 offset:int64 topic:UTF-8
 */
const LENGTH_BYTES = 4
const NUMBERS_BYTES = 12

/** The key of a record and the id by which others are told to be the same. */
export interface KeyAndId {
  readonly key: unknown
  readonly id: unknown
}

/** Where a record was read; the numbers are -1 where it came from a timer or a cache. */
export interface RecordOrigin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export function keyAndId(key: Serde<unknown>, id: Serde<unknown>): Serde<KeyAndId> {
  const name = `keyAndId(${key.name}, ${id.name})`
  return {
    name,
    ...prepareOf(key, id),
    serialize: (both, topic) =>
      collect(sink => {
        const bytes = key.serialize(both.key, topic)
        sink.reserve(LENGTH_BYTES)
        writeInt32(sink.buffer, sink.position, bytes.length)
        sink.position += LENGTH_BYTES
        sink.append(bytes)
        sink.append(id.serialize(both.id, topic))
      }),
    deserialize(bytes, topic) {
      const end = bytes.length < LENGTH_BYTES ? -1 : LENGTH_BYTES + readInt32(viewBytes(bytes), 0)
      if (end < LENGTH_BYTES || end > bytes.length) throw decodeError(name, 'it ends within the key')
      return {
        key: key.deserialize(bytes.subarray(LENGTH_BYTES, end), topic),
        id: id.deserialize(bytes.subarray(end), topic),
      }
    },
  }
}

export const recordOrigin: Serde<RecordOrigin> = inPlaceSerde<RecordOrigin>({
  name: 'recordOrigin',
  read(bytes, start, end) {
    if (end - start < NUMBERS_BYTES) throw decodeError('recordOrigin', `there are ${end - start} bytes only`)
    return {
      topic: readUtf8(bytes, start + NUMBERS_BYTES, end),
      partition: readInt32(bytes, start),
      offset: readInt64(bytes, start + 4),
    }
  },
  write({ topic, partition, offset }, sink) {
    sink.reserve(NUMBERS_BYTES)
    writeInt32(sink.buffer, sink.position, partition)
    writeInt64(sink.buffer, sink.position + 4, offset)
    sink.position += NUMBERS_BYTES
    writeUtf8(topic, sink)
  },
})
