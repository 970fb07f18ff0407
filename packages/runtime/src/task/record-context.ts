import {
  type DropReason,
  type Headers,
  millraceError,
  NO_HEADERS,
  PROGRESS_OVERDUE,
  type RecordCursor,
  type RecordMetadata,
  type TaskContext,
} from '@millrace/core'
import type { ProcessingLimit } from './processing-limit.ts'

/**
 * Stands for a key or value that nobody looks at: the sink copies the bytes from the cursor of the record at hand.
 * Only sources whose records reach nothing but such sinks give it.
 */
export const UNOPENED: unique symbol = Symbol('unopened')

const NEVER_OVERDUE = new Int32Array(2)

/** What a task does about a failed or left-out record; the policies stand behind it. */
export interface RecordPolicy {
  fail(node: string, error: unknown, context: RecordContext): void
  isFatal(error: unknown): boolean
  drop(node: string, reason: DropReason, context: RecordContext): void
  count(node: string, metric: string, by: number, context: RecordContext): void
}

/** The record that a task has in hand, as its operators see it. */
export class RecordContext implements TaskContext {
  timestamp = -1
  headers: Headers = NO_HEADERS
  topic: string | null = null
  partition = -1
  offset = -1
  isLatest = true
  streamTime = -1
  readonly taskId: string
  readonly applicationId: string
  /** Where the record's own bytes are; undefined during punctuation and while caches are flushed. */
  cursor: RecordCursor | undefined
  /** The key of the record at hand, for people. */
  showKey: () => string = () => '(none)'
  readonly #policy: RecordPolicy
  readonly #limit: ProcessingLimit | undefined
  readonly #progress: ArrayLike<number>

  /** Without a `limit` a record may take as long as it likes. */
  constructor(taskId: string, applicationId: string, policy: RecordPolicy, limit?: ProcessingLimit) {
    this.#limit = limit
    this.#progress = limit?.progress ?? NEVER_OVERDUE
    this.taskId = taskId
    this.applicationId = applicationId
    this.#policy = policy
  }

  /** Leaves the record: what follows (a punctuation, a flush) belongs to none. */
  clear(timestamp: number): void {
    this.timestamp = timestamp
    this.headers = NO_HEADERS
    this.topic = null
    this.partition = -1
    this.offset = -1
    this.cursor = undefined
  }

  metadata(): RecordMetadata {
    return { topic: this.topic, partition: this.partition, offset: this.offset, timestamp: this.timestamp }
  }

  fail(node: string, error: unknown): void {
    this.#policy.fail(node, error, this)
  }

  isFatal(error: unknown): boolean {
    return this.#policy.isFatal(error)
  }

  drop(node: string, reason: DropReason): void {
    this.#policy.drop(node, reason, this)
  }

  count(node: string, metric: string, by: number): void {
    this.#policy.count(node, metric, by, this)
  }

  get overdue(): boolean {
    return this.#progress[PROGRESS_OVERDUE] !== 0
  }

  tooLong(node: string): Error {
    this.#limit?.over()
    const { topic, partition, offset } = this
    return millraceError('MILLRACE_PROCESSING_TIMEOUT', {
      operator: node,
      timeoutMs: this.#limit?.timeoutMs ?? 0,
      key: topic === null ? '(none)' : this.showKey(),
      topic: topic ?? '(none)',
      partition,
      offset,
    })
  }

  waitFor<T>(node: string, result: PromiseLike<T>): Promise<T> {
    if (this.#limit === undefined) return Promise.resolve(result)
    // What a flush emits, one after the other, has no record that would be done with.
    if (this.topic === null) this.#limit.beginAnew()
    return this.#limit.waitFor(result, () => this.tooLong(node))
  }
}
