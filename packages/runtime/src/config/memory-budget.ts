import type { ResolvedOptions } from './options.ts'

/** What a member may hold in memory. It changes while the member runs, when its process has more or fewer threads. */
export interface MemoryBudget {
  readonly stateBufferBytes: number
  readonly restoreBufferBytes: number
}

/** The share of one thread: the budgets of the process are divided equally among this number of threads. */
export function shareOfBudget(
  { stateBufferBytes, restoreBufferBytes }: Pick<ResolvedOptions, 'stateBufferBytes' | 'restoreBufferBytes'>,
  threads: number,
): MemoryBudget {
  return {
    stateBufferBytes: share(stateBufferBytes, threads, 1),
    restoreBufferBytes: share(restoreBufferBytes, threads, 1 << 10),
  }
}

function share(bytes: number, threads: number, least: number): number {
  return bytes === Infinity ? bytes : Math.max(least, Math.floor(bytes / threads))
}
