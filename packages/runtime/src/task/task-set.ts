import {
  type Admin,
  type FetchedBatch,
  type GroupConsumer,
  isMillraceError,
  type KafkaClient,
  millraceError,
  type OffsetReset,
  type Plan,
  type Producer,
  type ProgressSign,
  reasonOf,
  topicNaming,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { decodeCloseTimes, decodePartitionTime } from './commit-metadata.ts'
import type { ResolvedOptions } from '../config/options.ts'
import type { Metrics } from '../observe/metrics.ts'
import { GivenUpLate } from '../policy/given-up.ts'
import { recordPolicy } from '../policy/record-policy.ts'
import { RestoreGate } from '../restore/restore-gate.ts'
import type { Restorer } from '../restore/restorer.ts'
import type { StandbyTasks } from '../restore/standby-tasks.ts'
import type { ReadableGlobals } from './readable-globals.ts'
import { openTaskStores } from '../state/task-stores/open-task-stores.ts'
import type { StateDirectory } from '../state/directory/state-directory.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import { GivenUpRecords } from './given-up-records.ts'
import type { BackPressure } from './back-pressure.ts'
import type { ProducerPool } from './producer-pool.ts'
import { RecordOrigins } from './record-origins.ts'
import type { SinkTopics } from './sink.ts'
import { Task } from './task.ts'
import type { TaskInput } from './task-options.ts'
import { type AssignedTask, compareTasks, type TaskId, taskName } from '../task-id.ts'

export interface TaskSetOptions {
  /** As of now: which topics a pattern matches may change between two assignments. */
  readonly plan: () => Plan
  readonly options: ResolvedOptions
  readonly client: KafkaClient
  readonly admin: Admin
  readonly consumer: GroupConsumer
  readonly backPressure: BackPressure
  readonly producers: ProducerPool
  readonly restorer: Restorer
  readonly directory: StateDirectory
  readonly onDisk: Map<string, number>
  readonly standbys: StandbyTasks
  readonly globals: ReadableGlobals
  readonly topics: SinkTopics & { readonly deadLetterPartitions: number; readonly deadLetterBytes: number }
  readonly progress: ProgressSign
  readonly metrics: Metrics
  /** A task could not be made, for a reason that does not go away. */
  readonly onError: (error: unknown) => void
  /** A task has become able to run, or one less is on its way. */
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
  /** By operator and kind, how often records that were left out were warned of. */
  #saidHeld = false
  readonly #warned = new Map<string, number>()
  /** No record is taken: an eager client has given everything back, and waits for what it is to have. */
  suspended = false

  constructor(options: TaskSetOptions) {
    this.#options = options
  }

  /** Tasks that process records, in order of their ids. */
  get running(): readonly Task[] {
    return [...this.#running.values()].sort((a, b) => compareTasks(a.id, b.id))
  }

  /** By name, how far the state of tasks is that are on their way. */
  get restoring(): ReadonlyMap<string, number> {
    return new Map([...this.#starting].map(([name, starting]) => [name, this.#positionOf(name, starting)] as const))
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
    const { task: name, node, topic, partition, offset, late } = this.#origins.of(origin)
    const { onBadRecord } = this.#options.options
    const givenUp = this.#givenUp
    const at = topic === null || late ? undefined : { topic, partition }
    const known = at !== undefined && givenUp.find(at, offset) !== undefined
    const task = this.#running.get(name)
    const careful = at === undefined && (givenUp.carefulUntil(name) !== undefined || task === undefined)
    // What is known already is a record whose copy in the dead-letter topic is refused.
    if (onBadRecord === 'fail' || known || careful) {
      throw millraceError(
        'MILLRACE_PROCESSING_FAILED',
        { operator: node, topic: topic ?? '(none)', partition, offset, task: name, reason: reasonOf(reason) },
        { cause: reason, ...(isMillraceError(reason) && { hint: reason.hint }) },
      )
    }
    if (at !== undefined) givenUp.add(at, offset, { node, reason })
    else {
      const positions = task!.queues.map(queue => ({
        topic: queue.topic,
        partition: queue.partition,
        position: queue.position,
      }))
      givenUp.beCareful(name, positions)
    }
    return new GivenUpLate(name, reason)
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
      const abort = new AbortController()
      const done = this.#startTask(id, partitions, gate, abort.signal)
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

  async #startTask(
    id: TaskId,
    partitions: readonly TopicPartition[],
    gate: RestoreGate,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, logger } = this.#options.options
    const name = taskName(id)
    let said: string | undefined
    for (let attempt = 1; ; attempt++) {
      try {
        const task = await this.#make(id, partitions, gate, signal)
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
        this.#options.backPressure.begin(partitions)
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

  async #make(
    id: TaskId,
    partitions: readonly TopicPartition[],
    gate: RestoreGate,
    signal: AbortSignal,
  ): Promise<Task> {
    const { producers } = this.#options
    const name = taskName(id)
    const subTopology = this.#options.plan().subTopologies.find(candidate => candidate.id === id.subTopology)!
    let stores: TaskStores | undefined
    let atGate = false
    try {
      // The producer first: with a transactional id of the task its init ends what the previous owner left open, and what is
      // committed without markers. Offsets that somebody else holds are waited for.
      const producer = await producers.acquire(id)
      const inputs = await this.#positions(partitions)
      this.#passes(name)
      stores = (await this.#options.standbys.take(name)) ?? (await openTaskStores(this.#options, id))
      this.#opened(name, stores)
      atGate = true
      const processed = inputs.map(({ topic, partition, position }) => ({ topic, partition, offset: position }))
      await gate.restore({ task: name, partition: id.partition, stores, processed, signal })
      signal.throwIfAborted()
      const task = this.#construct(id, subTopology, stores, producer)
      await task.start(inputs)
      return task
    } catch (error) {
      if (!atGate) gate.giveUp()
      await stores?.close()
      this.#opened(name, undefined)
      await producers.release(name)
      throw error
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

  #construct(id: TaskId, subTopology: Plan['subTopologies'][number], stores: TaskStores, producer: Producer): Task {
    const { options, metrics, topics } = this.#options
    const plan = this.#options.plan()
    return new Task({
      id,
      plan,
      subTopology,
      applicationId: options.applicationId,
      producer,
      topics,
      stores,
      globals: this.#options.globals,
      clock: options.clock,
      givenUp: this.#givenUp,
      origins: this.#origins,
      guarantee: options.processingGuarantee,
      policy: recordPolicy({
        onBadRecord: options.onBadRecord,
        logger: options.logger,
        metrics,
        producer,
        deadLetterPartitions: topics.deadLetterPartitions,
        deadLetterBytes: topics.deadLetterBytes,
        clock: options.clock,
        warned: this.#warned,
      }),
      timestampExtractor: options.timestampExtractor,
      onBadTimestamp: options.onBadTimestamp,
      maxTaskIdleMs: options.maxTaskIdleMs,
      emitIntervalMs: options.emitIntervalMs,
      processingTimeoutMs: options.processingTimeoutMs,
      progress: this.#options.progress,
      idleAdvanceMs: options.idleAdvanceMs,
      endsOf: partitions => this.#endsOf(partitions),
      onHeld: (operator, idleMs) => this.#sayHeld(operator, taskName(id), idleMs),
      wakeup: () => this.#options.consumer.wakeup(),
    })
  }

  /** Once in a process: that no later record comes is an ordinary evening, and a puzzle on the first day. */
  #sayHeld(operator: string, task: string, idleMs: number): void {
    if (this.#saidHeld) return
    this.#saidHeld = true
    this.#options.options.logger.info({ operator, task, idleMs }, HELD)
  }

  /** Where each partition goes on: from what the group has committed, else by the reset policy. */
  async #positions(partitions: readonly TopicPartition[]): Promise<readonly TaskInput[]> {
    const { consumer, admin, options } = this.#options
    const [committed, earliest, latest] = await Promise.all([
      consumer.committed(partitions),
      admin.earliestOffsets(partitions),
      admin.latestOffsets(partitions),
    ])
    const resetOf = resetPolicies(this.#options.plan(), options)
    const since = partitions.flatMap(({ topic, partition }) => {
      const reset = resetOf(topic)
      return typeof reset === 'object'
        ? [{ topic, partition, timestamp: Math.max(0, options.clock.now() - reset.backMs) }]
        : []
    })
    const sinceOffsets = since.length === 0 ? [] : await admin.offsetsForTimes(since)
    return partitions.map(({ topic, partition }) => {
      const same = (entry: TopicPartition) => entry.topic === topic && entry.partition === partition
      const end = offsetAt(latest, same)
      const first = offsetAt(earliest, same)
      const known = committed.find(same)
      const reset = resetOf(topic)
      const start = reset === 'earliest' ? first : (sinceOffsets.find(same)?.offset ?? end)
      // Offsets outside the log are left from a topic that was deleted, or that has lost records to retention.
      const usable = known !== undefined && known.offset >= first && known.offset <= end
      if (!usable && reset === 'none') {
        const committed = known?.offset ?? 'none'
        throw millraceError('MILLRACE_OFFSET_RESET_NONE', { topic, partition, committed, earliest: first, latest: end })
      }
      if (known !== undefined && !usable) {
        const fields = { topic, partition, committed: known.offset, earliest: first, latest: end, startsAt: start }
        options.logger.warn(
          fields,
          'the committed offset is out of range: the partition starts according to offsetReset',
        )
      }
      return {
        topic,
        partition,
        position: usable ? known.offset : start,
        partitionTime: usable ? decodePartitionTime(known.metadata) : -1,
        closeTimes: decodeCloseTimes(usable ? known.metadata : undefined),
        end,
      }
    })
  }

  async #endsOf(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[] | undefined> {
    const { admin, options } = this.#options
    try {
      return await admin.latestOffsets(partitions.map(({ topic, partition }) => ({ topic, partition })))
    } catch (error) {
      if (!isMillraceError(error, 'retriable')) throw error
      options.logger.debug({ error }, 'cannot determine whether the inputs are idle: stream time does not advance')
      return undefined
    }
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

const HELD =
  'results are held back until a later record moves stream time on, and none has come for a while: idleAdvanceMs lets windows close by the wall clock'

function offsetAt(offsets: readonly TopicPartitionOffset[], same: (entry: TopicPartition) => boolean): number {
  return offsets.find(same)?.offset ?? 0
}

/** How a topic, by real name, is started where no offset is committed. */
function resetPolicies(plan: Plan, options: ResolvedOptions): (topic: string) => OffsetReset {
  const real = topicNaming(plan, options.applicationId)
  const policies = new Map(
    plan.nodes.flatMap(node => {
      if (node.kind !== 'source' || node.offsetReset === undefined) return []
      const { offsetReset } = node
      return node.topics.map(topic => [real(topic), offsetReset] as const)
    }),
  )
  // Nobody but the application writes its repartition topics, so they are read from the beginning.
  const repartition = new Set(plan.repartitionTopics.map(({ name }) => real(name)))
  return topic => (repartition.has(topic) ? 'earliest' : (policies.get(topic) ?? options.offsetReset))
}

function partitionsByTask(tasks: readonly AssignedTask[]): ReadonlyMap<string, readonly TopicPartition[]> {
  return new Map(tasks.map(({ id, partitions }) => [taskName(id), partitions]))
}

function samePartitions(wanted: readonly TopicPartition[] | undefined, had: readonly TopicPartition[]): boolean {
  if (wanted?.length !== had.length) return false
  return wanted.every(({ topic, partition }) => had.some(own => own.topic === topic && own.partition === partition))
}
