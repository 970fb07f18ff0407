import { setImmediate } from 'node:timers/promises'
import {
  aBoolean,
  aFunction,
  aText,
  type Argument,
  checkArguments,
  checkedInside,
  checkPlan,
  type KTable,
  millraceError,
  mustBe,
  optional,
  optionsOf,
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
} from '@millrace/core'
import { type KafkaStreamsOptions, type ResolvedOptions, resolveOptions } from '../config/options.ts'
import type { StreamsState } from '../loop/lifecycle.ts'
import { ClientMeters } from '../observe/client-meters.ts'
import { type MetricReading, Metrics } from '../observe/metrics.ts'
import { tolerateClosedOutput } from '../observe/tolerate-closed-output.ts'
import { type KeyQueryMetadata, metadataOfPartition, type StoreLag } from '../query/key-metadata.ts'
import { defaultIsolation, type LocalQueries } from '../query/local-queries.ts'
import { type AskedStore, openStore, type ReadOnlyStoreOfTable } from '../query/open-store.ts'
import type { LiveEvent } from '../query/live/live-event.ts'
import { liveQuery } from '../query/live/live-query.ts'
import type { LiveRequest } from '../query/live/live-request.ts'
import { type QueryRequest, shownStore, storeOf } from '../query/query-request.ts'
import type { StoreQueryOptions } from '../query/queryable-store.ts'
import { deleteLocalState } from '../state/directory/local-state.ts'
import { ApplicationRun } from './application-run.ts'
import type { Application } from './define-application.ts'
import type { Engine, FailureVerdict, TaskStatus, ThreadMetadata } from './engine.ts'
import { Instance, type InstanceListener, type InstanceSurroundings } from './instance.ts'
import { runUntilSignal } from './run-until-signal.ts'
import { LISTENING, type StreamsEvents, type StreamsListener, StreamsListeners } from './streams-events.ts'
import type { StreamsMetadata } from './streams-metadata.ts'
import { loadApplication, moduleUrl } from './threads/load-application.ts'
import { workerHost } from './threads/thread-host.ts'
import { ThreadedEngine } from './threads/threaded-engine.ts'

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

/**
 * Runs a topology in this process, as one member of the application's consumer group. Start it in as many processes as you
 * need.
 *
 * @example
 * const streams = new KafkaStreams(builder.build(), { applicationId: 'word-count', client: kafka({ brokers }) })
 * await streams.run()
 */
export class KafkaStreams {
  readonly #metrics = new Metrics()
  readonly #meters: ClientMeters | undefined
  readonly #plan: Plan
  readonly #given: KafkaStreamsOptions
  readonly #options: ResolvedOptions
  readonly #listeners: StreamsListeners
  readonly #run: ApplicationRun

  /**
   * @param inside for Millrace's own use
   * @throws MILLRACE_CONFIG_INVALID; MILLRACE_THREADS_MODULE with `threads` above 1, which need `KafkaStreams.load`
   */
  constructor(plan: Plan, options: KafkaStreamsOptions, inside?: StreamsInside) {
    checkPlan('KafkaStreams', plan)
    this.#plan = plan
    this.#options = resolveOptions(options)
    this.#given = Object.freeze({ ...options })
    const { threads } = this.#options
    if (threads > 1 && inside === undefined) throw millraceError('MILLRACE_THREADS_MODULE', { threads })
    this.#listeners = new StreamsListeners(this, this.#options.logger)
    const decide = inside?.decide ?? this.#options.onUncaughtError
    this.#run = new ApplicationRun({
      plan,
      options: this.#options,
      listeners: this.#listeners,
      decide: failure => {
        this.#meters?.failedThreads.record()
        return decide(failure)
      },
      newEngine: listener => {
        const surroundings = { metrics: this.#metrics, listener, eventLoop: () => setImmediate() }
        return inside?.engine(this.#options, surroundings) ?? new Instance(plan, this.#options, surroundings)
      },
    })
    // A thread's own application is a part of this one.
    if (inside?.decide === undefined) this.#meters = this.#clientMeters()
  }

