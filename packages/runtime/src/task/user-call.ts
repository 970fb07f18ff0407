import {
  type Clock,
  isMillraceError,
  isPromise,
  type MapValuesAsyncSpec,
  millraceError,
  reasonOf,
} from '@millrace/core'
import { showKey } from './key-identity.ts'
import type { RecordSnapshot } from './record-snapshot.ts'
import { callInTurn } from './user-turn.ts'

/** The result of a call. The policy for bad records decides about an error. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown }

type Mapper = (value: unknown, key: unknown, call: Parameters<MapValuesAsyncSpec['mapper']>[2]) => unknown

export interface UserCallOptions {
  readonly operator: string
  readonly spec: MapValuesAsyncSpec
  readonly key: unknown
  readonly value: unknown
  readonly record: RecordSnapshot
  readonly clock: Clock
  /** The error of a function that has blocked the thread for too long; undefined when it has not. */
  readonly tooLong: () => Error | undefined
  /** Called once, when the outcome is there. */
  readonly onDone: () => void
  /** `dueAt` has come nearer: a pause before the next attempt has begun. */
  readonly onPause: () => void
}

/**
 * One call of a user function with its attempts. Nothing in it waits for time by itself: `dueAt` says when `wake` has to be
 * called, so that its owner decides how time passes.
 */
export class UserCall {
  readonly operator: string
  readonly key: unknown
  readonly record: RecordSnapshot
  /** Undefined until it is done. */
  outcome: Outcome | undefined
  /** When the attempt has taken too long, or the next one begins, as the clock's `monotonic` counts. */
  dueAt = Number.POSITIVE_INFINITY
  readonly #options: UserCallOptions
  #attempt = 0
  /** Of the attempt that is under way. */
  #abort: AbortController | undefined

  constructor(options: UserCallOptions) {
    this.#options = options
    this.operator = options.operator
    this.key = options.key
    this.record = options.record
  }

  /** The user's function is at work, and not only a pause between two attempts. */
  get atWork(): boolean {
    return this.#abort !== undefined
  }

  /** Begins the next attempt. */
  start(): void {
    const { spec, key, value, record, clock } = this.#options
    const abort = new AbortController()
    this.#abort = abort
    this.#attempt++
    this.dueAt = clock.monotonic() + spec.timeoutMs
    const { topic, partition, offset, timestamp, headers } = record
    const call = {
      signal: abort.signal,
      attempt: this.#attempt,
      record: { topic, partition, offset, timestamp },
      headers,
    }
    let result: unknown
    try {
      result = callInTurn(() => (spec.mapper as Mapper)(value, key, call))
    } catch (error) {
      return this.#failed(error)
    }
    const error = this.#options.tooLong()
    if (error !== undefined) return this.#done({ error })
    if (!isPromise(result)) return this.#done({ value: result })
    // What an attempt comes to that was given up already is of no interest any more.
    Promise.resolve(result).then(
      later => {
        if (this.#abort === abort) this.#done({ value: later })
      },
      (error: unknown) => {
        if (this.#abort === abort) this.#failed(error)
      },
    )
  }

  /** Does what is due at `dueAt`. */
  wake(): void {
    if (this.#abort === undefined) return this.start()
    const timeout = millraceError('MILLRACE_ASYNC_TIMEOUT', { timeoutMs: this.#options.spec.timeoutMs })
    this.#abort.abort(timeout)
    this.#failed(timeout)
  }

  /** Nobody wants to know any more. */
  abandon(): void {
    const abort = this.#abort
    this.#abort = undefined
    this.dueAt = Number.POSITIVE_INFINITY
    abort?.abort(new Error('the task leaves'))
  }

  #failed(error: unknown): void {
    const { retries, backoffMs, maxBackoffMs } = this.#options.spec
    this.#abort = undefined
    // What concerns more than this record (a lost broker, a defect) does not go away by another attempt.
    if (isMillraceError(error, 'retriable', 'fenced', 'fatal', 'config', 'bug')) return this.#done({ error })
    if (this.#attempt > retries) return this.#done({ error: this.#named(error) })
    const pause = Math.min(backoffMs * 2 ** (this.#attempt - 1), maxBackoffMs)
    this.dueAt = this.#options.clock.monotonic() + pause
    this.#options.onPause()
  }

  #done(outcome: Outcome): void {
    this.#abort = undefined
    this.dueAt = Number.POSITIVE_INFINITY
    this.outcome = outcome
    this.#options.onDone()
  }

  #named(error: unknown): Error {
    const { topic, partition, offset } = this.record
    const where = { operator: this.operator, key: showKey(this.key), topic: topic ?? '(none)', partition, offset }
    const reason = reasonOf(error)
    return millraceError('MILLRACE_ASYNC_FAILED', { ...where, attempts: this.#attempt, reason }, { cause: error })
  }
}
