import { readInt32, writeInt32 } from '../record/big-endian.ts'
import { allocateBytes, viewBytes } from '../record/byte-arrays.ts'
import type { ByteSink } from '../record/byte-sink.ts'
import { collect } from '../serde/in-place-serde.ts'
import type { Serde } from '../serde/serde.ts'
import { decodeError } from '../serde/serde-errors.ts'
import { prepareOf } from '../serde/not-ready.ts'

/*
 * What the two sides of a join by foreign key tell each other, as Kafka Streams 3.4 and later write it:
 *
 *   subscription := versionAndNoHash:int8 instruction:int8 [hash:16 bytes] primaryKey [primaryPartition:int32]
 *   response     := versionAndNoHash:int8 [hash:16 bytes] [foreignValue]
 *   combinedKey  := length:int32 foreignKey primaryKey
 *
 * The top bit of the first byte says that there is no hash, the others are the version: 1 for subscriptions, 0 for
 * responses. The partition came with version 1. The hash is murmur3 of the row that subscribes: a response that comes when
 * the row is another by then is stale.
 */

/** What the side of the foreign keys shall do about a subscription; the order gives their numbers. */
export const INSTRUCTIONS = ['delete-silently', 'delete-and-answer', 'answer-always', 'answer-if-there'] as const
export type Instruction = (typeof INSTRUCTIONS)[number]

export interface Subscription {
  /** Of the row; null where it is deleted. */
  readonly hash: Buffer | null
  readonly instruction: Instruction
  readonly primaryKey: unknown
  /** Where the answer has to go; undefined in those written before Kafka Streams 3.4. */
  readonly primaryPartition: number | undefined
}

export interface SubscriptionResponse {
  /** As it came with the subscription. */
  readonly hash: Buffer | null
  readonly foreignValue: unknown
  /** Not among the bytes: it chooses the partition. */
  readonly primaryPartition: number | undefined
}

const HASH_BYTES = 16
const NO_HASH = 0x80

export function subscription(primaryKey: Serde<unknown>): Serde<Subscription> {
  const name = `subscription(${primaryKey.name})`
  const write = (
    { hash, instruction, primaryPartition }: Subscription,
    sink: ByteSink,
    writeKey: (sink: ByteSink) => void,
  ): void => {
    const version = primaryPartition === undefined ? 0 : 1
    sink.reserve(2)
    sink.buffer[sink.position++] = hash === null ? version | NO_HASH : version
    sink.buffer[sink.position++] = INSTRUCTIONS.indexOf(instruction)
    if (hash !== null) sink.append(hash)
    writeKey(sink)
    if (primaryPartition === undefined) return
    sink.reserve(4)
    writeInt32(sink.buffer, sink.position, primaryPartition)
    sink.position += 4
  }
  return Object.freeze({
    name,
    ...(primaryKey.prepare && {
      prepare: (topic: string, use: 'read' | 'write') => primaryKey.prepare!(`${topic}-pk`, use),
    }),
    serialize: (value: Subscription, topic: string) =>
      collect(sink => write(value, sink, inner => inner.append(primaryKey.serialize(value.primaryKey, `${topic}-pk`)))),
    ...(primaryKey.write && {
      write: (value: Subscription, sink: ByteSink) =>
        write(value, sink, inner => primaryKey.write!(value.primaryKey, inner)),
    }),
    deserialize(given: Uint8Array, topic: string): Subscription {
      const bytes = viewBytes(given)
      const version = (bytes[0] ?? 0) & 0x7f
      const instruction = INSTRUCTIONS[bytes[1] ?? -1]
      const hash = hashAt(bytes, 2)
      const start = 2 + (hash?.length ?? 0)
      const end = bytes.length - (version === 0 ? 0 : 4)
      if (version > 1 || instruction === undefined || end < start) {
        throw decodeError(name, `version ${version} with instruction ${bytes[1]} in ${bytes.length} bytes`)
      }
      return {
        hash,
        instruction,
        primaryKey: primaryKey.deserialize(bytes.subarray(start, end), `${topic}-pk`),
        primaryPartition: version === 0 ? undefined : readInt32(bytes, end),
      }
    },
  })
}

export function subscriptionResponse(foreignValue: Serde<unknown>): Serde<SubscriptionResponse> {
  const name = `subscriptionResponse(${foreignValue.name})`
  const write = (
    { hash, foreignValue: value }: SubscriptionResponse,
    sink: ByteSink,
    writeValue: (sink: ByteSink) => void,
  ): void => {
    sink.reserve(1)
    sink.buffer[sink.position++] = hash === null ? NO_HASH : 0
    if (hash !== null) sink.append(hash)
    if (value !== null) writeValue(sink)
  }
  return Object.freeze({
    name,
    ...prepareOf(foreignValue),
    serialize: (response: SubscriptionResponse, topic: string) =>
      collect(sink =>
        write(response, sink, inner => inner.append(foreignValue.serialize(response.foreignValue, topic))),
      ),
    ...(foreignValue.write && {
      write: (response: SubscriptionResponse, sink: ByteSink) =>
        write(response, sink, inner => foreignValue.write!(response.foreignValue, inner)),
    }),
    deserialize(given: Uint8Array, topic: string): SubscriptionResponse {
      const bytes = viewBytes(given)
      const version = (bytes[0] ?? 0) & 0x7f
      const hash = hashAt(bytes, 1)
      const start = 1 + (hash?.length ?? 0)
      if (version > 0 || bytes.length < start) throw decodeError(name, `version ${version} in ${bytes.length} bytes`)
      // A value of no bytes cannot be told from none, as in Kafka Streams.
      const value = bytes.length === start ? null : foreignValue.deserialize(bytes.subarray(start), topic)
      return { hash, foreignValue: value, primaryPartition: undefined }
    },
  })
}

/** The key under which a subscription is kept: those of one foreign key lie together, by primary key. */
export function combinedKey(
  writeForeignKey: (sink: ByteSink) => void,
  writePrimaryKey: (sink: ByteSink) => void,
): Buffer {
  return collect(sink => {
    sink.reserve(4)
    const start = sink.position
    sink.position += 4
    writeForeignKey(sink)
    writeInt32(sink.buffer, start, sink.position - start - 4)
    writePrimaryKey(sink)
  })
}

/** What the keys of all subscriptions to a foreign key begin with. */
export function combinedKeyPrefix(foreignKey: Uint8Array): Buffer {
  const bytes = allocateBytes(4 + foreignKey.length)
  writeInt32(bytes, 0, foreignKey.length)
  bytes.set(foreignKey, 4)
  return bytes
}

/** How much of a combined key is the prefix. */
export function combinedKeyPrefixLength(key: Buffer): number {
  return 4 + readInt32(key, 0)
}

function hashAt(bytes: Buffer, start: number): Buffer | null {
  return ((bytes[0] ?? 0) & NO_HASH) === 0 ? bytes.subarray(start, start + HASH_BYTES) : null
}
