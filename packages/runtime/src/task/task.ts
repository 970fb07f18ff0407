import {
  advanceLags,
  type CommittedOffset,
  type FetchedBatch,
  isMillraceError,
  type Producer,
  PROGRESS_OVERDUE,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { encodeCommitMetadata } from './commit-metadata.ts'
import type { Pause } from '../state/pause.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import { timestampInstead } from './bad-timestamp.ts'
import { changelogWriter } from './changelog-writer.ts'
import { type CompiledTopology, compileTopology } from './compile-topology.ts'
import { GuardedTurn } from './guarded-turn.ts'
import { InFlight, type Owed } from './in-flight.ts'
import { InputQueues } from './input-queues.ts'
import { showKey } from './key-identity.ts'
import { LookAheadReader } from './look-ahead.ts'
import { PartitionQueue } from './partition-queue.ts'
import { prepareSerdes } from './prepare-serdes.ts'
import { ProcessingLimit } from './processing-limit.ts'
import { PlainTurn, RECORDS_PER_LOOK_AT_CLOCK, type TurnOptions } from './plain-turn.ts'
import { RecordContext } from './record-context.ts'
import { RecordFailures } from './record-failures.ts'
import { StreamTimeAdvance } from './stream-time-advance.ts'
import { StoreMeters } from './metered-stores.ts'
import { TaskMeters } from './task-meters.ts'
import { TimedWork } from './timed-work.ts'
import { type TaskId, taskName } from '../task-id.ts'
import type { TaskInput, TaskOptions } from './task-options.ts'

/** A turn ends after this many records or this time, so that other tasks, the group and the commit have theirs. */
const RECORDS_PER_TURN = 8192
const TURN_MS = 100
/** In a short turn, whose time the usual number of records between two reads of the clock may exceed. */
const RECORDS_PER_LOOK_IN_SHORT_TURN = 16

/**
 * One partition of one sub-topology: its input queues, its stores, and the compiled functions between them. Everything in
 * it happens one after another.
 */
export class Task {
  readonly id: TaskId
  readonly name: string
  readonly stores: TaskStores
  readonly producer: Producer
  readonly context: RecordContext
  readonly meters: TaskMeters
  commitRequested = false
  /** Records processed since the task was made. */
  processed = 0
  readonly #options: TaskOptions
  readonly #queues: InputQueues
  readonly #limit: ProcessingLimit
  readonly #failures: RecordFailures
  readonly #timed: TimedWork
  readonly #lookAhead: LookAheadReader
  readonly #closeTimes = new Map<string, number>()
  /** Next offsets of the topics that the task writes, as acknowledged since the last commit. */
  readonly #acknowledged = new Map<string, number>()
  /** Undefined if the topology has no asynchronous operator. */
  #inFlight: InFlight | undefined
  #streamTime: StreamTimeAdvance | undefined
  #topology: CompiledTopology | undefined
  #dirty = false
  readonly #onChange = () => {
    this.#dirty = true
  }
  /** Undefined if records may be taken back, or the topology has an asynchronous operator. */
  #plainTurn: PlainTurn | undefined
  #guardedTurn: GuardedTurn | undefined
  /** During a turn: `inputs` as of its begin, because the record at hand is not finished. */
  #inputsBefore: readonly TopicPartitionOffset[] | undefined

  constructor(options: TaskOptions) {
    this.#options = options
    this.id = options.id
    this.name = taskName(options.id)
    this.stores = options.stores
    this.producer = options.producer
    const { clock, processingTimeoutMs: timeoutMs, progress } = options
    this.#limit = new ProcessingLimit({ clock, timeoutMs, progress })
    // The policy counts in a sensor of the task, whose meters read the context.
    const policy = options.policy(() => this.meters.dropped)
    this.context = new RecordContext(this.name, options.applicationId, policy, this.#limit, options.origins)
    this.context.showKey = () => this.#showKey()
    const { context } = this
    this.meters = new TaskMeters({
      thread: options.thread,
      task: this.name,
      level: options.metricsRecordingLevel,
      context,
      clock,
      stores: this.stores,
      queues: () => this.queues,
    })
    const limit = this.#limit
    const failures = new RecordFailures({ ...options, task: this.name, context, limit })
    this.#failures = failures
    this.#timed = new TimedWork({
      clock,
      context,
      stores: this.stores,
      limit,
      failures,
      meters: this.meters,
      onChange: this.#onChange,
    })
    this.#queues = new InputQueues(options)
    this.#lookAhead = new LookAheadReader(options.stores)
  }

  /** After the stores have been restored: compiles the sub-topology and runs the user's `init`. */
  async start(inputs: readonly TaskInput[]): Promise<void> {
    const { clock, stores, plan, idleAdvanceMs, onBadTimestamp } = this.#options
    const { partition } = this.id
    const { subTopology, topics } = this.#options
    await prepareSerdes({ plan, subTopology, stores: stores.plans, decorate: topic => topics.decorate(topic) })
    await stores.start(this.context, store =>
      changelogWriter(store, { producer: this.#failures.held ?? this.producer, partition, context: this.context }),
    )
    for (const [store, time] of inputs.flatMap(({ closeTimes }) => [...closeTimes])) {
      this.#closeTimes.set(store, Math.max(time, this.#closeTimes.get(store) ?? time))
    }
    const storeMeters = new StoreMeters({ meters: this.meters.meters, context: this.context, clock })
    if (this.meters.meters.records('store.get')) this.#measureStores(storeMeters)
    const inFlight: InFlight = new InFlight({
      clock,
      context: this.context,
      wakeup: this.#options.wakeup,
      pass: (record, run) => this.#failures.pass(record, run, unit => inFlight.drop(unit)),
    })
    const topology = compileTopology({
      ...this.#options,
      producer: this.#failures.held ?? this.producer,
      context: this.context,
      meters: this.meters.records,
      storeMeters,
      tracer: this.#options.tracer?.task({ applicationId: this.#options.applicationId, taskId: this.name }),
      inFlight,
      closeTimes: this.#closeTimes,
      schedule: (node, intervalMs, type, callback) =>
        this.#timed.punctuations.add(node, type, intervalMs, callback, clock.monotonic()),
      requestCommit: () => {
        this.commitRequested = true
      },
      wallClock: () => clock.now(),
      monotonic: () => clock.monotonic(),
      advanceLags: idleAdvanceMs === undefined ? undefined : advanceLags(plan, idleAdvanceMs),
    })
    this.#topology = topology
    if (inFlight.used) this.#inFlight = inFlight
    const turn: TurnOptions = {
      queues: this.queues,
      topology,
      context: this.context,
      limit: this.#limit,
      lookAhead: this.#lookAhead,
      clock,
      task: this,
      failures: this.#failures,
    }
    const { givenUp } = this.#options
    this.#guardedTurn = new GuardedTurn({ ...turn, stores, givenUp, timed: this.#timed, inFlight: this.#inFlight })
    if (!inFlight.used && this.#failures.held === undefined) this.#plainTurn = new PlainTurn(turn)
    this.#streamTime = new StreamTimeAdvance({
      ...this.#options,
      topology,
      context: this.context,
      queues: this.queues,
      failures: this.#failures,
      closeTimes: this.#closeTimes,
      isSettled: () => !this.needsCommit && (this.#inFlight?.size ?? 0) === 0,
      onChange: this.#onChange,
    })
    for (const input of inputs) {
      const queue = new PartitionQueue({
        ...input,
        source: topology.sources.get(input.topic)!,
        badTimestamp: (at, cursor, error) =>
          timestampInstead(at, error, cursor, { context: this.context, onBadTimestamp }),
      })
      this.#queues.all.push(queue)
      this.meters.watch(queue)
    }
    this.stores.startAt(this.inputs)
    this.context.streamTime = Math.max(-1, ...inputs.map(({ partitionTime }) => partitionTime))
    this.context.clear(-1)
    await topology.init()
    this.context.undo?.clear()
  }

  get queues(): readonly PartitionQueue[] {
    return this.#queues.all
  }

  /** The input that is processed and finished, uncommitted records included: the next offset of each partition. */
  get inputs(): readonly TopicPartitionOffset[] {
    return (
      this.#inputsBefore ??
      this.queues.map(({ topic, partition, position }) => ({
        topic,
        partition,
        offset: position,
        ...this.#unfinished({ topic, partition }),
      }))
    )
  }

  /** The same for committed records only, as far as the backend shows them. */
  get committedInputs(): readonly TopicPartitionOffset[] {
    // With nothing to commit, the positions may have moved past control records alone, which no commit says.
    const nothingNew = !this.needsCommit && this.#inputsBefore === undefined && this.stores.isWritten
    return nothingNew ? this.inputs : this.stores.inputs
  }

  enqueue(batch: FetchedBatch): PartitionQueue | undefined {
    return this.#queues.enqueue(batch)
  }

  /** What asynchronous operators have under way; undefined where the topology has none. */
  get calls(): Pick<InFlight, 'size' | 'atWork' | 'dueAt'> | undefined {
    return this.#inFlight
  }

  /** User functions that the task's loop waits for. */
  get waiting(): number {
    return this.#limit.waiting
  }

  /** Whether a turn would do anything now. */
  canProcess(): boolean {
    return this.#inFlight?.hasWork === true || this.#canTake()
  }

  #canTake(): boolean {
    return this.#inFlight?.full !== true && this.#queues.canTake()
  }

  /**
   * Processes what is buffered, oldest timestamp first, up to a turn's worth or `limit`, and passes on what asynchronous
   * operators have finished. True when anything was done.
   */
  async process(limit = RECORDS_PER_TURN, turnMs = TURN_MS): Promise<boolean> {
    this.#inputsBefore = this.inputs
    this.context.wallTime = this.#options.clock.now()
    try {
      return await this.#turn(limit, turnMs)
    } finally {
      this.#inputsBefore = undefined
    }
  }

  async #turn(limit: number, turnMs: number): Promise<boolean> {
    const inFlight = this.#inFlight
    const delivered = inFlight !== undefined && (await this.#deliver(inFlight))
    if (inFlight !== undefined && !this.#canTake()) return delivered
    const { clock, givenUp } = this.#options
    // Whatever has blocked the thread between two turns was not a function of this task.
    if (this.#limit.progress[PROGRESS_OVERDUE] !== 0) this.#limit.over()
    if (this.#streamTime!.resumes) await this.#streamTime!.resume()
    const enforced = this.queues.some(queue => !queue.hasHead())
    const ends = clock.monotonic() + turnMs
    const perLook = turnMs < TURN_MS ? RECORDS_PER_LOOK_IN_SHORT_TURN : RECORDS_PER_LOOK_AT_CLOCK
    await this.#lookAhead.prepare(this.queues, this.#topology!)
    const plain = this.stores.expires || this.#failures.careful || givenUp.any ? undefined : this.#plainTurn
    const { count, expired } =
      plain === undefined
        ? await this.#guardedTurn!.run(limit, { ends, perLook })
        : { count: await plain.run(limit, { ends, perLook }), expired: false }
    this.meters.turned(count, enforced)
    if (count > 0) {
      this.#streamTime!.interrupt()
      this.#dirty = true
      this.processed += count
    }
    return count > 0 || delivered || expired
  }

  async #deliver(inFlight: InFlight): Promise<boolean> {
    const delivered = await inFlight.deliver()
    if (delivered) {
      this.#streamTime!.interrupt()
      this.#dirty = true
    }
    return delivered
  }

  /** Runs punctuations that are due, and deletes store entries that have expired. True when there were any. */
  punctuate(): Promise<boolean> {
    return this.#timed.run()
  }

  /** Advances stream time while the inputs are idle, see `StreamTimeAdvance`. True when anything was done. */
  advance(): Promise<boolean> {
    return this.#streamTime!.advance()
  }

  /** In how many milliseconds there is something to do even if no record comes; 0 or less when there is now. */
  dueIn(): number {
    const { clock } = this.#options
    const advance = this.#streamTime?.nextDue ?? Number.POSITIVE_INFINITY
    const next = Math.min(advance, this.#inFlight?.dueAt ?? Number.POSITIVE_INFINITY)
    return Math.min(next - clock.monotonic(), this.#timed.dueIn())
  }

  get needsCommit(): boolean {
    return this.#dirty || this.stores.hasChanges
  }

  /**
   * Emits and logs what the stores hold back. After it the producer has everything that belongs to the commit: of asynchronous
   * operators all that is `owed`, for which it waits.
   *
   * @throws MILLRACE_ASYNC_UNFINISHED at the time `until`
   */
  async prepareCommit(owed: Owed, until?: number, pause?: Pause): Promise<void> {
    this.context.wallTime = this.#options.clock.now()
    for (;;) {
      await this.#failures.flush(this.queues, pause)
      // What was flushed may have begun calls, and what they came to may have changed stores.
      if (this.#inFlight?.owes(owed) !== true) return
      await this.#inFlight.drain(owed, until)
    }
  }

  /** Has the changelogs say again what they said at the last commit: of what was sent since then a transaction says nothing. */
  async relog(): Promise<void> {
    this.context.clear(this.context.streamTime)
    await this.stores.relog()
  }

  /** Waits until asynchronous operators have nothing under way, but not past the time `until`; passes on what they finish. */
  async finishCalls(until: number): Promise<void> {
    if (this.#inFlight === undefined || this.#inFlight.size === 0) return
    this.#dirty = true
    try {
      await this.#inFlight.drain('all', until)
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'MILLRACE_ASYNC_UNFINISHED') throw error
    }
  }

  /** What to commit: for each input, the offset after its last processed record, and none past one that is not finished. */
  offsets(): readonly CommittedOffset[] {
    return this.queues.map(({ topic, partition, position, leaderEpoch, partitionTime }) => ({
      topic,
      partition,
      offset: position,
      ...(leaderEpoch !== undefined && leaderEpoch >= 0 && { leaderEpoch }),
      metadata: encodeCommitMetadata(partitionTime, this.#closeTimes),
      ...this.#unfinished({ topic, partition }),
    }))
  }

  /** What the producer has written: next offsets, of which those of this task's partition count, from the next commit on. */
  acknowledged(offsets: readonly TopicPartitionOffset[]): void {
    for (const { topic, partition, offset } of offsets) {
      if (partition === this.id.partition) this.#acknowledged.set(topic, offset)
    }
  }

  /** After the commit has succeeded. */
  async committed(pause?: Pause): Promise<void> {
    const read = this.queues.map(({ topic, position }) => [topic, position] as const)
    // For stores whose changelog is a source topic: what was processed of it is in them.
    await this.stores.persist(new Map([...read, ...this.#acknowledged]), this.inputs, pause)
    this.#failures.committed(this.queues)
    this.#acknowledged.clear()
    this.#dirty = false
    this.commitRequested = false
  }

  /** Runs the user's `close` and gives the stores back. Without a commit before it, uncommitted changes are dropped. */
  async close(options: { readonly runUserClose: boolean }): Promise<void> {
    this.#inFlight?.abandon()
    this.#limit.close()
    try {
      if (options.runUserClose) await this.#topology?.close()
    } finally {
      this.meters.closed()
      await this.stores.close()
    }
  }

  #measureStores(meters: StoreMeters): void {
    const { stores } = this
    for (const { plan } of stores.plans)
      if (plan.suppression !== true) meters.add(plan, stores.typeOf(plan), stores.buffer(plan.name))
    const { clock } = this.#options
    stores.measureFlush = async (store, flush) => {
      const began = clock.monotonic()
      await flush()
      meters.committed(store, clock.monotonic() - began)
    }
  }

  /** Takes an offset back to the oldest record that is not finished. */
  #unfinished(partition: TopicPartition): { offset: number } | undefined {
    const offset = this.#inFlight?.oldestOffset(partition)
    return offset === undefined ? undefined : { offset }
  }

  #showKey(): string {
    const { topic, cursor } = this.context
    const source = topic === null ? undefined : this.#topology?.sources.get(topic)
    if (source === undefined || cursor === undefined || cursor.keyStart < 0) return 'null'
    const { keyBytes, keyStart, keyEnd } = cursor
    try {
      return showKey(source.readKey(keyBytes, keyStart, keyEnd))
    } catch {
      return showKey(keyBytes.subarray(keyStart, keyEnd))
    }
  }
}
