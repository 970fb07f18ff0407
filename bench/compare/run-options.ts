import type { Guarantee, Topics } from './workload.ts'

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
}
