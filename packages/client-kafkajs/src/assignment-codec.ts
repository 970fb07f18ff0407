import type { Assignor, MemberAssignment, TopicPartition } from '@millrace/core'
import type { AssignerProtocol, GroupMember, GroupMemberAssignment } from 'kafkajs'
import { byTopic } from './cluster-link.ts'
import { kafkajsPackage } from './kafkajs-package.ts'

/**
 * kafkajs gives a member the partitions of its assignment, but not the user data. It does name the topics that were
 * assigned without having been subscribed: so the leader also writes the user data as names of topics that cannot
 * exist ("/" is not allowed in one), and members read it there.
 *
 * ```
 * name => "millrace/user-data/" index "/" base64url(part)
 * ```
 */
const PREFIX = 'millrace/user-data/'
/** A topic's name has at most 32 767 bytes in the protocol; base64 makes 4 characters of 3 bytes. */
const PART_BYTES = 24_000

/** Protocol version 0: topics and user data, without owned partitions. */
const VERSION = 0

/**
 * What a member sends when it joins. A rejoin count other than 0 is appended: readers ignore it, but a broker that sees
 * other bytes than last time has the group assigned again, also when a follower sends them.
 */
export function encodeSubscription(topics: readonly string[], userData: Uint8Array, rejoins: number): Buffer {
  const encoded = protocol().MemberMetadata.encode({
    version: VERSION,
    topics: [...topics],
    userData: Buffer.from(userData),
  })
  if (rejoins === 0) return encoded
  const count = Buffer.alloc(4)
  count.writeInt32BE(rejoins)
  return Buffer.concat([encoded, count])
}

/** Runs the assignor over what kafkajs gives a leader. */
export async function assignMembers(
  assignor: Assignor,
  members: readonly GroupMember[],
): Promise<GroupMemberAssignment[]> {
  const decoded = members.map(({ memberId, memberMetadata }) => {
    const metadata = protocol().MemberMetadata.decode(memberMetadata)
    return { memberId, topics: metadata?.topics ?? [], userData: metadata?.userData ?? Buffer.alloc(0) }
  })
  const assignments = await assignor.assign(decoded)
  return members.map(({ memberId }) => ({
    memberId,
    memberAssignment: encodeAssignment(assignments.get(memberId) ?? { partitions: [], userData: new Uint8Array() }),
  }))
}

export function encodeAssignment({ partitions, userData }: MemberAssignment): Buffer {
  const assignment: Record<string, number[]> = {}
  for (const [topic, list] of byTopic(partitions)) assignment[topic] = list.map(({ partition }) => partition)
  for (const name of userDataTopics(userData)) assignment[name] = []
  return protocol().MemberAssignment.encode({ version: VERSION, assignment, userData: Buffer.from(userData) })
}

export function decodeAssignment(bytes: Buffer): MemberAssignment {
  const assignment = protocol().MemberAssignment.decode(bytes)?.assignment ?? {}
  return { partitions: partitionsOf(assignment), userData: userDataOf(Object.keys(assignment)) }
}

function protocol(): typeof AssignerProtocol {
  return kafkajsPackage().AssignerProtocol
}

/** User data as names of topics. */
function userDataTopics(userData: Uint8Array): string[] {
  const names: string[] = []
  const bytes = Buffer.from(userData)
  for (let start = 0; start < bytes.length; start += PART_BYTES) {
    names.push(`${PREFIX}${names.length}/${bytes.subarray(start, start + PART_BYTES).toString('base64url')}`)
  }
  return names
}

/** The user data among the names of all topics that were assigned. */
export function userDataOf(assignedTopics: readonly string[]): Uint8Array {
  const parts: Buffer[] = []
  for (const name of assignedTopics) {
    if (!name.startsWith(PREFIX)) continue
    const [index = '', part = ''] = name.slice(PREFIX.length).split('/')
    parts[Number(index)] = Buffer.from(part, 'base64url')
  }
  return Buffer.concat(parts)
}

export function partitionsOf(assignment: Readonly<Record<string, readonly number[]>>): TopicPartition[] {
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map(partition => ({ topic, partition })),
  )
}
