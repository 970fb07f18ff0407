import { EventEmitter } from 'node:events'
import { setImmediate } from 'node:timers/promises'
import {
  asError,
  isMillraceError,
  isPromise,
  type KTable,
  millraceError,
  type Plan,
  type QueryResult,
  type ReadOnlyKeyValueStore,
  type ReadOnlySessionStore,
  type ReadOnlyStoreOf,
  type ReadOnlyTimestampedKeyValueStore,
  type ReadOnlyTimestampedWindowStore,
  type ReadOnlyVersionedKeyValueStore,
  type ReadOnlyWindowStore,
  type StoreBuilder,
  aBoolean,
  aFunction,
  checkArguments,
  checkPlan,
  oneOf,
  optional,
  optionsOf,
} from '@millrace/core'
import { type KafkaStreamsOptions, type ResolvedOptions, resolveOptions } from '../config/options.ts'
import { canGo, type StreamsState, transition } from '../loop/lifecycle.ts'
import { type MetricReading, Metrics } from '../observe/metrics.ts'
import { stateLine } from '../loop/state-line.ts'
import type { RestoreEvent } from '../observe/restore-listener.ts'
import type { StandbyBatchEvent, StandbyEvent, StandbySuspendedEvent } from '../observe/standby-listener.ts'
import { defaultIsolation, type LocalQueries } from '../query/local-queries.ts'
import { type AskedStore, openStore, type ReadOnlyStoreOfTable } from '../query/open-store.ts'
import { type KeyQueryMetadata, metadataOfPartition, type StoreLag } from '../query/key-metadata.ts'
import { type QueryRequest, storeOf } from '../query/query-request.ts'
import type { StoreQueryOptions } from '../query/queryable-store.ts'
import { warnOfHeapStores } from './warn-of-heap-stores.ts'
import { deleteLocalState } from '../state/directory/local-state.ts'
import { inTurn, isWaitedForBy } from '../task/user-turn.ts'
import type { Application } from './define-application.ts'
import type { Engine, FailureVerdict, TaskStatus } from './engine.ts'
import { Instance, type InstanceListener, type InstanceSurroundings } from './instance.ts'
import type { StreamsMetadata } from './streams-metadata.ts'
import { checkNotImporting, loadApplication, moduleUrl } from './threads/load-application.ts'
import { workerHost } from './threads/thread-host.ts'
import { ThreadedEngine } from './threads/threaded-engine.ts'

/** The events of a `KafkaStreams`, by name. */
export interface StreamsEvents {
  state: [state: StreamsState, before: StreamsState]
  /** The error that stops the application. */
  error: [error: unknown]
  restoreStart: [event: RestoreEvent]
  restoreProgress: [event: RestoreEvent]
  restoreEnd: [event: RestoreEvent]
  /**
   * The task moved to another instance before its restore was complete. The restored state is kept in case the task returns.
   */
  restoreSuspended: [event: RestoreEvent]
  /** A standby starts to follow the changelog of a store, has applied a batch of it, and stops following it (KIP-988). */
  standbyUpdateStart: [event: StandbyEvent]
  standbyBatchLoaded: [event: StandbyBatchEvent]
  standbyUpdateSuspended: [event: StandbySuspendedEvent]
  /** The broker cannot be reached (`cause`), or can be reached again (`undefined`). */
  waiting: [cause: unknown]
}

/** How a `KafkaStreams` of this package differs from that of an application. */
export interface StreamsInside {
  readonly engine: (
    options: ResolvedOptions,
    surroundings: Required<Pick<InstanceSurroundings, 'metrics'>> & { readonly listener: InstanceListener },
  ) => Engine
  /** In place of `onUncaughtError`. */
  readonly decide?: (failure: unknown) => Promise<FailureVerdict>
}

/** The numbers of the states in metrics, as in Kafka Streams. */
const STATE_NUMBERS: readonly StreamsState[] = [
  'CREATED',
  'REBALANCING',
  'RUNNING',
  'PENDING_SHUTDOWN',
  'NOT_RUNNING',
  'PENDING_ERROR',
  'ERROR',
]

/** How long a round may wait for records. */
const POLL_MS = 100
/** How long the replacement of a thread that fails again and again waits. */
const FIRST_REPLACEMENT_MS = 100
const MOST_REPLACEMENT_MS = 10_000

