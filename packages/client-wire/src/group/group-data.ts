import type { Assignor, GroupMember, MemberAssignment, TopicPartition } from '@millrace/core'
import { byTopic } from '../cluster/by-topic.ts'
import type { MessageCodec } from '../protocol/api.ts'
import { consumerProtocolAssignment } from '../protocol/messages/consumer-protocol-assignment.ts'
import {
  consumerProtocolSubscription,
  type ConsumerProtocolSubscription,
} from '../protocol/messages/consumer-protocol-subscription.ts'
import { WireReader } from '../protocol/wire-reader.ts'
import { WireWriter } from '../protocol/wire-writer.ts'

/*
 * What members of a classic group tell each other: `version:int16 message`. A reader that knows fewer versions reads what it
 * knows and ignores what follows.
 */
const SUBSCRIPTION_VERSION = 3
const ASSIGNMENT_VERSION = 3

/**
 * A member of `@millrace/client-kafkajs` cannot see the user data of its assignment, but the names of topics that it has not
 * subscribed to: its leader writes the bytes as names of topics that cannot exist. Such a member is known by version 0.
 *
 *   name := "millrace/user-data/" index "/" base64url(part)
 */
const PREFIX = 'millrace/user-data/'
const PART_BYTES = 24_000
const KAFKAJS_VERSION = 0

export interface SubscriptionFields {
  readonly topics: readonly string[]
  readonly userData: Uint8Array
  readonly owned: readonly TopicPartition[]
  /**
   * Behind the message, unless it is 0: readers ignore it, but a broker that sees other bytes than last time has the group
   * assigned again, also when a follower sends them.
   */
  readonly rejoins: number
}

export function encodeSubscription({ topics, userData, owned, rejoins }: SubscriptionFields): Buffer {
  const message: ConsumerProtocolSubscription = {
    topics,
    userData,
    ownedPartitions: [...byTopic(owned)].map(([topic, list]) => ({
      topic,
      partitions: list.map(({ partition }) => partition),
    })),
  }
  const bytes = encode(consumerProtocolSubscription, message, SUBSCRIPTION_VERSION)
  if (rejoins === 0) return bytes
  const count = Buffer.alloc(4)
  count.writeInt32BE(rejoins)
  return Buffer.concat([bytes, count])
}

export interface RawMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly metadata: Uint8Array
}

/**
 * Runs the assignor over what a broker gives a leader.
 *
 * @throws WireError `malformed` for a member whose subscription cannot be read
 */
export async function assignMembers(
  assignor: Assignor,
  members: readonly RawMember[],
): Promise<{ memberId: string; assignment: Buffer }[]> {
  const decoded = members.map(({ memberId, groupInstanceId, metadata }): GroupMember & { version: number } => {
    const { version, message } = decode(consumerProtocolSubscription, metadata, SUBSCRIPTION_VERSION)
    return {
      memberId,
      ...(groupInstanceId !== null && { groupInstanceId }),
      topics: message.topics,
      userData: message.userData ?? new Uint8Array(),
      version,
    }
  })
  const assignments = await assignor.assign(decoded)
  return decoded.map(({ memberId, version }) => {
    const assignment = assignments.get(memberId) ?? { partitions: [], userData: new Uint8Array() }
    return { memberId, assignment: encodeAssignment(assignment, version === KAFKAJS_VERSION) }
  })
}

export function encodeAssignment({ partitions, userData }: MemberAssignment, forKafkajs: boolean): Buffer {
  const assignedPartitions = [...byTopic(partitions)].map(([topic, list]) => ({
    topic,
    partitions: list.map(({ partition }) => partition),
  }))
  const names = forKafkajs ? namesOf(userData).map(topic => ({ topic, partitions: [] })) : []
  const message = { assignedPartitions: [...assignedPartitions, ...names], userData }
  return encode(consumerProtocolAssignment, message, forKafkajs ? 0 : ASSIGNMENT_VERSION)
}

/** @throws WireError `malformed` */
export function decodeAssignment(bytes: Uint8Array): MemberAssignment {
  // A member that is given nothing may be sent nothing.
  if (bytes.length === 0) return { partitions: [], userData: new Uint8Array() }
  const { message } = decode(consumerProtocolAssignment, bytes, ASSIGNMENT_VERSION)
  const partitions = message.assignedPartitions.flatMap(({ topic, partitions: list }) =>
    topic.startsWith(PREFIX) ? [] : list.map(partition => ({ topic, partition })),
  )
  // A copy: it is kept, and what it came in is not.
  return { partitions, userData: Buffer.from(message.userData ?? new Uint8Array()) }
}

function namesOf(userData: Uint8Array): string[] {
  const bytes = Buffer.from(userData)
  const names: string[] = []
  for (let start = 0; start < bytes.length; start += PART_BYTES) {
    names.push(`${PREFIX}${names.length}/${bytes.subarray(start, start + PART_BYTES).toString('base64url')}`)
  }
  return names
}

function encode<Message>(codec: MessageCodec<Message>, message: Message, version: number): Buffer {
  const writer = new WireWriter()
  writer.int16(version)
  codec.encode(writer, message, version)
  return writer.concat()
}

function decode<Message>(
  codec: MessageCodec<Message>,
  bytes: Uint8Array,
  newest: number,
): { readonly version: number; readonly message: Message } {
  const reader = new WireReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  const version = Math.max(0, reader.int16())
  return { version, message: codec.decode(reader, Math.min(version, newest)) }
}
