import { readVarint, skipVarint, varintSize, writeVarint } from '../record/varint.ts'
import { allocateBytes, viewBytes } from '../record/byte-arrays.ts'
import type { Serde } from '../serde/serde.ts'
import { decodeError } from '../serde/serde-errors.ts'
import { prepareOf } from '../serde/not-ready.ts'

/*
 * An update of a table on its way to a grouping, as Kafka Streams writes it since 3.5 (ChangedSerializer):
 *
 *   change := old 0
 *           | new 1
 *           | varint(length of new) new old 2
 *           | old isLatest:int8 3  |  new isLatest:int8 4  |  varint new old isLatest:int8 5
 *
 * The last byte says which. 3 to 5 are read only: no version has written them yet.
 */

/** What a row was and what it is; null where it was not, or is no more. Not both are null. */
export interface Change {
  readonly newValue: unknown
  readonly oldValue: unknown
}

const OLD_ONLY = 0
const NEW_ONLY = 1
const BOTH = 2
const FIRST_WITH_LATEST = 3

/** The serde of a repartition topic that a grouped table goes through. */
export function change(inner: Serde<unknown>): Serde<Change> {
  return Object.freeze({
    name: `change(${inner.name})`,
    ...prepareOf(inner),
    serialize(value: Change, topic: string): Uint8Array {
      const newBytes = value.newValue === null ? undefined : inner.serialize(value.newValue, topic)
      const oldBytes = value.oldValue === null ? undefined : inner.serialize(value.oldValue, topic)
      const prefix = newBytes !== undefined && oldBytes !== undefined ? varintSize(newBytes.length) : 0
      const bytes = allocateBytes(prefix + (newBytes?.length ?? 0) + (oldBytes?.length ?? 0) + 1)
      if (prefix > 0) writeVarint(bytes, 0, newBytes!.length)
      if (newBytes !== undefined) bytes.set(newBytes, prefix)
      if (oldBytes !== undefined) bytes.set(oldBytes, prefix + (newBytes?.length ?? 0))
      bytes[bytes.length - 1] = prefix > 0 ? BOTH : newBytes === undefined ? OLD_ONLY : NEW_ONLY
      return bytes
    },
    deserialize(given: Uint8Array, topic: string): Change {
      const bytes = viewBytes(given)
      const flag = bytes[bytes.length - 1]
      if (flag === undefined || flag > FIRST_WITH_LATEST + BOTH) {
        throw decodeError(`change(${inner.name})`, `the last byte, ${flag ?? 'which is missing'}, says no format`)
      }
      const withLatest = flag >= FIRST_WITH_LATEST
      const end = bytes.length - (withLatest ? 2 : 1)
      const read = (from: number, to: number) => inner.deserialize(bytes.subarray(from, to), topic)
      switch (withLatest ? flag - FIRST_WITH_LATEST : flag) {
        case OLD_ONLY:
          return { newValue: null, oldValue: read(0, end) }
        case NEW_ONLY:
          return { newValue: read(0, end), oldValue: null }
        default: {
          const start = skipVarint(bytes, 0)
          const split = start + readVarint(bytes, 0)
          return { newValue: read(start, split), oldValue: read(split, end) }
        }
      }
    },
  })
}
