import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import { asError, isMillraceError, isPromise, millraceError, type Plan } from '@millrace/core'
import { type KafkaStreamsOptions, type ResolvedOptions, resolveOptions } from '../config/options.ts'
import { canGo, type StreamsState, transition } from '../loop/lifecycle.ts'
import { type MetricReading, Metrics } from '../observe/metrics.ts'
import { stateLine } from '../observe/state-line.ts'
import type { RestoreEvent } from '../restore/restorer.ts'
import type { StandbyBatchEvent, StandbyEvent, StandbySuspendedEvent } from '../restore/standby-listener.ts'
import { warnOfHeapStores } from '../state/heap-stores.ts'
import { deleteLocalState } from '../state/local-state.ts'
import { inTurn, isWaitedForBy } from '../task/user-turn.ts'
import { Instance, type InstanceListener } from './instance.ts'
import type { StreamsMetadata } from './streams-metadata.ts'

/** What a `KafkaStreams` tells, by name of the event. */
export interface StreamsEvents {
  state: [state: StreamsState, before: StreamsState]
  /** The application ends because of it. */
  error: [error: unknown]
  restoreStart: [event: RestoreEvent]
  restoreProgress: [event: RestoreEvent]
  restoreEnd: [event: RestoreEvent]
  /** The task has gone elsewhere before its state was complete: what was restored stays, for when it comes back. */
  restoreSuspended: [event: RestoreEvent]
  /** A standby begins to follow a store's changelog; has taken a batch of it over; and leaves it (KIP-988). */
  standbyUpdateStart: [event: StandbyEvent]
  standbyBatchLoaded: [event: StandbyBatchEvent]
  standbyUpdateSuspended: [event: StandbySuspendedEvent]
  /** The broker cannot be reached (`cause`), or can again (`undefined`). */
  waiting: [cause: unknown]
}

export interface TaskStatus {
  readonly id: string
  readonly processed: number
  /** Highest timestamp so far, -1 before the first record. */
  readonly streamTime: number
  /** Records that are known to be there and not processed yet. */
  readonly lag: number
}

/** How long a round may wait for records. */
const POLL_MS = 100

/**
 * Runs a topology in this process, as one member of the application's group: start it in as many processes as there is
 * work for.
 *
 * @example
 * const streams = new KafkaStreams(builder.build(), { applicationId: 'word-count', client: kafkajs({ brokers }) })
 * await streams.run()
 */
export class KafkaStreams {
  readonly #events = new EventEmitter<StreamsEvents>()
  readonly #metrics = new Metrics()
  readonly #plan: Plan
  readonly #options: ResolvedOptions
  readonly #instance: Instance
  readonly #stopping = new AbortController()
  #state: StreamsState = 'CREATED'
  #loop: Promise<void> | undefined
  #closing: Promise<void> | undefined
  readonly #over = Promise.withResolvers<void>()
  #clean = true
  #leave: boolean
  #failure: unknown

