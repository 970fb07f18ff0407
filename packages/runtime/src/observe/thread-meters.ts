import type { RestoreEvent, RestoreListener } from './restore-listener.ts'
import type { StandbyBatchEvent, StandbyListener } from './standby-listener.ts'
import type { RecordingLevel, SensorName } from './metric-table.ts'
import { Meters, type MetricReading } from './metrics.ts'
import { Sensor } from './sensor.ts'

/** Kafka Streams' `StreamThread.State`, as far as a thread here has them. */
const THREAD_STATES = { STARTING: 1, PARTITIONS_ASSIGNED: 3, RUNNING: 4 } as const

export interface ThreadMetersOptions {
  readonly threadId: string
  readonly processId: string
  readonly level: RecordingLevel
  readonly clock: { now(): number; monotonic(): number }
  /** Undefined before the first assignment. */
  readonly runs: () => boolean | undefined
}

type Phase = 'poll' | 'process' | 'punctuate' | 'commit'

/** What a thread spends its time on. Read once a round, not for each record. */
export class ThreadMeters {
  readonly threadId: string
  readonly meters: Meters
  readonly taskCreated: Sensor
  readonly taskClosed: Sensor
  readonly #with: ThreadMetersOptions
  readonly #poll: Sensor
  readonly #pollRecords: Sensor
  readonly #process: Sensor
  readonly #processLatency: Sensor
  readonly #processRecords: Sensor
  readonly #punctuate: Sensor
  readonly #commit: Sensor
  /** Milliseconds in each phase, and of whole rounds. */
  readonly #spent: Readonly<Record<Phase | 'round', Sensor>>
  #blockedMs = 0
  /** Of the round that is under way. */
  #processMs = 0
  #punctuateMs = 0
  #began: number
  readonly #restores = new Map<string, RestoreMeter>()

