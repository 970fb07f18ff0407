import type { Headers } from '../record/headers.ts'
import type { Serde } from '../serde/serde.ts'
import type { RecordMetadata } from '../topology/plan.ts'
import type { OperatorEnv, Process } from './process.ts'
import type { Awaitable } from './spec.ts'

/**
 * In which order results go on.
 *
 * - `partition`: in that of the input, for each input partition.
 * - `key`: in that of the input, for each key.
 * - `none`: as they come.
 */
export type AsyncOrdering = 'key' | 'partition' | 'none'

/** `mapValuesAsync`: many calls of a user function are under way at a time, beside the task's loop. Times are milliseconds. */
export interface MapValuesAsyncSpec {
  readonly type: 'mapValuesAsync'
  readonly mapper: (value: never, key: never, call: AsyncCall) => Awaitable<unknown>
  /** Calls of a task, from their start until their result has gone on. */
  readonly concurrency: number
  readonly ordering: AsyncOrdering
  /** Of one attempt. */
  readonly timeoutMs: number
  /** Attempts after the first. */
  readonly retries: number
  /** Before the first of them; it doubles from one to the next, up to `maxBackoffMs`. */
  readonly backoffMs: number
  readonly maxBackoffMs: number
  /** Tells keys apart that are objects; without it they are told apart as JSON. */
  readonly keySerde: Serde<unknown> | undefined
}

/** What a function given to `mapValuesAsync` knows of its call. */
export interface AsyncCall {
  /**
   * Aborted when the attempt has taken too long, and when the task leaves: nobody waits for the result any more. Hand it on to
   * what the function calls.
   */
  readonly signal: AbortSignal
  /** 1 for the first. */
  readonly attempt: number
  /**
   * Where the record came from. Topic, partition and offset are the same in each attempt, and after a restart: a key for
   * services that are to do a thing once.
   */
  readonly record: RecordMetadata
  readonly headers: Headers
}

/** The calls, their order and their offsets are the task's; see `in-flight.ts` of the runtime. */
export function compileMapValuesAsync(spec: MapValuesAsyncSpec, env: OperatorEnv): Process {
  return env.inFlight(spec)
}
