import { millraceError, type CommittedOffset, type GroupDescription } from '@millrace/core'
import type { Admin, Broker } from 'kafkajs'
import { decodeAssignment } from './assignment-codec.ts'
import { byTopic, type ClusterLink } from './cluster-link.ts'
import { protocolErrorType } from './translate-error.ts'

/** A call of kafkajs' brokers that its types leave out. */
interface LeavingBroker {
  leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>
}

/** Kafka's names of states; the others are of groups that are not there. */
const STATES: Readonly<Record<string, GroupDescription['state']>> = {
  Empty: 'empty',
  PreparingRebalance: 'preparing',
  CompletingRebalance: 'completing',
  Stable: 'stable',
}

/** What Kafka answers to what only a group without members may be asked for. */
const ACTIVE = new Set(['NON_EMPTY_GROUP', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS'])

/** A group that nobody knows is described as `Dead`. */
export async function describeGroup(admin: Admin, groupId: string): Promise<GroupDescription | undefined> {
  const { groups } = await admin.describeGroups([groupId])
  const state = STATES[groups[0]?.state ?? '']
  const members = groups[0]?.members ?? []
  if (state === undefined) return undefined
  return {
    groupId,
    state,
    members: members.map(({ memberId, clientId, memberAssignment }) => ({
      memberId,
      clientId,
      ...(memberAssignment.length > 0 && { assignment: decodeAssignment(memberAssignment) }),
    })),
  }
}

/** Commits without being a member, which Kafka allows while the group has none. */
export async function commitAsNobody(
  link: ClusterLink,
  groupId: string,
  offsets: readonly CommittedOffset[],
): Promise<void> {
  if (offsets.length === 0) return
  const topics = byTopic(offsets)
  await link.withTopics([...topics.keys()], async cluster => {
    const coordinator = await cluster.findGroupCoordinator({ groupId })
    await coordinator.offsetCommit({
      groupId,
      groupGenerationId: -1,
      memberId: '',
      topics: [...topics].map(([topic, list]) => ({
        topic,
        partitions: list.map(({ partition, offset, metadata }) => ({
          partition,
          offset: String(offset),
          ...(metadata !== undefined && { metadata }),
        })),
      })),
    })
  })
}

export async function removeMembers(admin: Admin, link: ClusterLink, groupId: string): Promise<void> {
  const members = (await describeGroup(admin, groupId))?.members ?? []
  if (members.length === 0) return
  const cluster = await link.open([])
  const coordinator = (await cluster.findGroupCoordinator({ groupId })) as Broker & LeavingBroker
  for (const { memberId } of members) {
    await coordinator.leaveGroup({ groupId, memberId }).catch((error: unknown) => {
      // It has disappeared in the meantime.
      if (protocolErrorType(error) !== 'UNKNOWN_MEMBER_ID') throw error
    })
  }
}

/** Says of whom the group consists when Kafka refuses because it has members. */
export async function whileEmpty(admin: Admin, groupId: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const type = protocolErrorType(error) ?? ''
    if (type === 'GROUP_ID_NOT_FOUND') throw millraceError('MILLRACE_GROUP_MISSING', { groupId }, { cause: error })
    if (!ACTIVE.has(type)) throw error
    const members = (await describeGroup(admin, groupId))?.members.map(({ memberId }) => memberId) ?? []
    const options = { cause: error }
    throw millraceError('MILLRACE_GROUP_ACTIVE', { groupId, members: members.join(', ') || type }, options)
  }
}
