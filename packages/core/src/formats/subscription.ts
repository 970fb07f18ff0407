import { readInt32, writeInt32 } from '../record/big-endian.ts'
import { allocateBytes, concatBytes, viewBytes } from '../record/byte-arrays.ts'
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
const NO_BYTES = new Uint8Array(0)

export function subscription(primaryKey: Serde<unknown>): Serde<Subscription> {
  const name = `subscription(${primaryKey.name})`
  return Object.freeze({
    name,
    ...(primaryKey.prepare && {
      prepare: (topic: string, use: 'read' | 'write') => primaryKey.prepare!(`${topic}-pk`, use),
    }),
    serialize({ hash, instruction, primaryKey: key, primaryPartition }: Subscription, topic: string): Uint8Array {
      const keyBytes = primaryKey.serialize(key, `${topic}-pk`)
      const version = primaryPartition === undefined ? 0 : 1
      const head = Uint8Array.of(hash === null ? version | NO_HASH : version, INSTRUCTIONS.indexOf(instruction))
      const partition = allocateBytes(version === 0 ? 0 : 4)
      if (primaryPartition !== undefined) writeInt32(partition, 0, primaryPartition)
      return concatBytes([head, hash ?? NO_BYTES, keyBytes, partition])
    },
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
  return Object.freeze({
    name,
    ...prepareOf(foreignValue),
    serialize({ hash, foreignValue: value }: SubscriptionResponse, topic: string): Uint8Array {
      const valueBytes = value === null ? NO_BYTES : foreignValue.serialize(value, topic)
      return concatBytes([Uint8Array.of(hash === null ? NO_HASH : 0), hash ?? NO_BYTES, valueBytes])
    },
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
export function combinedKey(foreignKey: Uint8Array, primaryKey: Uint8Array): Buffer {
  return concatBytes([combinedKeyPrefix(foreignKey), primaryKey])
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
