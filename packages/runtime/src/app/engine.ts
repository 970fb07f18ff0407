import type { MetricReading } from '../observe/metrics.ts'
import type { QueryResult } from '@millrace/core'
import type { StoreLag } from '../query/key-metadata.ts'
import type { LiveQueries } from '../query/live/live-query.ts'
import type { LocalQueries, StoreParts } from '../query/local-queries.ts'
import type { StorePartitions } from '../query/store-partitions.ts'
import type { QueryRequest } from '../query/query-request.ts'
import type { StreamsState } from '../loop/lifecycle.ts'
import type { StreamsMetadata } from './streams-metadata.ts'

export interface TaskStatus {
  readonly id: string
  readonly processed: number
  /** The highest timestamp so far, -1 before the first record. */
  readonly streamTime: number
  /** The number of records that are known and not yet processed. */
  readonly lag: number
}

/** A member of the group in this process. */
export interface MemberStatus {
  /** As brokers see it: the client id. */
  readonly name: string
  readonly active: readonly TaskStatus[]
  /** Names of the tasks of which it has a standby or a warm-up. */
  readonly standby: readonly string[]
}

/** A thread of an application. Kafka Streams' `ThreadMetadata`. */
export interface ThreadMetadata extends MemberStatus {
  readonly state: StreamsState
}

/** What `onUncaughtError` decides. */
export type FailureVerdict = 'replace-thread' | 'shutdown-instance' | 'shutdown-application'

/** What does the work of a `KafkaStreams`: one member on the calling thread, or several on threads of their own. */
export interface Engine {
  /** While it is true, no task processes or punctuates. */
  paused: boolean
  /** Identifies the process in the group; undefined before `begin`. */
  readonly processId: string | undefined
  readonly taskStatus: readonly TaskStatus[]
  readonly metadata: readonly StreamsMetadata[]
  /** Undefined before it has begun, and where the stores are on other threads. */
  readonly queries: LocalQueries | undefined
  /** The stores on other threads. @default `queries` has all stores */
  readonly parts?: StoreParts
  /** Follows the stores on other threads. @default `queries` does */
  readonly live?: LiveQueries | undefined
  /** Which partitions the stores on other threads have; undefined before that is known. @default those of `queries` */
  readonly storePartitions?: StorePartitions | undefined
  /** How far the stores on other threads are behind. @default `queries` knows */
  lags?(): Promise<ReadonlyMap<string, ReadonlyMap<number, StoreLag>>>
  /** Asks the stores on other threads. @default `queries` has all stores */
  query?<R>(request: QueryRequest<R>): Promise<QueryResult<R>>
  /** Its members; without those that have not begun. */
  readonly members: readonly (MemberStatus & { readonly state?: StreamsState })[]
  /** Starts one more thread. @returns its name, or undefined while the engine ends @default the engine has none */
  addThread?(): Promise<string | undefined>
  /**
   * Ends a thread, after a commit. @returns its name, or undefined where none is left @throws MILLRACE_THREAD_REMOVAL
   * @default the engine has none
   */
  removeThread?(timeoutMs: number): Promise<string | undefined>
  /** Readings of metrics on other threads. */
  readonly readings: readonly MetricReading[]
  /** Waits for the broker until `signal` is aborted. */
  begin(signal: AbortSignal): Promise<void>
  /** One round of work. @throws errors from which there is no recovery */
  step(maxWaitMs: number): Promise<boolean>
  /** Makes a waiting `step` return at once. */
  wakeup(): void
  stopWaiting(): Promise<void>
  shutDownApplication(waitMs: number, signal: AbortSignal): Promise<void>
  /** Replaces the thread whose failure `step` has thrown. @default the engine is ended, and another one begins */
  replace?(): Promise<void>
  end(options: { readonly clean: boolean; readonly leave: boolean }): Promise<void>
}
