import type { ClusterLink } from './cluster-link.ts'
import { openTransactions, transactionalIdsOf } from './transaction-requests.ts'

/** Where Kafka keeps what groups commit. */
export const OFFSETS_TOPIC = '__consumer_offsets'

/**
 * Producers with a transaction that is open in the partition in which the offsets of the group are kept, possibly those of other
 * groups; undefined where that may not be looked into.
 */
export async function openOffsetProducers(link: ClusterLink, groupId: string): Promise<readonly bigint[] | undefined> {
  const cluster = await link.open([OFFSETS_TOPIC])
  const count = cluster.findTopicPartitionMetadata(OFFSETS_TOPIC).length
  if (count === 0) return undefined
  const at = { topic: OFFSETS_TOPIC, partition: offsetsPartition(groupId, count) }
  const { open, hidden } = await openTransactions(link, [at])
  return hidden.length > 0 ? undefined : open.map(({ producerId }) => producerId)
}

/** The transactional ids that may hold offsets of the group; none where that is not told. */
export async function offsetHolders(link: ClusterLink, groupId: string): Promise<readonly string[]> {
  const producerIds = await openOffsetProducers(link, groupId)
  return producerIds === undefined || producerIds.length === 0 ? [] : await transactionalIdsOf(link, producerIds)
}

/** As the broker chooses it: by Java's hash of the group's name. */
export function offsetsPartition(groupId: string, partitions: number): number {
  let hash = 0
  for (let index = 0; index < groupId.length; index++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(index)) | 0
  return (hash === -(2 ** 31) ? 0 : Math.abs(hash)) % partitions
}
