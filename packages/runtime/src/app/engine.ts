import type { MetricReading } from '../observe/metrics.ts'
import type { QueryResult } from '@millrace/core'
import type { LocalQueries } from '../query/local-queries.ts'
import type { QueryRequest } from '../query/query-request.ts'
import type { StreamsMetadata } from './streams-metadata.ts'

export interface TaskStatus {
  readonly id: string
  readonly processed: number
  /** The highest timestamp so far, -1 before the first record. */
  readonly streamTime: number
  /** The number of records that are known and not yet processed. */
  readonly lag: number
}

/** What `onUncaughtError` decides. */
export type FailureVerdict = 'replace-thread' | 'shutdown-instance' | 'shutdown-application'

/** What does the work of a `KafkaStreams`: one member on the calling thread, or several on threads of their own. */
export interface Engine {
  /** While it is true, no task processes or punctuates. */
  paused: boolean
  readonly taskStatus: readonly TaskStatus[]
  readonly metadata: readonly StreamsMetadata[]
  /** Undefined before it has begun, and where the stores are on other threads. */
  readonly queries: LocalQueries | undefined
  /** Asks the stores on other threads. @default `queries` has all stores */
  query?<R>(request: QueryRequest<R>): Promise<QueryResult<R>>
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
