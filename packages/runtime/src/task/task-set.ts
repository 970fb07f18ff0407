import { type FetchedBatch, isMillraceError, type KafkaClient, type TopicPartition } from '@millrace/core'
import type { GivenUpLate } from '../policy/given-up.ts'
import { RestoreGate } from '../restore/restore-gate.ts'
import type { Restorer } from '../restore/restorer.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import { type AssignedTask, compareTasks, type TaskId, taskName } from '../task-id.ts'
import type { BackPressure } from './back-pressure.ts'
import { GivenUpRecords } from './given-up-records.ts'
import { RecordOrigins } from './record-origins.ts'
import { leaveOutRefused } from './refused-record.ts'
import { TaskMaker, type TaskMakerOptions } from './task-maker.ts'
import type { Task } from './task.ts'

export interface TaskSetOptions extends Omit<TaskMakerOptions, 'givenUp' | 'origins'> {
  readonly client: KafkaClient
  readonly backPressure: BackPressure
  readonly restorer: Restorer
  /** A task could not be made, for a reason that is permanent. */
  readonly onError: (error: unknown) => void
  /** A task can run, or is no longer being made. */
  readonly onChange: () => void
}

/** A task between its assignment and its first record. */
interface Starting {
  readonly id: TaskId
  readonly partitions: readonly TopicPartition[]
  readonly abort: AbortController
  readonly done: Promise<void>
  /** As soon as they are open. */
  stores: TaskStores | undefined
  /** How far the state is while it passes from a standby, or from disk, to the task. */
  passing: number
}

const RETRY_MS = 200

/**
 * The tasks that this instance has been given. New ones are made in the background, restoring included, while the others go
 * on; a task runs as soon as its own stores are complete.
 */
export class TaskSet {
  readonly #options: TaskSetOptions
  readonly #running = new Map<string, Task>()
  readonly #starting = new Map<string, Starting>()
  /** Those that began to run during the poll that is under way: what it brings may be of before their seek. */
  readonly #fresh = new Set<Task>()
  readonly #givenUp = new GivenUpRecords()
  readonly #origins = new RecordOrigins()
  readonly #maker: TaskMaker
  /** No record is taken: an eager client has given everything back, and waits for what it is to have. */
  suspended = false

  constructor(options: TaskSetOptions) {
    this.#options = options
    this.#maker = new TaskMaker({ ...options, givenUp: this.#givenUp, origins: this.#origins })
  }

