import type { StreamsState } from '../../loop/lifecycle.ts'
import type { MetricReading } from '../../observe/metrics.ts'
import type { FailureVerdict, MemberStatus, TaskStatus } from '../engine.ts'
import type { InstanceListener } from '../instance.ts'
import type { StreamsMetadata } from '../streams-metadata.ts'
import type { QueryRequest } from '../../query/query-request.ts'
import type { CrossingError } from './crossing-error.ts'
import type { Answers } from './merged-answers.ts'
import type { FollowNews, ViewRequest } from './view-messages.ts'

/** What a thread is started with. */
export interface ThreadStart {
  /** Of the module that exports the application. */
  readonly module: string
  /** Which thread of the process it is, from 1. */
  readonly thread: number
  /** How many threads share the budgets. */
  readonly threads: number
  readonly processId: string
  /** Where the state directory of the application is. */
  readonly directory: string
  /** As `describeTopology` prints it. */
  readonly topology: string
  readonly paused: boolean
  /** Numbers of threads of earlier runs whose transactions this one ends before it begins. */
  readonly leftBehind: readonly number[]
  /** By name of a task whose stores are closed, how far its state on disk is. */
  readonly onDisk: readonly (readonly [task: string, position: number])[]
}

/** What the main thread knows of a thread. */
export interface ThreadStatus {
  readonly state: StreamsState
  readonly tasks: readonly TaskStatus[]
  readonly member: MemberStatus | undefined
  readonly metadata: readonly StreamsMetadata[]
  readonly readings: readonly MetricReading[]
  /** Partition counts of topics by real name; empty before they are known. */
  readonly topics: ReadonlyMap<string, number>
}

/** The events that a thread reports as they are. */
export type ForwardedEvent = Exclude<keyof InstanceListener, 'onRebalancing' | 'onWaiting'>

export type ToThread =
  | { readonly type: 'close'; readonly leave: boolean }
  | { readonly type: 'pause'; readonly paused: boolean }
  /** The number of threads that share the budgets from now on. */
  | { readonly type: 'threads'; readonly threads: number }
  /** To end the transactions of threads that could not do it themselves. */
  | { readonly type: 'end-left-behind'; readonly threads: readonly number[] }
  | { readonly type: 'claimed'; readonly call: number; readonly error: CrossingError | undefined }
  | { readonly type: 'moved'; readonly call: number; readonly error: CrossingError | undefined }
  | { readonly type: 'query'; readonly call: number; readonly request: QueryRequest<unknown> }
  | { readonly type: 'view'; readonly call: number; readonly request: ViewRequest }
  /** Rows of a live query have arrived in the main thread, so that more may be sent. */
  | { readonly type: 'taken'; readonly follow: number; readonly weight: number }
  | { readonly type: 'on-disk'; readonly task: string; readonly position: number | undefined }
  | { readonly type: 'verdict'; readonly verdict: Exclude<FailureVerdict, 'replace-thread'> }
  /** To fail with this error, so that the policy can be carried out for a thread that cannot do it itself. */
  | { readonly type: 'fail'; readonly error: CrossingError }

export type FromThread =
  | { readonly type: 'begun' }
  | { readonly type: 'status'; readonly status: ThreadStatus }
  | { readonly type: 'event'; readonly event: ForwardedEvent; readonly value: unknown }
  | { readonly type: 'waiting'; readonly cause: CrossingError | undefined }
  | { readonly type: 'claim'; readonly call: number; readonly task: string }
  | { readonly type: 'release'; readonly task: string; readonly position: number | undefined }
  | { readonly type: 'move-aside'; readonly call: number; readonly directory: string; readonly cause: CrossingError }
  | { readonly type: 'answer'; readonly call: number; readonly answers: Answers }
  | { readonly type: 'viewed'; readonly call: number; readonly value: unknown }
  | { readonly type: 'followed'; readonly follow: number; readonly news: FollowNews }
  | { readonly type: 'no-answer'; readonly call: number; readonly error: CrossingError }
  /** It waits for a verdict. */
  | { readonly type: 'failed'; readonly error: CrossingError }
  /** The last message. */
  | { readonly type: 'ended'; readonly error: CrossingError | undefined }
