import type { Guarantee, RunnableWorkload, Topics } from './workload.ts'

/** For record caches (Kafka Streams) and write buffers (Millrace). */
const DEFAULT_CACHE_BYTES = 64 << 20

/** The settings of a workload, its defaults included. */
export function settingsOf({
  guarantee = 'at_least_once',
  cacheBytes = DEFAULT_CACHE_BYTES,
  commitIntervalMs,
}: RunnableWorkload) {
  return { guarantee, cacheBytes, commitIntervalMs: commitIntervalMs ?? (guarantee === 'exactly_once' ? 100 : 1_000) }
}

/** What a contender is told: as JSON, the only argument of its process. */
export interface RunOptions {
  readonly workload: string
  readonly brokers: string
  readonly applicationId: string
  readonly stateDir: string
  readonly topics: Topics
  readonly guarantee: Guarantee
  /** Absent: the contender's default. */
  readonly commitIntervalMs?: number
  readonly cacheBytes?: number
  /** Of the process. @default 1; Kafka Streams has no other here */
  readonly threads?: number
  /** The store that is served over HTTP: the contender prints `queries` and the address. */
  readonly queries?: string
}
