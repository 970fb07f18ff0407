import {
  type DropReason,
  type Headers,
  NO_HEADERS,
  type RecordCursor,
  type RecordMetadata,
  type TaskContext,
} from '@millrace/core'

/**
 * Stands for a key or value that nobody looks at: the sink copies the bytes from the cursor of the record at hand.
 * Only sources whose records reach nothing but such sinks give it.
 */
export const UNOPENED: unique symbol = Symbol('unopened')

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
  readonly #policy: RecordPolicy

  constructor(taskId: string, applicationId: string, policy: RecordPolicy) {
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
}