  #clientMeters(): ClientMeters {
    const { applicationId, clock, metricsRecordingLevel } = this.#options
    return new ClientMeters({
      applicationId,
      level: metricsRecordingLevel,
      clock,
      processId: () => this.#run.engine.processId,
      state: () => this.state,
      stateNumber: () => STATE_NUMBERS.indexOf(this.state),
      aliveThreads: () => (this.#run.runs ? this.#run.engine.members.length : 0),
    })
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
    checkArguments('KafkaStreams.load', LOADING, [module, options])
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

  /** The options that it was given, without defaults. */
  get options(): Readonly<KafkaStreamsOptions> {
    return this.#given
  }

  get state(): StreamsState {
    return this.#run.state
  }

  on<Event extends keyof StreamsEvents>(event: Event, listener: StreamsListener<Event>): this {
    checkArguments('on', LISTENING, [event, listener])
    this.#listeners.on(event, listener)
    return this
  }

  off<Event extends keyof StreamsEvents>(event: Event, listener: StreamsListener<Event>): this {
    checkArguments('off', LISTENING, [event, listener])
    this.#listeners.off(event, listener)
    return this
  }

  /**
   * Starts the application. Resolves when the instance has joined its group and all its tasks run. Retries while the broker is
   * down. From then on, stdout and stderr that nobody reads any more do not end the process.
   * @throws MillraceError for a problem that must be fixed first, such as a missing topic or a state directory in use
   */
  async start(): Promise<void> {
    tolerateClosedOutput()
    await this.#run.start()
  }

  /** Resolves when the application has stopped. Throws if an error stopped it. */
  async ended(): Promise<void> {
    await this.#run.ended()
  }

  /**
   * Starts the application and runs until SIGINT or SIGTERM. It then stops polling, finishes the current work, commits and
   * leaves the group. A second signal ends the process at once with exit code 130. After `closeTimeoutMs`, for example
   * because a user function never returns, it ends with exit code 1: uncommitted records are then processed again.
   */
  async run(): Promise<void> {
    await runUntilSignal(this, this.#options.logger)
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
    await this.#run.close(options.leave)
  }

  /**
   * Pauses the application: from the next turn on, no task processes records or runs punctuations until `resume`. The instance
   * stays in its group and takes part in rebalances, processed records are committed, state is restored, standbys follow their
   * changelogs, and fetched records stay in the queue. If called before `start`, the instance starts paused. Kafka Streams'
   * `pause` (KIP-834), which also stops standbys.
   */
  pause(): void {
    this.#run.engine.paused = true
  }

  /** Resumes a paused application. */
  resume(): void {
    this.#run.engine.paused = false
  }

  get isPaused(): boolean {
    return this.#run.engine.paused
  }

  /**
   * Deletes the local state of the application in `stateDir`, so that the next start restores everything from the changelogs.
   * Call it before `start` or after the application has stopped. Other instances keep their own state directories. Kafka
   * Streams' `cleanUp`.
   * @throws MILLRACE_STORE_CLEANUP in any other state; MILLRACE_STORE_LOCKED while another process uses the directory
   */
  async cleanUp(): Promise<void> {
    if (!['CREATED', 'NOT_RUNNING', 'ERROR'].includes(this.state))
      throw millraceError('MILLRACE_STORE_CLEANUP', { state: this.state })
    const { path, entries } = await deleteLocalState(this.#options)
    this.#options.logger.info({ directory: path, deleted: entries }, 'local state deleted')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * Returns the metrics, as far as `metricsRecordingLevel` has them recorded (docs/metrics.md). With `threads` above 1, those of threads are up
   * to half a second old.
   */
  metrics(): readonly MetricReading[] {
    return [...(this.#meters?.readings() ?? []), ...this.#metrics.readings(), ...this.#run.engine.readings]
  }

  /**
   * Starts one more thread, which joins the group and gets its part of the tasks. It has begun when this resolves. Kafka Streams'
   * `addStreamThread`.
   *
   * @returns the name of the thread; undefined in other states than RUNNING and REBALANCING
   * @throws MILLRACE_THREADS_FIXED unless the application was loaded with `threads` above 1; what keeps the thread from beginning,
   * which also goes to `onUncaughtError`
   */
  async addThread(): Promise<string | undefined> {
    const { engine, runs } = this.#run
    if (engine.addThread === undefined) throw millraceError('MILLRACE_THREADS_FIXED', { operation: 'addThread' })
    return runs ? await engine.addThread() : undefined
  }

  /**
   * Ends the thread with the highest number: it finishes its current work, commits and leaves the group, also with `groupInstanceId`,
   * and its tasks go to others. A thread that needs longer than `closeTimeoutMs` is ended as by a crash. Kafka Streams'
   * `removeStreamThread`.
   *
   * @param options `timeoutMs`: how long to wait for it @default Infinity
   * @returns the name of the thread; undefined if there is none, and in other states than RUNNING and REBALANCING
   * @throws MILLRACE_THREADS_FIXED unless the application was loaded with `threads` above 1; MILLRACE_THREAD_REMOVAL if the thread
   * has not ended after `timeoutMs`: it ends later
   */
  async removeThread(options: { readonly timeoutMs?: number } = {}): Promise<string | undefined> {
    checkArguments('removeThread', REMOVING, [options])
    const { engine, runs } = this.#run
    if (engine.removeThread === undefined) throw millraceError('MILLRACE_THREADS_FIXED', { operation: 'removeThread' })
    return runs ? await engine.removeThread(options.timeoutMs ?? Infinity) : undefined
  }

  /**
   * Returns the threads of this instance with their tasks, as up to half a second ago where they are threads of their own. Kafka Streams'
   * `metadataForLocalThreads`.
   */
  metadataForLocalThreads(): readonly ThreadMetadata[] {
    return this.#run.engine.members.map(member => ({ state: this.state, ...member }))
  }

  /**
   * Returns all instances of the application with an `applicationServer`, including this one, as of the last assignment; empty
   * before the first. Kafka Streams' `metadataForAllStreamsClients`.
   */
  metadataForAllInstances(): readonly StreamsMetadata[] {
    return this.#run.engine.metadata
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
    checkArguments('queryMetadataForKey', FINDING, [store, key, options])
    this.#checkRunning(store)
    const { storePartitions } = this.#run.engine
    const partitions = storePartitions ?? this.#queries(store).partitions
    const partition = partitions.partitionOfKey(store, key, options.partitioner)
    return metadataOfPartition(this.#plan, storeOf(this.#plan, store), partition, this.metadataForAllInstances())
  }

  /**
   * Returns how far the partitions of stores on this instance are behind their changelogs, by store and partition: tasks that run have no lag,
   * standbys and tasks that are being restored have. Kafka Streams' `allLocalStorePartitionLags`.
   * @throws MILLRACE_QUERY_NOT_RUNNING
   */
  async allLocalStorePartitionLags(): Promise<ReadonlyMap<string, ReadonlyMap<number, StoreLag>>> {
    this.#checkRunning('(all)')
    const { engine } = this.#run
    return engine.lags === undefined ? await this.#queries('(all)').lags() : await engine.lags()
  }

  /** Returns the instances that process a part of the store. Kafka Streams' `streamsMetadataForStore`. */
  streamsMetadataForStore(store: string): readonly StreamsMetadata[] {
    checkArguments('streamsMetadataForStore', [STORE], [store])
    return this.#run.engine.metadata.filter(({ stores }) => stores.includes(store))
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
    const store = shownStore((request as QueryRequest<R> | undefined)?.store)
    if (this.#run.engine.query === undefined) return await this.#queries(store).query(request)
    this.#checkRunning(store)
    return await this.#run.engine.query(request)
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
    const parts = (store: string) => {
      this.#checkRunning(store)
      return this.#run.engine.parts ?? this.#queries(store)
    }
    return openStore(this.#plan, asked, parts, defaultIsolation(this.#options))
  }

  /**
   * Follows a store or a table: a snapshot of each partition that this instance processes, and then what each commit changes, without a gap or a
   * repetition between the two. Of windows and sessions that expire or are merged it says that they are gone. A partition that moves is waited for, and goes on where it was. The iteration ends when the
   * application stops.
   *
   * @throws MILLRACE_QUERY_NOT_RUNNING, MILLRACE_QUERY_INVALID, MILLRACE_QUERY_STORE_KIND, MILLRACE_STORE_UNKNOWN; while it is read
   * MILLRACE_QUERY_TOO_SLOW
   * @example
   * for await (const event of streams.watch<string, bigint>({ store: 'counts' }))
   *   if (event.type !== 'waiting') for (const { key, value } of event.entries) console.log(key, value)
   */
  watch<K = unknown, V = unknown>(request: LiveRequest): AsyncGenerator<LiveEvent<K, V>, void, void> {
    const store = shownStore((request as LiveRequest | undefined)?.store)
    this.#checkRunning(store)
    const { engine } = this.#run
    if (engine.live !== undefined && engine.storePartitions === undefined) throw this.#notRunning(store)
    if (engine.live === undefined) this.#queries(store)
    return liveQuery<K, V>(
      {
        plan: this.#plan,
        applicationId: this.#options.applicationId,
        clock: this.#options.clock,
        queries: () => this.#run.engine.live ?? this.#run.engine.queries,
        isOver: () => !this.#run.runs,
      },
      request,
    )
  }

  #queries(store: string): LocalQueries {
    this.#checkRunning(store)
    const { queries } = this.#run.engine
    if (queries === undefined) throw this.#notRunning(store)
    return queries
  }

  #checkRunning(store: string): void {
    if (!this.#run.runs) throw this.#notRunning(store)
  }

  #notRunning(store: string): Error {
    return millraceError('MILLRACE_QUERY_NOT_RUNNING', { store, state: this.state })
  }

  /** Returns the tasks of this instance. */
  tasks(): readonly TaskStatus[] {
    return this.#run.engine.taskStatus
  }
}

const aTimeout = (given: unknown, name: string) =>
  typeof given === 'number' && given >= 0
    ? undefined
    : mustBe(name, 'a number of milliseconds from 0, or Infinity', given)
const REMOVING = [['options', optionsOf({ timeoutMs: optional(aTimeout) })]] as const
const STORE = ['store', aText] as const
const FINDING = [STORE, ['key', checkedInside], ['options', optionsOf({ partitioner: optional(aFunction) })]] as const
const LOADING = [
  ['module', (given, name) => (given instanceof URL ? undefined : aText(given, name))],
  ['options', optionsOf({ threads: checkedInside })],
] as const satisfies readonly Argument[]
const CLOSING = [['options', optionsOf({ leave: optional(aBoolean) })]] as const
