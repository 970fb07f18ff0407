import { millraceError, type TransactionReach } from '@millrace/core'
import type { MemoryCluster } from '../memory-cluster.ts'
import type { MarkerTarget, ProducerIdentity } from '../transactions/marker-queue.ts'
import type { TransactionState } from '../transactions/transaction-coordinator.ts'

/**
 * Initialises a producer of the id, and completes a transaction that has ended without its markers as it ended. Both are one step
 * here: on a broker they are requests of their own, and a process can die in between.
 *
 * @returns undefined while the last transaction is still ending: then it must be called again
 * @throws MILLRACE_TRANSACTION_HANGING when nobody knows any more how it ended
 */
export function initAndComplete(
  cluster: MemoryCluster,
  { id, timeoutMs, reach }: { readonly id: string; readonly timeoutMs: number; readonly reach?: TransactionReach },
): ProducerIdentity | undefined {
  const { transactions } = cluster
  const before = transactions.describe(id)
  const hanging = before === undefined || reach === undefined ? [] : hangingParts(cluster, before.producerId, reach)
  const committed = before === undefined ? undefined : endedByCommit(before.state)
  if (hanging.length > 0 && before?.state === 'empty') throw hangs(id, hanging)
  const identity = transactions.init(id, timeoutMs)
  // Of a transaction that was open the end is written by then.
  if (identity === undefined || hanging.length === 0 || committed === undefined) return identity
  const rest = hangingParts(cluster, before!.producerId, reach!)
  if (rest.length === 0) return identity
  // The markers of another producer id do not end it.
  if (identity.producerId !== before!.producerId) throw hangs(id, rest)
  for (const target of rest) {
    if ('groupId' in target) transactions.addGroup(id, identity, target.groupId)
    else transactions.addPartition(id, identity, target)
  }
  transactions.end(id, identity, committed)
  return identity
}

/** Where the producer's transaction has no marker. */
function hangingParts(cluster: MemoryCluster, producerId: number, reach: TransactionReach): MarkerTarget[] {
  const { groupId, inputs, outputs } = reach
  const offsets = cluster.groups.find(groupId)?.offsets
  const holds = offsets !== undefined && inputs.some(partition => offsets.isHeldBy(producerId, partition))
  const open = outputs.filter(({ topic, partition }) =>
    cluster.findLog(topic, partition)?.hasOpenTransaction(producerId),
  )
  return [...(holds ? [{ groupId }] : []), ...open]
}

/** Undefined when another producer has been initialised since. */
function endedByCommit(state: TransactionState): boolean | undefined {
  if (state === 'empty') return undefined
  return state === 'prepare-commit' || state === 'complete-commit'
}

function hangs(transactionalId: string, targets: readonly MarkerTarget[]) {
  const names = targets.map(target =>
    'groupId' in target ? `the offsets of group "${target.groupId}"` : `${target.topic}-${target.partition}`,
  )
  return millraceError('MILLRACE_TRANSACTION_HANGING', { transactionalId, partitions: names.join(', ') })
}
