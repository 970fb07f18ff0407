import {
  advanceLags,
  type CommittedOffset,
  type FetchedBatch,
  isMillraceError,
  isPromise,
  millraceError,
  type Producer,
  PROGRESS_OVERDUE,
  PROGRESS_RECORDS,
  reasonOf,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { encodeCommitMetadata } from './commit-metadata.ts'
import { GivenUpLate, RecordGivenUp } from '../policy/given-up.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'
import { timestampInstead } from './bad-timestamp.ts'
import { changelogWriter } from './changelog-writer.ts'
import { type CompiledTopology, compileTopology } from './compile-topology.ts'
import { HeldOutput } from './held-output.ts'
import { HeldResults } from './held-results.ts'
import { IdleTime } from './idle-time.ts'
import { InFlight, type Owed } from './in-flight.ts'
import { showKey } from './key-identity.ts'
import { LookAheadReader } from './look-ahead.ts'
import { PartitionQueue } from './partition-queue.ts'
import { prepareSerdes } from './prepare-serdes.ts'
import { ProcessingLimit } from './processing-limit.ts'
import { PlainTurn, RECORDS_PER_LOOK_AT_CLOCK } from './plain-turn.ts'
import { Punctuations } from './punctuation.ts'
import { RecordContext } from './record-context.ts'
import { type RecordSnapshot, returnTo } from './record-snapshot.ts'
import { type TaskId, taskName } from '../task-id.ts'
import type { TaskInput, TaskOptions } from './task-options.ts'

/**
 * A partition that has run empty though its end lies further on is waited for this long at least: its fetch is under way, or
 * the broker does not answer.
 */
const MISSING_DATA_PATIENCE_MS = 5_000

/** Under this name goes, with the times of stores, how far stream time has moved on without records. No store has it. */
const ADVANCED = '#advanced'

/** This many records are processed, or for this long, before other tasks, the group and the commit have their turn. */
const RECORDS_PER_TURN = 8192
const TURN_MS = 100
/** This many entries of a store are looked at for having expired, before others have their turn. */
const EXPIRIES_PER_TURN = 4096

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
  commitRequested = false
  /** Records processed since the task was made. */
  processed = 0
  readonly #options: TaskOptions
  readonly #punctuations: Punctuations
  /** What records send, while they may be given up. */
  readonly #held: HeldOutput | undefined
  readonly #queues: PartitionQueue[] = []
  readonly #limit: ProcessingLimit
  readonly #lookAhead: LookAheadReader
  readonly #closeTimes = new Map<string, number>()
  /** Stream time has still to be taken to where it was before the start. */
  #resumes = false
  /** Where the logs that it writes go on, as of what no commit has taken in yet. */
  readonly #acknowledged = new Map<string, number>()
  /** Undefined where the topology has no operator that needs it. */
  #inFlight: InFlight | undefined
  /** Undefined where stream time moves on with records only. */
  #idle: IdleTime | undefined
  /** Undefined where no operator keeps results back, or stream time moves on by itself. */
  #heldResults: HeldResults | undefined
  #topology: CompiledTopology | undefined
  #dirty = false
  /** Caches are flushed after each record, see `GivenUpRecords`. */
  #careful: boolean
  #idleSince: number | undefined
  #plainTurn: PlainTurn | undefined

  constructor(options: TaskOptions) {
    this.#options = options
    this.id = options.id
    this.name = taskName(options.id)
    this.stores = options.stores
    this.producer = options.producer
    const { clock, processingTimeoutMs: timeoutMs, progress } = options
    this.#limit = new ProcessingLimit({ clock, timeoutMs, progress })
    this.context = new RecordContext(this.name, options.applicationId, options.policy, this.#limit, options.origins)
    this.context.showKey = () => this.#showKey()
    this.#careful = options.givenUp.carefulUntil(this.name) !== undefined
    const { undo } = this.context
    this.#punctuations = new Punctuations(undo)
    this.#held = undo === undefined ? undefined : new HeldOutput(options.producer)
    this.context.held = this.#held
    this.#lookAhead = new LookAheadReader(options.stores)
  }

  /** After the stores have been restored: compiles the sub-topology and runs the user's `init`. */
  async start(inputs: readonly TaskInput[]): Promise<void> {
    const { clock, stores, plan, idleAdvanceMs, emitIntervalMs, endsOf, onBadTimestamp } = this.#options
    const { partition } = this.id
    const { subTopology, topics } = this.#options
    await prepareSerdes({ plan, subTopology, stores: stores.plans, decorate: topic => topics.decorate(topic) })
    await stores.start(this.context, store =>
      changelogWriter(store, { producer: this.#held ?? this.producer, partition, context: this.context }),
    )
    for (const [store, time] of inputs.flatMap(({ closeTimes }) => [...closeTimes])) {
      this.#closeTimes.set(store, Math.max(time, this.#closeTimes.get(store) ?? time))
    }
    const inFlight = new InFlight({
      clock,
      context: this.context,
      wakeup: this.#options.wakeup,
      pass: (record, run) => this.#pass(record, run),
    })
    const topology = compileTopology({
      ...this.#options,
      producer: this.#held ?? this.producer,
      context: this.context,
      inFlight,
      closeTimes: this.#closeTimes,
      schedule: (node, intervalMs, type, callback) =>
        this.#punctuations.add(node, type, intervalMs, callback, clock.monotonic()),
      requestCommit: () => {
        this.commitRequested = true
      },
      wallClock: () => clock.now(),
      monotonic: () => clock.monotonic(),
      advanceLags: idleAdvanceMs === undefined ? undefined : advanceLags(plan, idleAdvanceMs),
    })
    this.#topology = topology
    if (inFlight.used) this.#inFlight = inFlight
    else if (this.#held === undefined) {
      this.#plainTurn = new PlainTurn({
        queues: this.#queues,
        topology,
        context: this.context,
        limit: this.#limit,
        lookAhead: this.#lookAhead,
        clock,
        task: this,
        oldest: () => this.#oldest(),
        overdue: queue => this.#overdue(queue),
        giveUp: (queue, error) => this.#giveUp(queue, error),
      })
    }
    if (idleAdvanceMs !== undefined && topology.advances) {
      this.#idle = new IdleTime({ clock, idleAdvanceMs, emitIntervalMs, endsOf })
    }
    if (idleAdvanceMs === undefined && topology.holdsBackMs > 0) {
      const heldBy = () => topology.heldBy()
      this.#heldResults = new HeldResults({
        clock,
        holdsBackMs: topology.holdsBackMs,
        heldBy,
        onHeld: this.#options.onHeld,
      })
    }
    for (const input of inputs) {
      this.#queues.push(
        new PartitionQueue({
          ...input,
          source: topology.sources.get(input.topic)!,
          badTimestamp: (queue, cursor, error) =>
            timestampInstead(queue, error, cursor, { context: this.context, onBadTimestamp }),
        }),
      )
    }
    this.context.streamTime = Math.max(-1, ...inputs.map(({ partitionTime }) => partitionTime))
    this.context.clear(-1)
    await topology.init()
    this.context.undo?.clear()
    this.#resumes = this.#idle !== undefined
  }

  /**
   * Results that were final before a restart are final after it: stream time continues from where it was. Only in the task's turn, since a
   * task starts while others commit, and their producer may be this one's.
   */
  async #resume(): Promise<boolean> {
    this.#resumes = false
    return this.#advanceTo(this.context.streamTime, this.#closeTimes.get(ADVANCED) ?? -1)
  }

  get queues(): readonly PartitionQueue[] {
    return this.#queues
  }

  enqueue(batch: FetchedBatch): PartitionQueue | undefined {
    const queue = this.#queues.find(({ topic, partition }) => topic === batch.topic && partition === batch.partition)
    queue?.add(batch)
    return queue
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
    if (this.#inFlight?.full === true) return false
    let buffered = false
    let empty = false
    let waits = false
    for (const queue of this.#queues) {
      if (queue.hasHead()) {
        buffered = true
      } else {
        empty = true
        waits ||= queue.awaitsFetch
      }
    }
    if (!buffered || !empty) {
      this.#idleSince = undefined
      return buffered
    }
    // A partition has run empty. If it has more, records that belong before the buffered ones are on their way.
    const { clock, maxTaskIdleMs } = this.#options
    const patience = maxTaskIdleMs < 0 ? 0 : maxTaskIdleMs + (waits ? MISSING_DATA_PATIENCE_MS : 0)
    const now = clock.monotonic()
    this.#idleSince ??= now
    return now - this.#idleSince >= patience
  }

  /**
   * Processes what is buffered, oldest timestamp first, up to a turn's worth or `limit`, and passes on what asynchronous
   * operators have finished. True when anything was done.
   */
  async process(limit = RECORDS_PER_TURN): Promise<boolean> {
    const inFlight = this.#inFlight
    const delivered = inFlight !== undefined && (await this.#deliver(inFlight))
    if (inFlight !== undefined && !this.#canTake()) return delivered
    let count = 0
    const queues = this.#queues
    const { clock, givenUp } = this.#options
    const { progress } = this.#limit
    // Whatever has blocked the thread between two turns was none of the task's functions.
    if (progress[PROGRESS_OVERDUE] !== 0) this.#limit.over()
    if (this.#resumes) await this.#resume()
    const turnEnds = clock.monotonic() + TURN_MS
    const expiring = this.stores.expires
    let expired = false
    await this.#lookAhead.prepare(queues, this.#topology!)
    const isPlain = this.#plainTurn !== undefined && !expiring && !this.#careful && !givenUp.any
    if (isPlain) count = await this.#plainTurn!.run(limit, turnEnds)
    while (!isPlain && count < limit) {
      const queue = queues.length === 1 ? queues[0]! : this.#oldest()
      if (queue === undefined || !queue.hasHead()) break
      if (expiring) {
        // What has expired by the time of a record is gone before it is processed, however records come together in turns.
        const time = Math.max(queue.headTimestamp, this.context.streamTime)
        if (await this.#expire('stream-time', time)) {
          expired = true
          this.context.streamTime = time
          if (this.stores.expiresAt('stream-time') <= time) break
        }
      }
      if (this.#lookAhead.wants(queue, this.#topology!)) await this.#lookAhead.prepare(queues, this.#topology!)
      const { streamTime } = this.context
      const { partitionTime } = queue
      queue.take()
      const timestamp = queue.headTimestamp
      if (timestamp > this.context.streamTime) this.context.streamTime = timestamp
      count++
      let waited = false
      try {
        this.#held?.begin()
        this.context.unit = undefined
        if (givenUp.any) this.#leaveOut(queue)
        const waiting = queue.source.process(queue.cursor, queue.partition, timestamp)
        if (waiting !== undefined) {
          waited = true
          await waiting
          this.#limit.beginAnew()
        }
        if (progress[PROGRESS_OVERDUE] !== 0) this.#overdue(queue)
        if (this.#careful) await this.stores.emit()
        this.#keep()
      } catch (error) {
        this.context.streamTime = streamTime
        queue.giveUp(partitionTime)
        this.#giveUp(queue, error)
      }
      progress[PROGRESS_RECORDS] = progress[PROGRESS_RECORDS]! + 1
      if ((waited || count % RECORDS_PER_LOOK_AT_CLOCK === 0) && clock.monotonic() >= turnEnds) break
      if (inFlight !== undefined) {
        if (inFlight.hasWork) await this.#deliver(inFlight)
        if (inFlight.full) break
      }
      if (queues.length > 1 && !queue.hasHead()) break
      if (this.commitRequested) break
    }
    if (count > 0) {
      this.#idle?.interrupt()
      this.#dirty = true
      this.processed += count
    }
    return count > 0 || delivered || expired
  }

  async #deliver(inFlight: InFlight): Promise<boolean> {
    const delivered = await inFlight.deliver()
    if (delivered) {
      this.#idle?.interrupt()
      this.#dirty = true
    }
    return delivered
  }

  /** Runs punctuations that are due by stream time, then those due by the wall clock. */
  async punctuate(): Promise<boolean> {
    const { streamTime } = this.context
    const { clock } = this.#options
    const now = clock.now()
    let ran = false
    for (const [type, due, time] of [
      ['stream-time', streamTime, streamTime],
      // Intervals are measured by what passes; what the callback is told is the time of day.
      ['wall-clock', clock.monotonic(), now],
    ] as const) {
      if (due < 0 || !this.#punctuations.isDue(type, due)) continue
      this.#dirty = true
      ran = await this.#punctuations.run(type, due, async (node, callback) => {
        await this.#alone(node, time, async () => {
          const done = callback(time)
          if (isPromise(done)) await this.context.waitFor(node, done)
          if (this.context.overdue) throw this.context.tooLong(node)
        })
        this.#limit.beginAnew()
      })
    }
    if (this.stores.expires) {
      if (await this.#expire('stream-time', streamTime)) ran = true
      if (await this.#expire('wall-clock', now)) ran = true
    }
    return ran
  }

  /** Deletes entries of stores that have expired, a turn's worth. True when any may have been. */
  async #expire(by: 'stream-time' | 'wall-clock', now: number): Promise<boolean> {
    if (this.stores.expiresAt(by) > now) return false
    this.#dirty = true
    await this.#alone('expiry', now, () =>
      this.stores.expire(by, now, EXPIRIES_PER_TURN, run => this.context.apart(run)),
    )
    return true
  }

  /**
   * Moves stream time on where the inputs have been idle for long enough; what results is timed by what it is made of. Not
   * before all that came until then is committed: what a cache holds back belongs before. True when anything was done.
   */
  async advance(): Promise<boolean> {
    if (this.#resumes && (await this.#resume())) return true
    const { streamTime } = this.context
    if (!this.#mayAdvance) return false
    await this.#heldResults?.check(this.#queues)
    if (this.#idle === undefined) return false
    const reached = await this.#idle.reached(streamTime, this.#queues)
    return reached !== undefined && (await this.#advanceTo(reached))
  }

  /** To the latest of these times. */
  async #advanceTo(...times: readonly number[]): Promise<boolean> {
    const time = Math.max(...times)
    if (time < 0) return false
    let did = false
    await this.#alone('advance', time, async () => {
      did = await this.#topology!.advance(time)
    })
    if (!did) return false
    this.#closeTimes.set(ADVANCED, time)
    this.#dirty = true
    return true
  }

  get #mayAdvance(): boolean {
    return !this.needsCommit && this.context.streamTime >= 0 && (this.#inFlight?.size ?? 0) === 0
  }

  /** In how many milliseconds there is something to do even if no record comes; 0 or less when there is now. */
  dueIn(): number {
    const { clock } = this.#options
    const advance = this.#idle !== undefined && this.#mayAdvance ? this.#idle.nextDue : Number.POSITIVE_INFINITY
    const next = Math.min(
      advance,
      this.#punctuations.nextWallClock(),
      this.#inFlight?.dueAt ?? Number.POSITIVE_INFINITY,
    )
    return Math.min(next - clock.monotonic(), this.stores.expiresAt('wall-clock') - clock.now())
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
  async prepareCommit(owed: Owed, until?: number): Promise<void> {
    for (;;) {
      await this.#flush()
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
    return this.#queues.map(({ topic, partition, position, partitionTime }) => ({
      topic,
      partition,
      offset: position,
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
  async committed(): Promise<void> {
    const read = this.#queues.map(({ topic, position }) => [topic, position] as const)
    // For stores whose changelog is a source topic: what was processed of it is in them.
    await this.stores.persist(new Map([...read, ...this.#acknowledged]))
    const { givenUp } = this.#options
    givenUp.committed(this.name, this.#queues)
    this.#careful = givenUp.carefulUntil(this.name) !== undefined
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
      await this.stores.close()
    }
  }

  /** Takes an offset back to the oldest record that is not finished. */
  #unfinished(partition: TopicPartition): { offset: number } | undefined {
    const offset = this.#inFlight?.oldestOffset(partition)
    return offset === undefined ? undefined : { offset }
  }

  /** Something that is no operator's function has blocked the thread, as a serde: what is known is the record. */
  #overdue({ source }: PartitionQueue): void {
    const { name } = source.node
    this.context.fail(name, this.context.tooLong(name))
  }

  /** What has been done since `HeldOutput.begin` stays, unless the record was given up and user code has swallowed what says so. */
  #keep(): void {
    const { context } = this
    const held = this.#held
    if (held === undefined) return
    if (context.givenUp !== undefined) throw context.givenUp
    const { unit, undo } = context
    // Without a transaction nothing takes back what was sent.
    const leavesTraces = undo!.length > context.begun || (held.length > 0 && this.#options.guarantee === 'exactly_once')
    if (unit !== undefined && leavesTraces) unit.leavesTraces = true
    held.release()
    undo!.clear()
    context.begun = 0
  }

  /** Takes back what has been done since `HeldOutput.begin`. */
  #takeBack(): void {
    const { context } = this
    this.#limit.beginAnew()
    this.#held?.drop()
    context.undo?.rollBack()
    context.givenUp = undefined
    context.isLatest = true
    context.begun = 0
  }

  /** A record that has failed late is not processed again. */
  #leaveOut({ topic, partition, cursor, source }: PartitionQueue): void {
    const found = this.#options.givenUp.find({ topic, partition }, cursor.offset)
    if (found === undefined) return
    source.enter(cursor, partition, cursor.timestamp)
    this.context.fail(found.node, found.reason)
  }

  /** After a failure of the record that was taken last. Stored bytes are decoded when somebody looks at them: bad ones are its. */
  #giveUp(queue: PartitionQueue, error: unknown): void {
    const { source, cursor, partition, headTimestamp } = queue
    const { node, reason } = this.#badRecord(error, source.node.name)
    this.#takeBack()
    source.enter(cursor, partition, headTimestamp)
    // What a store of the user's own has made of the record nobody can take back.
    if (this.stores.hasCustom && node !== source.node.name) this.#goBack(node, reason)
    this.context.giveUp(node, reason)
  }

  /** Passes on what an asynchronous operator has made of a record that had its turn before. */
  async #pass(record: RecordSnapshot, run: () => void | Promise<void>): Promise<void> {
    const { context } = this
    returnTo(record, context)
    this.#held?.begin()
    try {
      const waiting = run()
      if (waiting !== undefined) await waiting
      if (this.#careful) await this.stores.emit()
      this.#keep()
    } catch (error) {
      const { node, reason } = this.#badRecord(error, '')
      this.#takeBack()
      this.#inFlight!.drop(record.unit)
      returnTo(record, context)
      if (record.topic !== null && record.unit.leavesTraces) this.#goBack(node, reason)
      context.giveUp(node, reason)
    }
  }

  /** Runs what belongs to no record. Where it fails it has done nothing. */
  async #alone(node: string, time: number, run: () => Promise<void>): Promise<void> {
    const { context } = this
    context.clear(time)
    this.#held?.begin()
    try {
      await run()
      if (this.#careful) await this.stores.emit()
      this.#keep()
    } catch (error) {
      if (context.isFatal(error) && !(error instanceof RecordGivenUp)) throw error
      const bad = error instanceof RecordGivenUp ? error : { node, reason: error }
      if (context.undo === undefined) context.fail(bad.node, bad.reason)
      this.#takeBack()
      context.clear(time)
      context.giveUp(bad.node, bad.reason)
    }
  }

  /** Emits and logs what the stores hold back. What fails now was made by records that have had their turn. */
  async #flush(): Promise<void> {
    const { context, name } = this
    const { givenUp } = this.#options
    context.clear(context.streamTime)
    context.unit = undefined
    try {
      context.flushing = true
      await this.stores.flush()
      if (context.givenUp !== undefined) throw context.givenUp
    } catch (error) {
      const { node, reason } = this.#badRecord(error, name)
      // Each record has been tried by itself already.
      if (this.#careful) throw badResult(node, name, reason)
      givenUp.beCareful(
        name,
        this.#queues.map(({ topic, partition, position }) => ({ topic, partition, position })),
      )
      throw new GivenUpLate(name, reason)
    } finally {
      context.flushing = false
    }
    context.undo?.clear()
    context.begun = 0
  }

  /** Which record is bad by this error, and why. @throws the error, where it is another one, or none is given up */
  #badRecord(error: unknown, node: string): { readonly node: string; readonly reason: unknown } {
    if (error instanceof RecordGivenUp) return error
    if (this.context.isFatal(error) || !isMillraceError(error, 'record')) throw error
    if (this.context.undo === undefined) this.context.fail(node, error)
    return { node, reason: error }
  }

  /** Has the instance go back to the last commit, and process the record at hand no more. Not where it is committed already. */
  #goBack(node: string, reason: unknown): void {
    const { topic, partition, offset } = this.context
    const { givenUp, guarantee } = this.#options
    if (topic === null || guarantee === 'at_most_once' || givenUp.find({ topic, partition }, offset) !== undefined)
      return
    givenUp.add({ topic, partition }, offset, { node, reason })
    throw new GivenUpLate(this.name, reason)
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

  #oldest(): PartitionQueue | undefined {
    let oldest: PartitionQueue | undefined
    for (const queue of this.#queues) {
      if (queue.hasHead() && (oldest === undefined || queue.headTimestamp < oldest.headTimestamp)) oldest = queue
    }
    return oldest
  }
}

/** A result that nobody is to blame for alone. */
function badResult(operator: string, task: string, cause: unknown): Error {
  const reason = reasonOf(cause)
  const where = { operator, task, topic: '(none)', partition: -1, offset: -1, reason }
  return millraceError('MILLRACE_PROCESSING_FAILED', where, { cause })
}
