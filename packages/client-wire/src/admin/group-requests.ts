import {
  millraceError,
  type CommittedOffset,
  type DescribedMember,
  type GroupDescription,
  type StreamsTaskId,
} from '@millrace/core'
import { type Cluster, GENERAL } from '../cluster/cluster.ts'
import { checkCode, errorNameOf, isKafkaError, KafkaError } from '../cluster/kafka-error.ts'
import { commitOffsets } from '../group/committed-offsets.ts'
import { decodeAssignment } from '../group/group-data.ts'
import { deleteGroupsApi } from '../protocol/messages/delete-groups.ts'
import {
  describeGroupsApi,
  type DescribeGroupsResponseDescribedGroupMember,
} from '../protocol/messages/describe-groups.ts'
import { leaveGroupApi } from '../protocol/messages/leave-group.ts'
import {
  streamsGroupDescribeApi,
  type StreamsGroupDescribeResponseTaskIds,
} from '../protocol/messages/streams-group-describe.ts'
import { streamsGroupHeartbeatApi } from '../protocol/messages/streams-group-heartbeat.ts'

/** Kafka's names of states; the others are of groups that are not there. */
const STATES: Readonly<Record<string, GroupDescription['state']>> = {
  Empty: 'empty',
  PreparingRebalance: 'preparing',
  CompletingRebalance: 'completing',
  Stable: 'stable',
}

/** What is answered to a request that only a group without members may get. */
const ACTIVE = [
  'NON_EMPTY_GROUP',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
  'STALE_MEMBER_EPOCH',
  'REBALANCE_IN_PROGRESS',
] as const

/** A group that nobody knows is described as `Dead`, or is an error from version 6 on. */
async function rawGroup(cluster: Cluster, groupId: string) {
  const answer = await askCoordinator(cluster, groupId, nodeId =>
    cluster.node(nodeId, GENERAL, describeGroupsApi, { groups: [groupId], includeAuthorizedOperations: false }),
  )
  const group = answer.groups[0]
  if (group === undefined || errorNameOf(group.errorCode) === 'GROUP_ID_NOT_FOUND') return undefined
  checkCode(group.errorCode)
  return group
}

export async function describeGroup(cluster: Cluster, groupId: string): Promise<GroupDescription | undefined> {
  const group = await rawGroup(cluster, groupId)
  const state = STATES[group?.groupState ?? '']
  if (group === undefined || state === undefined) return describeStreamsGroup(cluster, groupId)
  return { groupId, state, members: group.members.map(classicMember) }
}

function classicMember(member: DescribeGroupsResponseDescribedGroupMember): DescribedMember {
  const { memberId, clientId, memberAssignment } = member
  return { memberId, clientId, ...(memberAssignment.length > 0 && { assignment: decodeAssignment(memberAssignment) }) }
}

/** The states of a streams group (KIP-1071) by those of a classic one: while it is not stable, tasks are on their way. */
const STREAMS_STATES: Readonly<Record<string, GroupDescription['state']>> = {
  Empty: 'empty',
  NotReady: 'preparing',
  Assigning: 'preparing',
  Reconciling: 'completing',
  Stable: 'stable',
}

/** Undefined where the broker has no such group, or knows no streams groups. */
async function rawStreamsGroup(cluster: Cluster, groupId: string) {
  const answer = await askCoordinator(cluster, groupId, async nodeId => {
    const connection = await cluster.connection(nodeId, GENERAL)
    if (!connection.supports(streamsGroupDescribeApi, 0)) return undefined
    const request = { groupIds: [groupId], includeAuthorizedOperations: false }
    return connection.send(streamsGroupDescribeApi, request, { timeoutMs: cluster.requestTimeoutMs })
  })
  const group = answer?.groups[0]
  if (group === undefined) return undefined
  const error = errorNameOf(group.errorCode)
  if (error === 'GROUP_ID_NOT_FOUND' || error === 'UNSUPPORTED_VERSION') return undefined
  checkCode(group.errorCode, group.errorMessage)
  return group
}