  /** @throws MILLRACE_CONFIG_INVALID */
  constructor(plan: Plan, options: KafkaStreamsOptions) {
    this.#plan = plan
    this.#options = resolveOptions(options)
    this.#leave = this.#options.groupInstanceId === undefined
    const listener: InstanceListener = {
      onRebalancing: rebalancing => {
        const next = rebalancing ? 'REBALANCING' : 'RUNNING'
        if (canGo(this.#state, next)) this.#go(next)
      },
      onWaiting: cause => this.#tell('waiting', cause),
      onRestoreStart: event => this.#tell('restoreStart', event),
      onRestoreProgress: event => this.#tell('restoreProgress', event),
      onRestoreEnd: event => this.#tell('restoreEnd', event),
      onRestoreSuspended: event => this.#tell('restoreSuspended', event),
      onStandbyUpdateStart: event => this.#tell('standbyUpdateStart', event),
      onStandbyBatchLoaded: event => this.#tell('standbyBatchLoaded', event),
      onStandbyUpdateSuspended: event => this.#tell('standbyUpdateSuspended', event),
    }
    this.#instance = new Instance(plan, this.#options, { metrics: this.#metrics, listener })
  }

  get state(): StreamsState {
    return this.#state
  }

  on<Event extends keyof StreamsEvents>(event: Event, listener: (...args: StreamsEvents[Event]) => void): this {
    this.#events.on(event, listener as never)
    return this
  }

  off<Event extends keyof StreamsEvents>(event: Event, listener: (...args: StreamsEvents[Event]) => void): this {
    this.#events.off(event, listener as never)
    return this
  }

  /**
   * Starts, and resolves when the instance has joined its group and all its tasks run. While the broker is down it keeps
   * trying.
   * @throws MillraceError for what has to be mended first: a missing topic, a state directory in use
   */
  async start(): Promise<void> {
    if (this.#state !== 'CREATED') throw millraceError('MILLRACE_STATE_STARTED', { state: this.#state })
    this.#go('REBALANCING')
    warnOfHeapStores(this.#plan, this.#options)
    const running = new Promise<void>(resolve => {
      const settle = (state: StreamsState) => {
        if (state === 'REBALANCING') return
        this.off('state', settle)
        resolve()
      }
      this.on('state', settle)
    })
    const begun = inTurn(() => this.#instance.begin(this.#stopping.signal), this)
    // Known from here on, so that a close waits for it, whenever it comes.
    this.#loop = begun.then(
      () => this.#run(),
      (error: unknown) => {
        const closed = this.#stopping.signal.aborted && isMillraceError(error, 'retriable')
        return this.#finish(closed ? undefined : asError(error))
      },
    )
    try {
      await begun
      await running
    } catch {
      await this.#loop
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Resolves when the application has ended, by `close` or by an error, which it throws. */
  async ended(): Promise<void> {
    await this.#loop
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * Starts, and runs until SIGINT or SIGTERM: then it stops polling, finishes, commits and leaves. A second signal ends the
   * process at once, and so does `closeTimeoutMs`, as when a user function never returns: with 1, since what that was about
   * is not committed.
   */
  async run(): Promise<void> {
    const signals = ['SIGINT', 'SIGTERM'] as const
    let asked = false
    const onSignal = (signal: NodeJS.Signals) => {
      if (asked) process.exit(130)
      asked = true
      this.#options.logger.info({ signal }, 'closing')
      this.close().then(
        () => {
          if (this.#state !== 'NOT_RUNNING' && this.#state !== 'ERROR') process.exit(1)
        },
        (error: unknown) => this.#options.logger.error({ error }, 'closing failed'),
      )
    }
    for (const signal of signals) process.on(signal, onSignal)
    try {
      await this.start()
      await this.ended()
    } finally {
      for (const signal of signals) process.off(signal, onSignal)
    }
  }

  /**
   * Stops polling, finishes the record at hand, commits, leaves the group. Waits for a broker that is away for a third of
   * `closeTimeoutMs`, and gives up altogether after all of it: what was not committed is processed again by the next owner.
   *
   * Called by a function that the application waits for (an operator, a timer, `init` or `close` of a processor), it only asks for
   * the end: the application ends after that function has returned.
   *
   * @param options `leave: false` keeps the membership until the session times out, for a quick restart. @default true, and
   * false with `groupInstanceId`
   */
  async close(options: { readonly leave?: boolean } = {}): Promise<void> {
    this.#leave = options.leave ?? this.#options.groupInstanceId === undefined
    if (this.#state === 'CREATED') {
      this.#go('PENDING_SHUTDOWN')
      this.#go('NOT_RUNNING')
      this.#over.resolve()
      return
    }
    this.#closing ??= this.#shutDown()
    // It goes on as soon as what asks for it has ended, which must not wait for that.
    if (!isWaitedForBy(this)) await this.#closing
  }

  async #shutDown(): Promise<void> {
    this.#stopping.abort()
    if (canGo(this.#state, 'PENDING_SHUTDOWN')) this.#go('PENDING_SHUTDOWN')
    this.#instance.wakeup()
    const patience = new AbortController()
    const { clock, closeTimeoutMs } = this.#options
    // A broker that is away must not take all the time: then the rest of the closing is still to come.
    const waiting = clock.sleep(closeTimeoutMs / 3, patience.signal).then(async () => {
      if (!patience.signal.aborted) await this.#instance.stopWaiting()
    })
    waiting.catch((error: unknown) => this.#options.logger.warn({ error }, 'closing a producer failed'))
    const tooLong = clock.sleep(closeTimeoutMs, patience.signal).then(() => {
      if (!patience.signal.aborted) {
        this.#options.logger.error({ closeTimeoutMs }, 'close gave up waiting')
      }
    })
    await Promise.race([this.#over.promise, tooLong])
    patience.abort()
  }

  /**
   * From the next turn on no task processes records or punctuates, until `resume`. The instance stays in its group and takes part
   * in rebalances, what was processed is committed, state is restored and standbys follow; records that were fetched stay
   * queued. Before `start` it makes the instance start paused. Kafka Streams' `pause` (KIP-834), which stops standbys, too.
   */
  pause(): void {
    this.#instance.paused = true
  }

  /** Goes on where `pause` has stopped. */
  resume(): void {
    this.#instance.paused = false
  }

  get isPaused(): boolean {
    return this.#instance.paused
  }

  /**
   * Deletes what the application has left in `stateDir`: its next start restores everything from the changelogs. Only before
   * `start` and after the application has ended; other instances have state directories of their own and keep them. Kafka
   * Streams' `cleanUp`.
   *
   * @throws MILLRACE_STORE_CLEANUP in any other state; MILLRACE_STORE_LOCKED while another process uses the directory
   */
  async cleanUp(): Promise<void> {
    if (!['CREATED', 'NOT_RUNNING', 'ERROR'].includes(this.#state))
      throw millraceError('MILLRACE_STORE_CLEANUP', { state: this.#state })
    const { path, entries } = await deleteLocalState(this.#options)
    this.#options.logger.info({ directory: path, deleted: entries }, 'local state deleted')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  metrics(): readonly MetricReading[] {
    return this.#metrics.readings()
  }

  /**
   * Every instance of the application that has an `applicationServer`, this one too, as of the last assignment; empty before
   * the first one. Kafka Streams' `metadataForAllStreamsClients`.
   */
  metadataForAllInstances(): readonly StreamsMetadata[] {
    return this.#instance.metadata
  }

  /** Those of them that have a part of the store which is processed. Kafka Streams' `streamsMetadataForStore`. */
  streamsMetadataForStore(store: string): readonly StreamsMetadata[] {
    return this.#instance.metadata.filter(({ stores }) => stores.includes(store))
  }

  /** The tasks of this instance. */
  tasks(): readonly TaskStatus[] {
    return this.#instance.tasks.map(task => ({
      id: task.name,
      processed: task.processed,
      streamTime: task.context.streamTime,
      lag: task.queues.reduce((sum, { end, position }) => sum + Math.max(0, end - position), 0),
    }))
  }

  async #run(): Promise<void> {
    let failure: unknown
    try {
      while (!this.#stopping.signal.aborted) {
        await inTurn(() => this.#instance.step(POLL_MS), this)
        // Timers, sockets and signals have their turn between two rounds, however busy they are.
        await setImmediate()
      }
    } catch (error) {
      failure = asError(error)
      this.#clean = false
      await this.#endOthersIfAsked(error)
    }
    await this.#finish(failure)
  }

  async #endOthersIfAsked(failure: unknown): Promise<void> {
    if (isMillraceError(failure) && failure.code === 'MILLRACE_APPLICATION_SHUTDOWN') return
    const { onUncaughtError, closeTimeoutMs, logger } = this.#options
    try {
      if (onUncaughtError(failure) !== 'shutdown-application') return
      logger.error({ error: failure }, 'all instances of the application are to end')
      await this.#instance.shutDownApplication(closeTimeoutMs / 3, this.#stopping.signal)
    } catch (error) {
      logger.error({ error }, 'the other instances were not told to end')
    }
  }

  async #finish(failure: unknown): Promise<void> {
    if (failure !== undefined) {
      this.#failure = failure
      this.#clean = false
      this.#options.logger.error({ error: failure }, 'the application ends')
      this.#go('PENDING_ERROR')
    }
    try {
      await inTurn(() => this.#instance.end({ clean: this.#clean, leave: this.#leave }), this)
    } catch (error) {
      this.#options.logger.error({ error }, 'closing failed: what was not committed is processed again')
    }
    if (failure !== undefined) {
      this.#go('ERROR')
      this.#over.resolve()
      return this.#tell('error', failure)
    }
    if (canGo(this.#state, 'PENDING_SHUTDOWN')) this.#go('PENDING_SHUTDOWN')
    this.#go('NOT_RUNNING')
    this.#over.resolve()
  }

  /** A listener that fails concerns nobody else: neither the other listeners nor the application. */
  #tell<Event extends keyof StreamsEvents>(event: Event, ...args: StreamsEvents[Event]): void {
    const failed = (error: unknown) => this.#options.logger.error({ event, error }, 'a listener has failed')
    for (const listener of this.#events.listeners(event)) {
      try {
        const done: unknown = Reflect.apply(listener, this, args)
        if (isPromise(done)) done.then(undefined, failed)
      } catch (error) {
        failed(error)
      }
    }
  }

  #go(next: StreamsState): void {
    const before = this.#state
    if (before === next) return
    this.#state = transition(before, next)
    const { applicationId, logger } = this.#options
    const line = stateLine(next, before, { applicationId, tasks: this.#instance.tasks.length })
    logger.info({ state: next, before }, line)
    this.#tell('state', next, before)
  }
}