  /** Tasks that process records, in order of their ids. */
  get running(): readonly Task[] {
    return [...this.#running.values()].sort((a, b) => compareTasks(a.id, b.id))
  }

  /** By name, how far the state of tasks is that are on their way. */
  get restoring(): ReadonlyMap<string, number> {
    return new Map([...this.#starting].map(([name, starting]) => [name, this.#positionOf(name, starting)] as const))
  }

  /** The stores of tasks that are on their way, as far as they are open, with their partition. */
  get opening(): readonly { readonly partition: number; readonly stores: TaskStores }[] {
    return [...this.#starting.values()].flatMap(({ id, stores }) =>
      stores === undefined ? [] : [{ partition: id.partition, stores }],
    )
  }

  /** Every task, running or on its way. */
  get ids(): readonly TaskId[] {
    return [...this.#running.values(), ...this.#starting.values()].map(({ id }) => id).sort(compareTasks)
  }

  get allRunning(): boolean {
    return this.#starting.size === 0 && !this.suspended
  }

  /** The running tasks that `assign` would close. */
  leaving(wanted: readonly AssignedTask[]): readonly Task[] {
    const partitions = partitionsByTask(wanted)
    return this.running.filter(({ name, queues }) => !samePartitions(partitions.get(name), queues))
  }

  /** Ends starting tasks that are not among these: at once, so that none of them begins to run. */
  async cancel(wanted: readonly AssignedTask[]): Promise<void> {
    const partitions = partitionsByTask(wanted)
    const gone = ({ id, partitions: had }: Starting) => !samePartitions(partitions.get(taskName(id)), had)
    await this.#cancel([...this.#starting.values()].filter(gone))
  }

  /**
   * Takes on what is held now: closes what is gone, keeps what stays, begins with what is new. What a closed task has done and not
   * committed is dropped.
   */
  async assign(wanted: readonly AssignedTask[]): Promise<void> {
    // First those on their way: one that began to run meanwhile would be missed by the loop that closes.
    await this.cancel(wanted)
    for (const task of this.leaving(wanted)) {
      this.#running.delete(task.name)
      await this.#close(task, true)
    }
    if (this.suspended) this.#goOn()
    const added = wanted.filter(({ id }) => !this.#has(taskName(id)))
    if (added.length > 0) this.#begin(added)
  }

  /** An eager rebalance hands out every partition again, so those that stay need their positions again. */
  #goOn(): void {
    this.suspended = false
    const queues = [...this.#running.values()].flatMap(task => task.queues)
    for (const { topic, partition, fetched } of queues) {
      this.#options.consumer.seek({ topic, partition, offset: fetched })
    }
    this.#options.backPressure.assignedAgain(queues)
  }

  /** A poll begins: what it brings is of after all seeks that were made until now. */
  beginPoll(): void {
    this.#fresh.clear()
  }

  /** Whether a task takes the batch. */
  wants({ topic, partition }: FetchedBatch): boolean {
    for (const task of this.#running.values()) {
      if (task.id.partition !== partition || this.#fresh.has(task)) continue
      if (task.queues.some(queue => queue.topic === topic)) return true
    }
    return false
  }

  enqueue(batch: FetchedBatch): void {
    for (const task of this.#running.values()) {
      if (task.id.partition !== batch.partition) continue
      if (!this.#fresh.has(task)) {
        if (task.enqueue(batch) !== undefined) return
        continue
      }
      const queue = task.queues.find(({ topic }) => topic === batch.topic)
      if (queue === undefined) continue
      const { topic, partition, fetched } = queue
      return this.#options.consumer.seek({ topic, partition, offset: fetched })
    }
  }

  /** Has the consumer fetch these batches again, which must not be processed now. */
  fetchAgain(batches: readonly FetchedBatch[]): void {
    const names = new Set(batches.map(({ topic, partition }) => `${topic}-${partition}`))
    for (const { topic, partition, fetched } of this.running.flatMap(task => task.queues)) {
      if (names.has(`${topic}-${partition}`)) this.#options.consumer.seek({ topic, partition, offset: fetched })
    }
  }

  /** Closes every task without a commit, as if they had crashed. Their stores stay as of the last commit. */
  async abandon(): Promise<void> {
    await this.#cancel([...this.#starting.values()])
    const tasks = [...this.#running.values()]
    this.#running.clear()
    for (const task of tasks) await this.#close(task, true)
  }

  /**
   * After a broker has refused a record for good: has the tasks process again what is not committed, without the record that it was made
   * of; where that is not known, each by itself, so that it is found.
   *
   * @throws MILLRACE_PROCESSING_FAILED where no record may be given up, or none can be
   */
  leaveOut(origin: unknown, reason: unknown): GivenUpLate {
    const { onBadRecord } = this.#options.options
    const recordOrigin = this.#origins.of(origin)
    return leaveOutRefused(recordOrigin, reason, { running: this.#running, givenUp: this.#givenUp, onBadRecord })
  }

  /**
   * Before the tasks go back to their last commit: without a transaction nobody takes back what they have logged since then.
   *
   * @param how `refused`: a record was refused, after which a producer sends nothing more until it starts again
   */
  async relog(how: { readonly refused: boolean }): Promise<void> {
    if (this.#options.producers.transactional) return
    const producers = new Set(this.running.map(({ producer }) => producer))
    if (how.refused) for (const producer of producers) await producer.init()
    for (const task of this.running) await task.relog()
    for (const producer of producers) await producer.flush()
  }

  async close(): Promise<void> {
    await this.abandon()
  }

  /** Until the task has taken its stores, a standby has them, or they are closed. */
  #positionOf(name: string, { stores, passing }: Starting): number {
    const { standbys, onDisk } = this.#options
    return stores?.position ?? standbys.positions.get(name) ?? onDisk.get(name) ?? passing
  }

  #has(name: string): boolean {
    return this.#running.has(name) || this.#starting.has(name)
  }

  #begin(added: readonly AssignedTask[]): void {
    const gate = new RestoreGate(this.#options.restorer, added.length)
    for (const { id, partitions } of added) {
      this.#options.backPressure.hold(partitions)
      const abort = new AbortController()
      const done = this.#startTask({ id, partitions }, gate, abort.signal)
        .catch((error: unknown) => {
          if (!abort.signal.aborted) this.#options.onError(error)
        })
        .finally(() => {
          if (this.#starting.get(taskName(id))?.abort === abort) this.#starting.delete(taskName(id))
          this.#options.onChange()
        })
      this.#starting.set(taskName(id), { id, partitions, abort, done, stores: undefined, passing: 0 })
    }
  }

  async #startTask(assigned: AssignedTask, gate: RestoreGate, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options.options
    const name = taskName(assigned.id)
    const progress = {
      takesStores: () => this.#passes(name),
      hasStores: (stores: TaskStores | undefined) => this.#opened(name, stores),
    }
    let said: string | undefined
    for (let attempt = 1; ; attempt++) {
      try {
        const task = await this.#maker.make(assigned, gate, signal, progress)
        if (signal.aborted) return await this.#close(task, true)
        // A task is in one of the two maps at any time: a partition must not be counted twice.
        this.#starting.delete(name)
        this.#running.set(name, task)
        // Between two assignments nothing can be read; the next one gives all running tasks their positions.
        if (this.suspended) return
        this.#fresh.add(task)
        for (const { topic, partition, position } of task.queues) {
          this.#options.consumer.seek({ topic, partition, offset: position })
        }
        this.#options.backPressure.begin(assigned.partitions)
        return
      } catch (error) {
        if (signal.aborted) return
        if (!isMillraceError(error, 'retriable')) throw error
        // What it waits for may change, from a broker that is away to a transaction that has no end.
        const level = error.code === said ? 'debug' : 'warn'
        said = error.code
        logger[level]({ task: name, error, attempt }, `task ${name} cannot start yet; it is tried again`)
        await clock.sleep(RETRY_MS, signal)
        if (signal.aborted) return
      }
    }
  }

  #opened(name: string, stores: TaskStores | undefined): void {
    const starting = this.#starting.get(name)
    if (starting === undefined) return
    starting.stores = stores
    starting.passing = 0
  }

  #passes(name: string): void {
    const starting = this.#starting.get(name)
    if (starting !== undefined) starting.passing = this.#positionOf(name, starting)
  }

  /** None of them runs any more when this resolves. */
  async #cancel(starting: readonly Starting[]): Promise<void> {
    for (const { abort } of starting) abort.abort()
    await Promise.all(starting.map(({ done }) => done))
  }

  async #close(task: Task, runUserClose: boolean): Promise<void> {
    try {
      await task.close({ runUserClose })
    } catch (error) {
      this.#options.options.logger.error({ task: task.name, error }, 'failed to close a task')
    }
    await this.#options.producers.release(task.name)
  }
}

function partitionsByTask(tasks: readonly AssignedTask[]): ReadonlyMap<string, readonly TopicPartition[]> {
  return new Map(tasks.map(({ id, partitions }) => [taskName(id), partitions]))
}

function samePartitions(wanted: readonly TopicPartition[] | undefined, had: readonly TopicPartition[]): boolean {
  if (wanted?.length !== had.length) return false
  return wanted.every(({ topic, partition }) => had.some(own => own.topic === topic && own.partition === partition))
}
