import { isMillraceError, type Producer } from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import { GivenUpLate, RecordGivenUp } from '../policy/given-up.ts'
import { processingFailed } from '../policy/processing-failed.ts'
import type { Pause } from '../state/pause.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import type { GivenUpRecords } from './given-up-records.ts'
import { HeldOutput } from './held-output.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProcessingLimit } from './processing-limit.ts'
import type { RecordContext, RecordUnit } from './record-context.ts'
import { type RecordSnapshot, returnTo } from './record-snapshot.ts'

export interface RecordFailuresOptions {
  /** The task's name. */
  readonly task: string
  readonly context: RecordContext
  readonly producer: Producer
  readonly stores: TaskStores
  readonly limit: ProcessingLimit
  readonly givenUp: GivenUpRecords
  readonly guarantee: ResolvedOptions['processingGuarantee']
}

/** The operator that failed, and why. */
interface Failure {
  readonly node: string
  readonly reason: unknown
}

/**
 * Decides what follows from a failure in one task. Everything that a record, a timer or a late result does either stays as a whole
 * (`keep`) or is taken back as a whole, after which the policy for bad records decides. A failure that is found after others
 * have built upon the record sends the task back to its last commit, where the record is left out.
 */
export class RecordFailures {
  /** Holds back what a record sends; undefined where no record is given up, so nothing is ever taken back. */
  readonly held: HeldOutput | undefined
  readonly #with: RecordFailuresOptions
  #careful: boolean

  constructor(options: RecordFailuresOptions) {
    const { context, producer, givenUp, task } = options
    this.#with = options
    this.held = context.undo === undefined ? undefined : new HeldOutput(producer)
    this.#careful = givenUp.carefulUntil(task) !== undefined
    context.held = this.held
  }

  /** Caches are flushed after each record, see `GivenUpRecords`. */
  get careful(): boolean {
    return this.#careful
  }

  /** What has been done since `held.begin` stays, unless the record was given up and user code has swallowed the signal. */
  keep(): void {
    const { context, guarantee } = this.#with
    const { held } = this
    if (held === undefined) return
    if (context.givenUp !== undefined) throw context.givenUp
    const { unit, undo } = context
    // Without a transaction, sent records cannot be taken back.
    const leavesTraces = undo!.length > context.begun || (held.length > 0 && guarantee === 'exactly_once')
    if (unit !== undefined && leavesTraces) unit.leavesTraces = true
    held.release()
    undo!.clear()
    context.begun = 0
  }

  /** Fails a record that failed late, before the task went back to its last commit: it is not processed again. */
  leaveOut({ topic, partition, cursor, source }: PartitionQueue): void {
    const { givenUp, context } = this.#with
    const found = givenUp.find({ topic, partition }, cursor.offset)
    if (found === undefined) return
    source.enter(cursor, partition, cursor.timestamp)
    context.fail(found.node, found.reason)
  }

  /** Fails a record during which something other than an operator's function, for example a serde, has blocked the thread. */
  overdue({ source }: PartitionQueue): void {
    const { context } = this.#with
    const { name } = source.node
    context.fail(name, context.tooLong(name))
  }

  /**
   * Gives up the record that was taken last, after it has failed. Stored bytes are decoded when they are read: bad ones are a
   * failure of the record that reads them.
   */
  giveUp(queue: PartitionQueue, error: unknown): void {
    const { context, stores } = this.#with
    const { source, cursor, partition, headTimestamp } = queue
    const { node, reason } = this.#failure(error, source.node.name)
    this.#takeBack()
    source.enter(cursor, partition, headTimestamp)
    // Changes that the record made in a user-defined store cannot be taken back.
    if (stores.hasCustom && node !== source.node.name) this.#goBack(node, reason)
    context.giveUp(node, reason)
  }

  /**
   * Passes on the result of an asynchronous operator, as the record that it came from, which had its turn before.
   *
   * @param drop ends the other calls that the record has begun
   */
  async pass(record: RecordSnapshot, run: () => void | Promise<void>, drop: (unit: RecordUnit) => void): Promise<void> {
    const { context, stores } = this.#with
    returnTo(record, context)
    this.held?.begin()
    try {
      const waiting = run()
      if (waiting !== undefined) await waiting
      if (this.#careful) await stores.emit()
      this.keep()
    } catch (error) {
      const { node, reason } = this.#failure(error, '')
      this.#takeBack()
      drop(record.unit)
      returnTo(record, context)
      if (record.topic !== null && record.unit.leavesTraces) this.#goBack(node, reason)
      context.giveUp(node, reason)
    }
  }

  /** Runs work that belongs to no record, for example a punctuation. If it fails, it has done nothing. */
  async alone(node: string, time: number, run: () => Promise<void>): Promise<void> {
    const { context, stores } = this.#with
    context.clear(time)
    this.held?.begin()
    try {
      await run()
      if (this.#careful) await stores.emit()
      this.keep()
    } catch (error) {
      if (context.isFatal(error) && !(error instanceof RecordGivenUp)) throw error
      const failure = error instanceof RecordGivenUp ? error : { node, reason: error }
      if (context.undo === undefined) context.fail(failure.node, failure.reason)
      this.#takeBack()
      context.clear(time)
      context.giveUp(failure.node, failure.reason)
    }
  }

  /** Emits and logs what the stores hold back. A failure here was caused by a record that has had its turn. */
  async flush(queues: readonly PartitionQueue[], pause?: Pause): Promise<void> {
    const { context, stores, givenUp, task } = this.#with
    context.clear(context.streamTime)
    context.unit = undefined
    try {
      context.flushing = true
      await stores.flush(pause)
      if (context.givenUp !== undefined) throw context.givenUp
    } catch (error) {
      const { node, reason } = this.#failure(error, task)
      // Each record has already been tried alone.
      if (this.#careful) throw processingFailed({ node, task, topic: null, partition: -1, offset: -1 }, reason)
      givenUp.beCareful(
        task,
        queues.map(({ topic, partition, position }) => ({ topic, partition, position })),
      )
      throw new GivenUpLate(task, reason)
    } finally {
      context.flushing = false
    }
    context.undo?.clear()
    context.begun = 0
  }

  /** After the task has committed the positions of its queues. */
  committed(queues: readonly PartitionQueue[]): void {
    const { givenUp, task } = this.#with
    givenUp.committed(task, queues)
    this.#careful = givenUp.carefulUntil(task) !== undefined
  }

  /** Takes back what has been done since `held.begin`. */
  #takeBack(): void {
    const { context, limit } = this.#with
    limit.restart()
    this.held?.drop()
    context.undo?.rollBack()
    context.givenUp = undefined
    context.isLatest = true
    context.begun = 0
  }

  /** @throws the error itself if it is not the failure of a record, or if no record is given up */
  #failure(error: unknown, node: string): Failure {
    const { context } = this.#with
    if (error instanceof RecordGivenUp) return error
    if (context.isFatal(error) || !isMillraceError(error, 'record')) throw error
    if (context.undo === undefined) context.fail(node, error)
    return { node, reason: error }
  }

  /** Makes the instance go back to the last commit and leave out the record at hand, unless the record is committed already. */
  #goBack(node: string, reason: unknown): void {
    const { context, givenUp, guarantee, task } = this.#with
    const { topic, partition, offset } = context
    if (topic === null || guarantee === 'at_most_once' || givenUp.find({ topic, partition }, offset) !== undefined)
      return
    givenUp.add({ topic, partition }, offset, { node, reason })
    throw new GivenUpLate(task, reason)
  }
}
