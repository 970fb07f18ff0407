import {
  isMillraceError,
  unstableOffsets,
  type CommittedOffset,
  type GroupMetadata,
  type TopicPartition,
} from '@millrace/core'
import { byTopic } from '../cluster/by-topic.ts'
import { type Cluster, GENERAL } from '../cluster/cluster.ts'
import { checkCode, errorNameOf } from '../cluster/kafka-error.ts'
import { offsetCommitApi } from '../protocol/messages/offset-commit.ts'
import { offsetFetchApi } from '../protocol/messages/offset-fetch.ts'

/** Stands for a leader epoch that is not known. */
const UNKNOWN_EPOCH = -1

/**
 * The offsets that a group has committed for exactly these partitions; absent where there is none.
 *
 * @throws MILLRACE_OFFSETS_UNSTABLE while a transaction holds one of them (KIP-447), unless `unstable` is `omit`: then such
 * partitions are absent; KafkaError, WireError
 */
export async function fetchCommitted(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  unstable: 'throw' | 'omit' = 'throw',
): Promise<CommittedOffset[]> {
  // Without partitions Kafka would answer with all that the group ever committed.
  if (partitions.length === 0) return []
  const connection = await cluster.connection(await cluster.coordinator('group', groupId), GENERAL)
  const topics = [...byTopic(partitions)].map(([name, list]) => ({
    name,
    partitionIndexes: list.map(({ partition }) => partition),
  }))
  const hasGroups = connection.versionOf(offsetFetchApi) >= 8
  const requireStable = true
  const request = hasGroups ? { groups: [{ groupId, topics }], requireStable } : { groupId, topics, requireStable }
  try {
    const answer = await connection.send(offsetFetchApi, request, { timeoutMs: cluster.requestTimeoutMs })
    checkCode(answer.errorCode)
    for (const { errorCode } of answer.groups) checkCode(errorCode)
    const found = hasGroups ? (answer.groups[0]?.topics ?? []) : answer.topics
    const held: TopicPartition[] = []
    const offsets = found.flatMap(({ name, partitions: list }) =>
      list.flatMap(({ partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode }) => {
        if (errorNameOf(errorCode) === 'UNSTABLE_OFFSET_COMMIT') {
          held.push({ topic: name, partition: partitionIndex })
          return []
        }
        checkCode(errorCode)
        if (committedOffset < 0) return []
        const text = metadata === null || metadata === '' ? {} : { metadata }
        const epoch = committedLeaderEpoch < 0 ? {} : { leaderEpoch: committedLeaderEpoch }
        return [{ topic: name, partition: partitionIndex, offset: committedOffset, ...text, ...epoch }]
      }),
    )
    if (held.length > 0 && unstable === 'throw') throw unstableOffsets(groupId, held)
    return offsets
  } catch (error) {
    if (!isMillraceError(error)) cluster.forgetCoordinator('group', groupId)
    throw error
  }
}

/** @throws KafkaError, WireError */
export async function commitOffsets(
  cluster: Cluster,
  nodeId: number,
  { groupId, generationId, memberId, groupInstanceId }: GroupMetadata,
  offsets: readonly CommittedOffset[],
): Promise<void> {
  const answer = await cluster.node(nodeId, GENERAL, offsetCommitApi, {
    groupId,
    generationIdOrMemberEpoch: generationId,
    memberId,
    groupInstanceId: groupInstanceId ?? null,
    topics: [...byTopic(offsets)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset, leaderEpoch, metadata }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch ?? UNKNOWN_EPOCH,
        committedMetadata: metadata ?? null,
      })),
    })),
  })
  for (const { partitions } of answer.topics) for (const { errorCode } of partitions) checkCode(errorCode)
}
