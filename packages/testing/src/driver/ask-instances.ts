import { type PartitionResult, QueryResult } from '@millrace/core'
import type { Instance, QueryRequest } from '@millrace/runtime'

/** Asks every instance, and takes for each partition the best of what they say: an active task's answer before a standby's. */
export async function askInstances<R>(
  instances: readonly Instance[],
  request: QueryRequest<R>,
): Promise<QueryResult<R>> {
  const best = new Map<number, PartitionResult<R>>()
  for (const { queries } of instances) {
    if (queries === undefined) continue
    const { partitions } = await queries.query({ ...request, timeoutMs: 0 })
    for (const [partition, result] of partitions) {
      const known = best.get(partition)
      if (known === undefined || rank(result) < rank(known)) best.set(partition, result)
    }
  }
  return new QueryResult(request.store, best)
}

/** Nobody else knows more of a partition than the instance that says why it cannot answer for it. */
function rank(result: PartitionResult<unknown>): number {
  if (result.ok) return result.source === 'standby' ? 1 : 0
  return result.reason === 'NOT_PRESENT' ? 4 : result.reason === 'NOT_ACTIVE' ? 3 : 2
}