async function describeStreamsGroup(cluster: Cluster, groupId: string): Promise<GroupDescription | undefined> {
  const group = await rawStreamsGroup(cluster, groupId)
  const state = STREAMS_STATES[group?.groupState ?? '']
  if (group === undefined || state === undefined) return undefined
  const members = group.members.map(({ memberId, clientId, assignment }) => ({
    memberId,
    clientId,
    tasks: {
      active: tasksOf(assignment.activeTasks),
      standby: tasksOf(assignment.standbyTasks),
      warmup: tasksOf(assignment.warmupTasks),
    },
  }))
  return { groupId, state, members }
}

function tasksOf(given: readonly StreamsGroupDescribeResponseTaskIds[]): readonly StreamsTaskId[] {
  return given.flatMap(({ subtopologyId, partitions }) =>
    partitions.map(partition => ({ subTopology: subtopologyId, partition })),
  )
}

/** What each member would say itself when it leaves. */
async function removeStreamsMembers(cluster: Cluster, groupId: string): Promise<void> {
  for (const { memberId, instanceId } of (await rawStreamsGroup(cluster, groupId))?.members ?? []) {
    const leaving = { groupId, memberId, instanceId, memberEpoch: -1, endpointInformationEpoch: -1 }
    const answer = await askCoordinator(cluster, groupId, nodeId =>
      cluster.node(nodeId, GENERAL, streamsGroupHeartbeatApi, leaving),
    )
    // It has disappeared in the meantime.
    if (errorNameOf(answer.errorCode) !== 'UNKNOWN_MEMBER_ID') checkCode(answer.errorCode, answer.errorMessage)
  }
}

/** Commits without being a member, which Kafka allows while the group has none. */
export async function commitAsNobody(
  cluster: Cluster,
  groupId: string,
  offsets: readonly CommittedOffset[],
): Promise<void> {
  if (offsets.length === 0) return
  await askCoordinator(cluster, groupId, nodeId =>
    commitOffsets(cluster, nodeId, { groupId, generationId: -1, memberId: '' }, offsets),
  )
}

export async function removeMembers(cluster: Cluster, groupId: string): Promise<void> {
  const members = (await rawGroup(cluster, groupId))?.members ?? []
  if (members.length === 0) return removeStreamsMembers(cluster, groupId)
  const answer = await askCoordinator(cluster, groupId, nodeId =>
    cluster.node(nodeId, GENERAL, leaveGroupApi, {
      groupId,
      members: members.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId })),
    }),
  )
  checkCode(answer.errorCode)
  for (const { errorCode } of answer.members) {
    // It has disappeared in the meantime.
    if (errorNameOf(errorCode) !== 'UNKNOWN_MEMBER_ID') checkCode(errorCode)
  }
}

export async function deleteGroup(cluster: Cluster, groupId: string): Promise<void> {
  const { results } = await askCoordinator(cluster, groupId, nodeId =>
    cluster.node(nodeId, GENERAL, deleteGroupsApi, { groupsNames: [groupId] }),
  )
  for (const { errorCode } of results) checkCode(errorCode)
}

/** Says of whom the group consists when Kafka refuses because it has members. */
export async function whileEmpty(cluster: Cluster, groupId: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const options = { cause: error }
    if (isKafkaError(error, 'GROUP_ID_NOT_FOUND')) throw millraceError('MILLRACE_GROUP_MISSING', { groupId }, options)
    if (!isKafkaError(error, ...ACTIVE)) throw error
    const members = (await describeGroup(cluster, groupId))?.members.map(({ memberId }) => memberId) ?? []
    throw millraceError('MILLRACE_GROUP_ACTIVE', { groupId, members: members.join(', ') || error.type }, options)
  }
}

/** Where the coordinator has moved, the next attempt looks for it. */
async function askCoordinator<T>(cluster: Cluster, groupId: string, ask: (nodeId: number) => Promise<T>): Promise<T> {
  try {
    return await ask(await cluster.coordinator('group', groupId))
  } catch (error) {
    if (!(error instanceof KafkaError) || error.type === 'NOT_COORDINATOR') cluster.forgetCoordinator('group', groupId)
    throw error
  }
}
