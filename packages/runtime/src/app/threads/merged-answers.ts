import type { FailureReason, PartitionResult } from '@millrace/core'

/** By partition, what one thread says of a store. */
export type Answers = readonly (readonly [partition: number, PartitionResult<unknown>])[]

/**
 * The answer of each partition, of those of all threads: each thread has some of the partitions. Where none has an answer, the reason of
 * a thread that has the partition counts.
 */
export function mergedAnswers(threads: readonly Answers[]): ReadonlyMap<number, PartitionResult<unknown>> {
  const merged = new Map<number, PartitionResult<unknown>>()
  for (const [partition, result] of threads.flat()) {
    const before = merged.get(partition)
    if (before === undefined || rank(result) > rank(before)) merged.set(partition, result)
  }
  return merged
}

const ELSEWHERE: FailureReason = 'NOT_PRESENT'

function rank(result: PartitionResult<unknown>): number {
  if (!result.ok) return result.reason === ELSEWHERE ? 0 : 1
  return result.source === 'standby' ? 2 : 3
}
