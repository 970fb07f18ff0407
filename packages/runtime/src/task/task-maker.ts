import {
  type Admin,
  type GroupConsumer,
  isMillraceError,
  type Plan,
  type Producer,
  type ProgressSign,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { ThreadMeters } from '../observe/thread-meters.ts'
import { recordPolicy } from '../policy/record-policy.ts'
import type { RestoreGate } from '../restore/restore-gate.ts'
import type { StandbyTasks } from '../restore/standby-tasks.ts'
import type { StateDirectory } from '../state/directory/state-directory.ts'
import { openTaskStores } from '../state/task-stores/open-task-stores.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import { type AssignedTask, type TaskId, taskName } from '../task-id.ts'
import type { GivenUpRecords } from './given-up-records.ts'
import type { ProducerPool } from './producer-pool.ts'
import type { ReadableGlobals } from './readable-globals.ts'
import type { RecordOrigins } from './record-origins.ts'
import type { SinkTopics } from './sink.ts'
import { startPositions } from './start-positions.ts'
import { Task } from './task.ts'

export interface TaskMakerOptions {
  /** As of now: the topics that a pattern matches may change between two assignments. */
  readonly plan: () => Plan
  readonly options: ResolvedOptions
  readonly admin: Admin
  readonly consumer: GroupConsumer
  readonly producers: ProducerPool
  readonly directory: StateDirectory
  /** By task, how far the state is that it left on disk. */
  readonly onDisk: Map<string, number>
  readonly standbys: StandbyTasks
  readonly globals: ReadableGlobals
  readonly topics: SinkTopics & { readonly deadLetterPartitions: number; readonly deadLetterBytes: number }
  readonly progress: ProgressSign
  readonly metrics: Metrics
  readonly thread: ThreadMeters
  readonly givenUp: GivenUpRecords
  readonly origins: RecordOrigins
}

/** How far the making of a task is. */
export interface MakingProgress {
  /** From here on neither a standby nor the disk has the task's state, until its stores are open. */
  takesStores(): void
  /** Undefined: they are closed again. */
  hasStores(stores: TaskStores | undefined): void
}

/** Makes tasks: producer, positions, stores, restore, `init`. */
export class TaskMaker {
  readonly #options: TaskMakerOptions
  /** By operator and kind: how often a warning of records that were left out was logged. */
  readonly #warned = new Map<string, number>()
  #saidHeld = false

  constructor(options: TaskMakerOptions) {
    this.#options = options
  }

  /**
   * @param gate all tasks that are made together restore together
   * @throws what prevents it; everything that it had taken has then been given back
   */
  async make(
    { id, partitions }: AssignedTask,
    gate: RestoreGate,
    signal: AbortSignal,
    progress: MakingProgress,
  ): Promise<Task> {
    const { producers, standbys, plan } = this.#options
    const name = taskName(id)
    const subTopology = plan().subTopologies.find(candidate => candidate.id === id.subTopology)!
    let stores: TaskStores | undefined
    let atGate = false
    try {
      // The producer first: with a transactional id of the task its init ends what the previous owner left open, and what is
      // committed without markers. Offsets that somebody else holds are waited for.
      const producer = await producers.acquire(id)
      const inputs = await startPositions(this.#options, partitions)
      progress.takesStores()
      stores = (await standbys.take(name)) ?? (await openTaskStores(this.#options, id))
      progress.hasStores(stores)
      atGate = true
      const processed = inputs.map(({ topic, partition, position }) => ({ topic, partition, offset: position }))
      await gate.restore({ task: name, partition: id.partition, stores, processed, signal })
      signal.throwIfAborted()
      const task = this.#construct(id, subTopology, stores, producer)
      await task.start(inputs)
      this.#options.thread.taskCreated.record()
      return task
    } catch (error) {
      if (!atGate) gate.giveUp()
      await stores?.close()
      progress.hasStores(undefined)
      await producers.release(name)
      throw error
    }
  }

  #construct(id: TaskId, subTopology: Plan['subTopologies'][number], stores: TaskStores, producer: Producer): Task {
    const { options, metrics, thread, topics, globals, givenUp, origins, progress, consumer } = this.#options
    const plan = this.#options.plan()
    return new Task({
      id,
      plan,
      subTopology,
      applicationId: options.applicationId,
      producer,
      topics,
      stores,
      globals,
      clock: options.clock,
      givenUp,
      origins,
      guarantee: options.processingGuarantee,
      policy: dropped =>
        recordPolicy({
          onBadRecord: options.onBadRecord,
          logger: options.logger,
          metrics,
          dropped,
          producer,
          deadLetterPartitions: topics.deadLetterPartitions,
          deadLetterBytes: topics.deadLetterBytes,
          clock: options.clock,
          warned: this.#warned,
        }),
      thread,
      tracer: options.tracer,
      metricsRecordingLevel: options.metricsRecordingLevel,
      timestampExtractor: options.timestampExtractor,
      onBadTimestamp: options.onBadTimestamp,
      maxTaskIdleMs: options.maxTaskIdleMs,
      emitIntervalMs: options.emitIntervalMs,
      processingTimeoutMs: options.processingTimeoutMs,
      progress,
      idleAdvanceMs: options.idleAdvanceMs,
      endsOf: partitions => this.#endsOf(partitions),
      onHeld: (operator, idleMs) => this.#sayHeld(operator, taskName(id), idleMs),
      wakeup: () => consumer.wakeup(),
    })
  }

  /** Once in a process: that no later record comes is an ordinary evening, and a puzzle on the first day. */
  #sayHeld(operator: string, task: string, idleMs: number): void {
    if (this.#saidHeld) return
    this.#saidHeld = true
    this.#options.options.logger.info({ operator, task, idleMs }, HELD)
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
}

const HELD =
  'results are held back until a later record moves stream time on, and none has come for a while: idleAdvanceMs lets windows close by the wall clock'
