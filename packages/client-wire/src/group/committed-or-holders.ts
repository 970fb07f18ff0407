import {
  type CommittedOffset,
  type MillraceError,
  namingHolders,
  offsetHolders,
  type TopicPartition,
} from '@millrace/core'
import { isKafkaError } from '../cluster/kafka-error.ts'
import { transactionRequests } from '../produce/transaction-requests.ts'
import { fetchCommitted } from './committed-offsets.ts'
import type { WireMember } from './wire-member.ts'

/**
 * Returns the committed offsets of a member's group. If a transaction holds one of them, the error names the transaction.
 *
 * @throws what `translate` makes of a failure
 */
export async function committedOrHolders(
  { context: { cluster }, options: { groupId } }: WireMember,
  partitions: readonly TopicPartition[],
  translate: (error: unknown, operation: string) => MillraceError,
): Promise<readonly CommittedOffset[]> {
  try {
    const giveUp = (error: unknown) => isKafkaError(error, 'UNKNOWN_TOPIC_OR_PARTITION')
    const coordinator = ['group', groupId] as const
    return await cluster.retrying(() => fetchCommitted(cluster, groupId, partitions), { giveUp, coordinator })
  } catch (error) {
    const translated = translate(error, `Asking for the committed offsets of "${groupId}"`)
    throw await namingHolders(translated, groupId, partitions, () =>
      offsetHolders(transactionRequests(cluster), groupId),
    )
  }
}
