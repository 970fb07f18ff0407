import { type CommittedOffset, millraceError, type TopicPartition } from '@millrace/core'
import type { Group } from '../group/group.ts'
import type { MemoryCluster } from '../memory-cluster.ts'

/** @throws MILLRACE_OFFSETS_UNSTABLE while a transaction holds the group's offset of one of them */
export function checkStable(cluster: MemoryCluster, groupId: string, partitions: readonly TopicPartition[]): void {
  const offsets = cluster.groups.find(groupId)?.offsets
  if (offsets === undefined) return
  const held = partitions.filter(partition => offsets.holder(partition) !== undefined)
  if (held.length === 0) return
  const holders = new Set(held.map(partition => cluster.transactions.idOf(offsets.holder(partition)!)))
  const names = [...holders].map(id => `"${id}"`).join(' or ')
  throw millraceError('MILLRACE_OFFSETS_UNSTABLE', {
    groupId,
    partitions: held.map(({ topic, partition }) => `${topic}-${partition}`).join(', '),
    transaction: `a transaction of ${names}`,
  })
}

/** The committed offsets of a group. @throws MILLRACE_OFFSETS_UNSTABLE */
export function stableOffsets(
  cluster: MemoryCluster,
  group: Group,
  partitions: readonly TopicPartition[],
): readonly CommittedOffset[] {
  checkStable(cluster, group.id, partitions)
  return group.offsets.get(partitions)
}
