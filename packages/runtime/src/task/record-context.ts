import {
  type DropReason,
  type Headers,
  millraceError,
  NO_HEADERS,
  PROGRESS_OVERDUE,
  type RecordCursor,
  type RecordMetadata,
  type TaskContext,
  UndoLog,
} from '@millrace/core'
import { RecordGivenUp } from '../policy/given-up.ts'
import type { RecordPolicy } from '../policy/record-policy.ts'
import type { HeldOutput } from './held-output.ts'
import type { ProcessingLimit } from './processing-limit.ts'
import { RecordOrigins } from './record-origins.ts'

/**
 * Stands for a key or value that nobody looks at: the sink copies the bytes from the cursor of the record at hand.
 * Only sources whose records reach nothing but such sinks give it.
 */
export const UNOPENED: unique symbol = Symbol('unopened')

const NEVER_OVERDUE = new Int32Array(2)

/** A record of the input and what has come of it. */
export interface RecordUnit {
  /** It has done something that others may have built upon. */
  leavesTraces: boolean
}

/** What an appended record is made of. */
export interface RecordOrigin {
  readonly task: string
  /** The sink or the store that has written it. */
  readonly node: string
  /** Null where it is made of no record in particular: by a timer, or of what a cache has held back. */
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
  /** A cache has held it back: other records may have had a part in it, and this was the last of them. */
  readonly late: boolean
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
  /** The time of day, as of a moment ago: it is read once for many records. */
  wallTime = -1
  readonly taskId: string
  readonly applicationId: string
  /** Where the record's own bytes are; undefined during punctuation and while caches are flushed. */
  cursor: RecordCursor | undefined
  /** Undefined where no record is given up. */
  readonly undo: UndoLog | undefined
  /** What the record at hand sends, as far as it is held back. */
  held: HeldOutput | undefined
  /** Set from when the record at hand is given up, also where user code swallows what says so. */
  givenUp: RecordGivenUp | undefined
  /** What the record at hand has in common with what asynchronous operators make of it later; undefined while they have none. */
  unit: RecordUnit | undefined
  /** What is appended was held back by caches. */
  flushing = false
  /** Calls of asynchronous operators that the record at hand has begun. */
  begun = 0
  /** The key of the record at hand, for people. */
  showKey: () => string = () => '(none)'
  readonly #policy: RecordPolicy
  readonly #limit: ProcessingLimit | undefined
  readonly #progress: ArrayLike<number>

  readonly #origins: RecordOrigins

  /** Without a `limit` a record may take as long as it likes. */
  constructor(
    taskId: string,
    applicationId: string,
    policy: RecordPolicy,
    limit?: ProcessingLimit,
    origins = new RecordOrigins(),
  ) {
    this.#origins = origins
    this.#limit = limit
    this.#progress = limit?.progress ?? NEVER_OVERDUE
    this.taskId = taskId
    this.applicationId = applicationId
    this.#policy = policy
    this.undo = policy.givesUp ? new UndoLog() : undefined
  }

  /** Leaves the record: what follows (a punctuation, a flush) belongs to none. */
  clear(timestamp: number): void {
    this.timestamp = timestamp
    this.headers = NO_HEADERS
    this.topic = null
    this.partition = -1
    this.offset = -1
    this.cursor = undefined
    this.unit = undefined
  }

  /** Of what `node` appends now. */
  origin(node: string): RecordOrigin {
    const { taskId: task, topic, partition, offset, flushing: late } = this
    return { task, node, topic, partition, offset, late }
  }

  /** For what `node` appends; see `AppenderOptions`. */
  originsOf(node: string): () => unknown {
    return this.#origins.appender(this, node)
  }

  metadata(): RecordMetadata {
    return { topic: this.topic, partition: this.partition, offset: this.offset, timestamp: this.timestamp }
  }

  fail(node: string, error: unknown): never {
    try {
      return this.#policy.fail(node, error, this)
    } catch (thrown) {
      if (thrown instanceof RecordGivenUp) this.givenUp ??= thrown
      throw thrown
    }
  }

  giveUp(node: string, error: unknown): void {
    this.#policy.giveUp(node, error, this)
  }

  apart(run: () => void | Promise<void>): void | Promise<void> {
    const { undo, held, givenUp, timestamp, headers, topic, partition, offset, isLatest, unit } = this
    if (undo === undefined || givenUp !== undefined) return run()
    // What fails of it later is not the record's at hand either.
    this.unit = { leavesTraces: false }
    const [changes, sent] = [undo.length, held?.length ?? 0]
    const leave = (error: unknown) => {
      if (!(error instanceof RecordGivenUp)) throw error
      undo.rollBack(changes)
      held?.dropTo(sent)
      this.givenUp = undefined
      const { cursor } = this
      this.isLatest = isLatest
      // It is of no record whose bytes are at hand, and of none at all where those who emit it do not say which.
      if (offset === cursor?.offset) this.clear(timestamp)
      this.cursor = undefined
      this.giveUp(error.node, error.reason)
      Object.assign(this, { timestamp, headers, topic, partition, offset, cursor, unit })
    }
    // Swallowing the signal does not save the record.
    const check = () => {
      if (this.givenUp !== undefined) return leave(this.givenUp)
      this.unit = unit
    }
    try {
      const waiting = run()
      return waiting === undefined ? check() : waiting.then(check).catch(leave)
    } catch (error) {
      leave(error)
    }
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
      where:
        topic === null
          ? 'in a timer'
          : `for the record with key ${this.showKey()} at offset ${offset} of ${topic}-${partition}`,
    })
  }

  waitFor<T>(node: string, result: PromiseLike<T>): Promise<T> {
    if (this.#limit === undefined) return Promise.resolve(result)
    // What a flush emits, one after the other, has no record that would be done with.
    if (this.topic === null) this.#limit.restart()
    return this.#limit.waitFor(result, () => this.tooLong(node))
  }
}
