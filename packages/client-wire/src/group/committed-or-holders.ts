import {
  type CommittedOffset,
  type MillraceError,
  offsetHolders,
  type TopicPartition,
  unstableOffsets,
} from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { isKafkaError } from '../cluster/kafka-error.ts'
import { transactionRequests } from '../produce/transaction-requests.ts'
import { fetchCommitted } from './committed-offsets.ts'

/**
 * The committed offsets of a group. Where a transaction holds one of them the error names whose it is.
 *
 * @throws what `translate` makes of a failure
 */
export async function committedOrHolders(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  translate: (error: unknown) => MillraceError,
): Promise<readonly CommittedOffset[]> {
  try {
    const giveUp = (error: unknown) => isKafkaError(error, 'UNKNOWN_TOPIC_OR_PARTITION')
    const coordinator = ['group', groupId] as const
    return await cluster.retrying(() => fetchCommitted(cluster, groupId, partitions), { giveUp, coordinator })
  } catch (error) {
    throw await withHolders(cluster, groupId, partitions, translate(error))
  }
}

/** Whose transactions hold offsets is worth a question more, which may fail or not be allowed. */
async function withHolders(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  error: MillraceError,
): Promise<MillraceError> {
  if (error.code !== 'MILLRACE_OFFSETS_UNSTABLE') return error
  const holders = await offsetHolders(transactionRequests(cluster), groupId).catch(() => [])
  return holders.length === 0 ? error : unstableOffsets(groupId, partitions, holders)
}