/**
 * Runs a topology in this process, as one member of the application's consumer group. Start it in as many processes as you
 * need.
 *
 * @example
 * const streams = new KafkaStreams(builder.build(), { applicationId: 'word-count', client: kafka({ brokers }) })
 * await streams.run()
 */
export class KafkaStreams {
  readonly #events = new EventEmitter<StreamsEvents>()
  readonly #metrics = new Metrics()
  readonly #plan: Plan
  readonly #options: ResolvedOptions
  readonly #decide: (failure: unknown) => FailureVerdict | Promise<FailureVerdict>
  readonly #newEngine: () => Engine
  #engine: Engine
  /** Since it ran last. */
  #replacements = 0
  readonly #stopping = new AbortController()
  #state: StreamsState = 'CREATED'
  #loop: Promise<void> | undefined
  #closing: Promise<void> | undefined
  readonly #over = Promise.withResolvers<void>()
  #clean = true
  #leave: boolean
  #failure: unknown

  /**
   * @param inside for Millrace's own use
   * @throws MILLRACE_CONFIG_INVALID; MILLRACE_THREADS_MODULE with `threads` above 1, which need `KafkaStreams.load`
   */
  constructor(plan: Plan, options: KafkaStreamsOptions, inside?: StreamsInside) {
    checkPlan('KafkaStreams', plan)
    this.#plan = plan
    this.#options = resolveOptions(options)
    const { threads } = this.#options
    if (threads > 1 && inside === undefined) throw millraceError('MILLRACE_THREADS_MODULE', { threads })
    this.#decide = inside?.decide ?? this.#options.onUncaughtError
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
    const surroundings = { metrics: this.#metrics, listener }
    this.#newEngine = () =>
      inside?.engine(this.#options, surroundings) ?? new Instance(plan, this.#options, surroundings)
    this.#engine = this.#newEngine()
    // A thread's own application is a part of this one.
    if (inside?.decide === undefined) this.#addGauges()
  }

  #addGauges(): void {
    const { applicationId, threads } = this.#options
    const tags = { 'application-id': applicationId }
    this.#metrics.gauge('client-state', tags, () => STATE_NUMBERS.indexOf(this.#state))
    const runs = () => this.#state === 'RUNNING' || this.#state === 'REBALANCING'
    this.#metrics.gauge('alive-stream-threads', tags, () => (runs() ? threads : 0))
  }

  /**
   * Imports the application that a module exports with `defineApplication`. With `threads` above 1, each thread imports the module
   * too.
   *
   * @param module a path or a URL, such as `new URL('./app.js', import.meta.url)`
   * @param options `threads` replaces the option of the application
   * @throws MILLRACE_APPLICATION_MODULE, MILLRACE_APPLICATION_STARTED, MILLRACE_CONFIG_INVALID
   * @example
   * const streams = await KafkaStreams.load(new URL('./app.js', import.meta.url), { threads: 4 })
   * await streams.run()
   */
  static async load(module: string | URL, options: { readonly threads?: number } = {}): Promise<KafkaStreams> {
    const url = moduleUrl(module)
    const application: Application = await loadApplication(url)
    const { plan } = application
    const given = { ...application.options, ...(options.threads !== undefined && { threads: options.threads }) }
    if (resolveOptions(given).threads === 1) return new KafkaStreams(plan, given)
    return new KafkaStreams(plan, given, {
      engine: (resolved, { listener }) =>
        new ThreadedEngine({ module: url, plan, options: resolved, listener, host: workerHost }),
    })
  }

  /** The topology that it runs. */
  get plan(): Plan {
    return this.#plan
  }

  get state(): StreamsState {
    return this.#state
  }

  on<Event extends keyof StreamsEvents>(event: Event, listener: (...args: StreamsEvents[Event]) => void): this {
    checkArguments('on', LISTENING, [event, listener])
    this.#events.on(event, listener as never)
    return this
  }

  off<Event extends keyof StreamsEvents>(event: Event, listener: (...args: StreamsEvents[Event]) => void): this {
    checkArguments('off', LISTENING, [event, listener])
    this.#events.off(event, listener as never)
    return this
  }

  /**
   * Starts the application. Resolves when the instance has joined its group and all its tasks run. Retries while the broker is
   * down.
   * @throws MillraceError for a problem that must be fixed first, such as a missing topic or a state directory in use
   */
  async start(): Promise<void> {
    if (this.#state !== 'CREATED') throw millraceError('MILLRACE_STATE_STARTED', { state: this.#state })
    checkNotImporting()
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
    const begun = inTurn(() => this.#engine.begin(this.#stopping.signal), this)
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

  /** Resolves when the application has stopped. Throws if an error stopped it. */
  async ended(): Promise<void> {
    await this.#loop
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * Starts the application and runs until SIGINT or SIGTERM. It then stops polling, finishes the current work, commits and
   * leaves the group. A second signal ends the process at once with exit code 1, and so does `closeTimeoutMs`, for example
   * when a user function never returns: uncommitted records are then processed again.
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
        (error: unknown) => this.#options.logger.error({ error }, 'failed to close the application'),
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
   * Stops polling, finishes the current work, commits and leaves the group. Waits up to a third of `closeTimeoutMs` for an
   * unavailable broker, and gives up after `closeTimeoutMs`: uncommitted records are then processed again by the next owner.
   *
   * If an operator, a punctuation, or `init` or `close` of a processor calls it, it only requests the stop: the application
   * stops after that function has returned.
   *
   * @param options `leave: false` keeps the membership until the session times out, for a quick restart. The default of
   * `leave` is true, but false with `groupInstanceId`
   */
  async close(options: { readonly leave?: boolean } = {}): Promise<void> {
    // A handler of a signal is given its name: `process.once('SIGTERM', streams.close.bind(streams))`.
    if (typeof options !== 'string') checkArguments('close', CLOSING, [options])
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
    this.#engine.wakeup()
    const patience = new AbortController()
    const { clock, closeTimeoutMs } = this.#options
    // A broker that is away must not take all the time: then the rest of the closing is still to come.
    const waiting = clock.sleep(closeTimeoutMs / 3, patience.signal).then(async () => {
      if (!patience.signal.aborted) await this.#engine.stopWaiting()
    })
    waiting.catch((error: unknown) => this.#options.logger.warn({ error }, 'failed to close a producer'))
    const tooLong = clock.sleep(closeTimeoutMs, patience.signal).then(() => {
      if (!patience.signal.aborted) {
        this.#options.logger.error({ closeTimeoutMs }, 'close() timed out')
      }
    })
    await Promise.race([this.#over.promise, tooLong])
    patience.abort()
  }

  /**
   * Pauses the application: from the next turn on, no task processes records or runs punctuations until `resume`. The instance
   * stays in its group and takes part in rebalances, processed records are committed, state is restored, standbys follow their
   * changelogs, and fetched records stay in the queue. If called before `start`, the instance starts paused. Kafka Streams'
   * `pause` (KIP-834), which also stops standbys.
   */
  pause(): void {
    this.#engine.paused = true
  }

  /** Resumes a paused application. */
  resume(): void {
    this.#engine.paused = false
  }

  get isPaused(): boolean {
    return this.#engine.paused
  }

  /**
   * Deletes the local state of the application in `stateDir`, so that the next start restores everything from the changelogs.
   * Call it before `start` or after the application has stopped. Other instances keep their own state directories. Kafka
   * Streams' `cleanUp`.
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

  /** Returns the metrics; those of threads are up to half a second old and have the tag `thread-id`. */
  metrics(): readonly MetricReading[] {
    return [...this.#metrics.readings(), ...this.#engine.readings]
  }

  /**
   * Returns all instances of the application with an `applicationServer`, including this one, as of the last assignment; empty
   * before the first. Kafka Streams' `metadataForAllStreamsClients`.
   */
  metadataForAllInstances(): readonly StreamsMetadata[] {
    return this.#engine.metadata
  }

  /**
   * Returns where the value of a key is, as of the last assignment. Kafka Streams' `queryMetadataForKey`.
   *
   * @param options `partitioner`: the function that chose the partitions of the store's records. @default the key's bytes decide
   * @throws MILLRACE_QUERY_NOT_RUNNING, MILLRACE_QUERY_INVALID, MILLRACE_STORE_UNKNOWN
   */
  queryMetadataForKey<K>(
    store: string,
    key: K,
    options: { readonly partitioner?: (key: K, partitions: number) => number } = {},
  ): KeyQueryMetadata {
    const partition = this.#queries(store).partitionOfKey(store, key, options.partitioner)
    return metadataOfPartition(this.#plan, storeOf(this.#plan, store), partition, this.metadataForAllInstances())
  }

  /**
   * Returns how far the partitions of stores on this instance are behind their changelogs, by store and partition: tasks that run have no lag,
   * standbys and tasks that are being restored have. Kafka Streams' `allLocalStorePartitionLags`.
   * @throws MILLRACE_QUERY_NOT_RUNNING
   */
  async allLocalStorePartitionLags(): Promise<ReadonlyMap<string, ReadonlyMap<number, StoreLag>>> {
    return await this.#queries('(all)').lags()
  }

  /** Returns the instances that process a part of the store. Kafka Streams' `streamsMetadataForStore`. */
  streamsMetadataForStore(store: string): readonly StreamsMetadata[] {
    return this.#engine.metadata.filter(({ stores }) => stores.includes(store))
  }

  /**
   * Asks the partitions of a store that this instance has. The answer holds a result or a reason for each partition; partitions on other
   * instances fail with `NOT_PRESENT`. Records are processed meanwhile. Kafka Streams' `query` (KIP-796).
   *
   * @throws MILLRACE_QUERY_NOT_RUNNING, MILLRACE_QUERY_INVALID, MILLRACE_QUERY_AFTER_IMPOSSIBLE, MILLRACE_STORE_UNKNOWN
   * @example
   * const result = await streams.query({ store: 'counts', query: keyQuery<bigint>('to') })
   * const count = result.onlyValue()
   */
  async query<R>(request: QueryRequest<R>): Promise<QueryResult<R>> {
    const store = String((request as QueryRequest<R> | undefined)?.store)
    if (this.#engine.query === undefined) return await this.#queries(store).query(request)
    this.#checkRunning(store)
    return await this.#engine.query(request)
  }

  /**
   * Returns a store for reading, over all its partitions. Every read fails with MILLRACE_QUERY_INCOMPLETE while a partition is on another
   * instance or is being restored, unless `partial` is set. Kafka Streams' `store`.
   *
   * @param store the builder of a store, or a table with a named store. By name, `kind` says how the store is read: a timestamped store
   * can be read as `key-value` or `window` too, without its timestamps
   * @throws MILLRACE_STORE_UNKNOWN, MILLRACE_QUERY_STORE_KIND
   * @example
   * const counts = streams.store<string, bigint>('counts', 'key-value')
   * const count = await counts.get('to')
   */
  store<Store>(store: StoreBuilder<Store>, options?: StoreQueryOptions): ReadOnlyStoreOf<Store>
  store<K, V>(table: KTable<K, V>, options?: StoreQueryOptions): ReadOnlyStoreOfTable<K, V>
  store<K, V>(name: string, kind: 'key-value', options?: StoreQueryOptions): ReadOnlyKeyValueStore<K, V>
  store<K, V>(
    name: string,
    kind: 'timestamped-key-value',
    options?: StoreQueryOptions,
  ): ReadOnlyTimestampedKeyValueStore<K, V>
  store<K, V>(name: string, kind: 'window', options?: StoreQueryOptions): ReadOnlyWindowStore<K, V>
  store<K, V>(
    name: string,
    kind: 'timestamped-window',
    options?: StoreQueryOptions,
  ): ReadOnlyTimestampedWindowStore<K, V>
  store<K, V>(name: string, kind: 'session', options?: StoreQueryOptions): ReadOnlySessionStore<K, V>
  store<K, V>(name: string, kind: 'versioned', options?: StoreQueryOptions): ReadOnlyVersionedKeyValueStore<K, V>
  store(...asked: AskedStore): unknown {
    const queries = (store: string) => this.#queries(store)
    return openStore(this.#plan, asked, queries, defaultIsolation(this.#options))
  }

  #queries(store: string): LocalQueries {
    this.#checkRunning(store)
    const { queries, query } = this.#engine
    const { threads } = this.#options
    if (query !== undefined) throw millraceError('MILLRACE_QUERY_THREADS', { store, threads })
    if (queries === undefined) throw millraceError('MILLRACE_QUERY_NOT_RUNNING', { store, state: this.#state })
    return queries
  }

  #checkRunning(store: string): void {
    const runs = this.#state === 'RUNNING' || this.#state === 'REBALANCING'
    if (!runs) throw millraceError('MILLRACE_QUERY_NOT_RUNNING', { store, state: this.#state })
  }

  /** Returns the tasks of this instance. */
  tasks(): readonly TaskStatus[] {
    return this.#engine.taskStatus
  }

  async #run(): Promise<void> {
    let failure = await this.#process()
    while (failure !== undefined && (await this.#verdictOn(failure)) === 'replace-thread') {
      failure = (await this.#replace(failure)) ?? (await this.#process())
    }
    await this.#finish(failure)
  }

  /** Works until it is stopped, or until the failure that it returns. */
  async #process(): Promise<unknown> {
    try {
      while (!this.#stopping.signal.aborted) {
        await inTurn(() => this.#engine.step(POLL_MS), this)
        // Timers, sockets and signals have their turn between two rounds, however busy they are.
        await setImmediate()
      }
      return undefined
    } catch (error) {
      return asError(error)
    }
  }

  async #verdictOn(failure: unknown): Promise<FailureVerdict> {
    if (isMillraceError(failure) && failure.code === 'MILLRACE_APPLICATION_SHUTDOWN') return 'shutdown-instance'
    const { closeTimeoutMs, logger } = this.#options
    let verdict: FailureVerdict = 'shutdown-instance'
    try {
      verdict = await this.#decide(failure)
      if (verdict !== 'shutdown-application') return verdict
      logger.error({ error: failure }, 'all instances of the application are shutting down because of an error')
      await this.#engine.shutDownApplication(closeTimeoutMs / 3, this.#stopping.signal)
    } catch (error) {
      logger.error({ error }, 'failed to request the shutdown of the other instances')
    }
    return verdict
  }

  /** Goes on with a new member in the place of the one that has failed. @returns why that is not possible */
  async #replace(failure: unknown): Promise<unknown> {
    const { clock, logger } = this.#options
    const waitMs = Math.min(MOST_REPLACEMENT_MS, FIRST_REPLACEMENT_MS * 2 ** this.#replacements++)
    logger.error({ error: failure, waitMs }, 'a thread has failed and is replaced')
    const { signal } = this.#stopping
    try {
      if (this.#engine.replace !== undefined) {
        await clock.sleep(waitMs, signal)
        await this.#engine.replace()
        return undefined
      }
      const { paused } = this.#engine
      await this.#endEngine(false)
      if (canGo(this.#state, 'REBALANCING')) this.#go('REBALANCING')
      await clock.sleep(waitMs, signal)
      if (signal.aborted) return undefined
      this.#engine = this.#newEngine()
      this.#engine.paused = paused
      await inTurn(() => this.#engine.begin(signal), this)
      return undefined
    } catch (error) {
      return signal.aborted && isMillraceError(error, 'retriable') ? undefined : asError(error)
    }
  }

  async #endEngine(clean: boolean): Promise<void> {
    try {
      await inTurn(() => this.#engine.end({ clean, leave: this.#leave }), this)
    } catch (error) {
      this.#options.logger.error({ error }, 'failed to close the application: uncommitted records are processed again')
    }
  }

  async #finish(failure: unknown): Promise<void> {
    if (failure !== undefined) {
      this.#failure = failure
      this.#clean = false
      this.#options.logger.error({ error: failure }, 'the application stops because of an error')
      this.#go('PENDING_ERROR')
    }
    await this.#endEngine(this.#clean)
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
    const failed = (error: unknown) => this.#options.logger.error({ event, error }, 'a listener failed')
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
    if (next === 'RUNNING') this.#replacements = 0
    const { applicationId, logger } = this.#options
    const line = stateLine(next, before, { applicationId, tasks: this.#engine.taskStatus.length })
    logger.info({ state: next, before }, line)
    this.#tell('state', next, before)
  }
}

const EVENTS: Readonly<Record<keyof StreamsEvents, true>> = {
  state: true,
  error: true,
  restoreStart: true,
  restoreProgress: true,
  restoreEnd: true,
  restoreSuspended: true,
  standbyUpdateStart: true,
  standbyBatchLoaded: true,
  standbyUpdateSuspended: true,
  waiting: true,
}
const LISTENING = [
  ['event', oneOf(...Object.keys(EVENTS))],
  ['listener', aFunction],
] as const
const CLOSING = [['options', optionsOf({ leave: optional(aBoolean) })]] as const
