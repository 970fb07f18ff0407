import { millraceError, type MillraceError } from '../errors/millrace-error.ts'
import type { TopicPartition, TransactionReach } from '../ports/client.ts'
import type { TransactionRequests } from './transaction-requests.ts'

/** Where Kafka keeps what groups commit. */
export const OFFSETS_TOPIC = '__consumer_offsets'

/**
 * Producers with a transaction that is open in the partition in which the offsets of the group are kept, possibly those of other
 * groups; undefined where that may not be looked into.
 */
export async function openOffsetProducers(
  requests: TransactionRequests,
  groupId: string,
): Promise<readonly bigint[] | undefined> {
  const count = await requests.partitionCount(OFFSETS_TOPIC)
  if (count === 0) return undefined
  const at = { topic: OFFSETS_TOPIC, partition: offsetsPartition(groupId, count) }
  const { open, hidden } = await requests.openTransactions([at])
  return hidden.length > 0 ? undefined : open.map(({ producerId }) => producerId)
}

/** The transactional ids that may hold offsets of the group; none where that is not told. */
export async function offsetHolders(requests: TransactionRequests, groupId: string): Promise<readonly string[]> {
  const producerIds = await openOffsetProducers(requests, groupId)
  return producerIds === undefined || producerIds.length === 0 ? [] : await requests.transactionalIds(producerIds)
}

/** What `Admin.openTransactionalIds` gives. */
export async function openTransactionalIds(
  requests: TransactionRequests,
  { groupId, outputs }: TransactionReach,
): Promise<readonly string[]> {
  const { open } = await requests.openTransactions(outputs)
  const ofOffsets = (await openOffsetProducers(requests, groupId)) ?? []
  const producerIds = [...new Set([...open.map(({ producerId }) => producerId), ...ofOffsets])]
  return producerIds.length === 0 ? [] : await requests.transactionalIds(producerIds)
}

/** @param holders transactional ids of which one at least holds them, where they are known */
export function unstableOffsets(
  groupId: string,
  partitions: readonly TopicPartition[],
  holders: readonly string[] = [],
): MillraceError {
  const names = partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(', ')
  const ids = holders.map(id => `"${id}"`).join(' or ')
  const transaction = holders.length === 0 ? 'a transaction' : `a transaction of ${ids}`
  return millraceError('MILLRACE_OFFSETS_UNSTABLE', { groupId, partitions: names, transaction })
}

/**
 * Returns the error, and if it is MILLRACE_OFFSETS_UNSTABLE, with the names of the transactions that may hold the offsets.
 *
 * @param holders asks for them. It may fail or not be permitted; then the error names none
 */
export async function namingHolders(
  error: MillraceError,
  groupId: string,
  partitions: readonly TopicPartition[],
  holders: () => Promise<readonly string[]>,
): Promise<MillraceError> {
  if (error.code !== 'MILLRACE_OFFSETS_UNSTABLE') return error
  const names = await holders().catch(() => [])
  return names.length === 0 ? error : unstableOffsets(groupId, partitions, names)
}

/** As the broker chooses it: by Java's hash of the group's name. */
export function offsetsPartition(groupId: string, partitions: number): number {
  let hash = 0
  for (let index = 0; index < groupId.length; index++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(index)) | 0
  return (hash === -(2 ** 31) ? 0 : Math.abs(hash)) % partitions
}
