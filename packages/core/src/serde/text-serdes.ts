import { inPlaceSerde } from './in-place-serde.ts'
import type { Serde } from './serde.ts'
import { decodeError, encodeError, shown } from './serde-errors.ts'
import { readUtf8, writeUtf8 } from './utf8.ts'

const STRING = inPlaceSerde<string>({
  name: 'string',
  immutable: true,
  transparent: true,
  read: readUtf8,
  write(value, sink) {
    if (typeof value !== 'string') throw encodeError('string', `${shown(value)} is not a string`)
    if (!writeUtf8(value, sink)) {
      const at = value.search(/\p{Surrogate}/u)
      throw encodeError('string', `the text has half of a surrogate pair at index ${at}: use text.toWellFormed()`)
    }
  },
})

/**
 * Text as UTF-8, as Kafka's `StringSerde`. Bytes that are not UTF-8 become U+FFFD when they are read. Half of a surrogate pair, as
 * `slice` may leave it, is not written (Java writes a question mark).
 */
export function string(): Serde<string> {
  return STRING
}

const BYTES = inPlaceSerde<Uint8Array>({
  name: 'bytes',
  transparent: true,
  read: (bytes, start, end) => bytes.subarray(start, end),
  write(value, sink) {
    if (!(value instanceof Uint8Array)) throw encodeError('bytes', `${shown(value)} is not a Uint8Array`)
    sink.append(value)
  },
})

/**
 * The bytes themselves. What is read is a view of the batch that was fetched: copy it (`Uint8Array.from`) where it is kept
 * for long, and do not change it.
 */
export function bytes(): Serde<Uint8Array> {
  return BYTES
}

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const UUID_BYTES = 36

const UUID = inPlaceSerde<string>({
  name: 'uuid',
  immutable: true,
  constantSize: UUID_BYTES,
  read(bytes, start, end) {
    const text = readUtf8(bytes, start, end)
    if (!UUID_TEXT.test(text)) throw decodeError('uuid', `${shown(text)} is not a UUID`)
    return text.toLowerCase()
  },
  write(value, sink) {
    if (typeof value !== 'string' || !UUID_TEXT.test(value)) throw encodeError('uuid', `${shown(value)} is not a UUID`)
    writeUtf8(value.toLowerCase(), sink)
  },
})

/** A UUID as its 36 characters, in lower case, as Kafka's `UUIDSerde`. */
export function uuid(): Serde<string> {
  return UUID
}

const VOID: Serde<null> = Object.freeze({
  name: 'void',
  immutable: true,
  serialize(value: null): Uint8Array {
    throw encodeError('void', `${shown(value)} has no bytes: a void key or value is null`)
  },
  deserialize(bytes: Uint8Array): null {
    throw decodeError('void', `there are ${bytes.length} bytes where null was expected`)
  },
})

/** A key or value that always is null, as Kafka's `VoidSerde`. Bytes that are there are an error. */
export function voidSerde(): Serde<null> {
  return VOID
}