  constructor(options: ThreadMetersOptions) {
    const { threadId, processId, level, clock, runs } = options
    this.#with = options
    this.threadId = threadId
    const meters = new Meters({ now: () => clock.monotonic(), level, tags: () => ({ 'thread-id': threadId }) })
    this.meters = meters
    const state = () => {
      const running = runs()
      return running === undefined ? 'STARTING' : running ? 'RUNNING' : 'PARTITIONS_ASSIGNED'
    }
    const started = clock.now()
    meters.gauge('thread.state', state)
    meters.gauge('thread.thread-state', () => THREAD_STATES[state()], { 'process-id': processId })
    meters.gauge('thread.thread-start-time', () => started)
    meters.gauge('thread.blocked-time', () => Math.round(this.#blockedMs * 1e6))
    this.taskCreated = sensor('thread.task-created')
    this.taskClosed = sensor('thread.task-closed')
    this.#poll = sensor('thread.poll')
    this.#pollRecords = sensor('thread.poll-records')
    this.#process = sensor('thread.process')
    this.#processLatency = sensor('thread.process-latency')
    this.#processRecords = sensor('thread.process-records')
    this.#punctuate = sensor('thread.punctuate')
    this.#commit = sensor('thread.commit')
    const spent = () => new Sensor(() => clock.monotonic())
    this.#spent = { poll: spent(), process: spent(), punctuate: spent(), commit: spent(), round: spent() }
    for (const phase of ['poll', 'process', 'punctuate', 'commit'] as const) {
      meters.gauge(`thread.${phase}-ratio`, () => this.#spent[phase].recent / (this.#spent.round.recent || 1))
    }
    this.#began = clock.monotonic()

    function sensor(name: SensorName): Sensor {
      // All of a thread is at the lowest level.
      return meters.sensor(name)!
    }
  }

  get #now(): number {
    return this.#with.clock.monotonic()
  }

  polled(began: number, records: number): void {
    const ms = this.#now - began
    this.#blockedMs += ms
    this.#poll.record(ms)
    this.#spent.poll.record(ms)
    if (records > 0) this.#pollRecords.record(records)
  }

  /** A turn of a task. @returns its milliseconds */
  processed(began: number): number {
    const ms = this.#now - began
    this.#processMs += ms
    return ms
  }

  /** A punctuation. */
  punctuated(ms: number): void {
    this.#punctuateMs += ms
    this.#punctuate.record(ms)
  }

  committed(began: number): void {
    const ms = this.#now - began
    this.#blockedMs += ms
    this.#commit.record(ms)
    this.#spent.commit.record(ms)
  }

  /** The end of a round in which this many records were processed. */
  roundOver(records: number): void {
    const now = this.#now
    this.#processRecords.record(records)
    if (records > 0) {
      this.#process.record(records)
      this.#processLatency.record(this.#processMs / records)
    }
    this.#spent.process.record(this.#processMs)
    this.#spent.punctuate.record(this.#punctuateMs)
    this.#spent.round.record(now - this.#began)
    this.#began = now
    this.#processMs = 0
    this.#punctuateMs = 0
  }

  /** A listener that measures what it is told of before others hear of it. */
  listening<Listener extends RestoreListener & StandbyListener>(listener: Listener): Listener {
    const over = (event: RestoreEvent) => this.#restoreOf(event.task).ended(event)
    return {
      ...listener,
      onRestoreStart: event => {
        this.#restoreOf(event.task).reached(event)
        listener.onRestoreStart(event)
      },
      onRestoreProgress: event => {
        this.#restoreOf(event.task).reached(event)
        listener.onRestoreProgress(event)
      },
      onRestoreEnd: event => {
        over(event)
        listener.onRestoreEnd(event)
      },
      onRestoreSuspended: event => {
        over(event)
        listener.onRestoreSuspended(event)
      },
      onStandbyBatchLoaded: (event: StandbyBatchEvent) => {
        this.#restoreOf(event.task).updated(event.records)
        listener.onStandbyBatchLoaded(event)
      },
    }
  }

  /** @param tasks the names of all tasks that the thread has: what is known of others is forgotten */
  readings(tasks: ReadonlySet<string>): readonly MetricReading[] {
    for (const task of this.#restores.keys()) if (!tasks.has(task)) this.#restores.delete(task)
    return [...this.meters.readings(), ...[...this.#restores.values()].flatMap(({ meters }) => meters.readings())]
  }

  #restoreOf(task: string): RestoreMeter {
    const known = this.#restores.get(task)
    if (known !== undefined) return known
    const restore = new RestoreMeter(task, this.#with)
    this.#restores.set(task, restore)
    return restore
  }
}

/** The restores of a task, and what a standby takes over. It is there before the task is. */
class RestoreMeter {
  readonly meters: Meters
  #restored: Sensor | undefined
  #updated: Sensor | undefined
  #restoring = false
  /** By store: the records that are restored, and those that are not. */
  readonly #stores = new Map<string, { restored: number; remaining: number }>()

  constructor(task: string, { threadId, level, clock }: ThreadMetersOptions) {
    const tags = { 'thread-id': threadId, 'task-id': task }
    this.meters = new Meters({ now: () => clock.monotonic(), level, tags: () => tags })
  }

  /** From the first restore on: a standby has none of these. */
  #begin(): void {
    if (this.#restoring) return
    this.#restoring = true
    this.#restored = this.meters.sensor('task.restore')
    this.meters.gauge('task.restore-remaining-records', () =>
      [...this.#stores.values()].reduce((sum, { remaining }) => sum + remaining, 0),
    )
  }

  reached({ store, from, to, restored }: RestoreEvent): void {
    this.#begin()
    const before = this.#stores.get(store)?.restored ?? 0
    if (restored > before) this.#restored?.record(restored - before)
    this.#stores.set(store, { restored, remaining: Math.max(0, to - from - restored) })
  }

  ended(event: RestoreEvent): void {
    this.reached(event)
    this.#stores.delete(event.store)
  }

  updated(records: number): void {
    this.#updated ??= this.meters.sensor('task.update')
    this.#updated?.record(records)
  }
}
