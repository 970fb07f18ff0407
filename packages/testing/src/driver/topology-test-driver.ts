import { join } from 'node:path'
import { type MemoryClient, MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  aFiniteNumber,
  aFunction,
  aStoreBuilder,
  aText,
  checkArguments,
  checkedConfigNumber,
  type ClientContext,
  either,
  isMillraceError,
  isPlainObject,
  type KeyValueStore,
  ManualClock,
  matchesPattern,
  millraceError,
  type Plan,
  type Producer,
  type QueryResult,
  type SessionStore,
  type StoreBuilder,
  type TimestampedKeyValueStore,
  type TimestampedWindowStore,
  topicSerdes,
  type VersionedKeyValueStore,
  type Windowed,
  type WindowStore,
} from '@millrace/core'
import {
  type KafkaStreamsOptions,
  type MetricReading,
  Metrics,
  type QueryRequest,
  type RestoreEvent,
  silentLogger,
} from '@millrace/runtime'
import { ADDED, checkDriver, checkNumbers, INPUT_OPTIONS, REMOVED, TOPIC } from './driver-arguments.ts'
import type { TopologyTestDriverOptions } from './driver-options.ts'
import { DriverStores } from './driver-stores.ts'
import { DriverTopics } from './driver-topics.ts'
import { type CommitMode, InstanceRounds } from './instance-rounds.ts'
import { notAwaited, OpenCalls } from './open-calls.ts'
import { askInstances } from './ask-instances.ts'
import { survivingStore } from './surviving-store.ts'
import { type EncodedRecord, type InputTopicOptions, type PipeListOptions, TestInputTopic } from './test-input-topic.ts'
import { type InstanceDisk, TestInstance } from './test-instance.ts'
import { type OutputTopicOptions, TestOutputTopic } from './test-output-topic.ts'
import { gathered } from './test-stores.ts'
import { WatchedClock } from './watched-clock.ts'

/** A task and the instance that runs it. */
export interface DriverTask {
  readonly instance: number
  /** `<sub-topology>_<partition>`. */
  readonly id: string
  /** The number of records processed since the task started. */
  readonly processed: number
  /** The highest timestamp so far, -1 before the first record. */
  readonly streamTime: number
}

/**
 * Runs a topology in a test: the real runtime with an in-memory Kafka and a clock that only the test advances. It supports any
 * number of partitions and instances, rebalances and crashes.
 *
 * @example
 * const driver = await TopologyTestDriver.create(builder.build())
 * const lines = driver.createInputTopic('lines', { key: string(), value: string() })
 * const counts = driver.createOutputTopic('counts', { key: string(), value: long() })
 * await lines.pipeInput('to be or not to be')
 * expect(counts.readKeyValue()).toEqual(['to', 1n])
 * await driver.close()
 */
export class TopologyTestDriver {
  /** The in-memory Kafka of the test, to inject faults and to inspect logs and groups. */
  readonly cluster: MemoryCluster
  readonly #plan: Plan
  readonly #options: TopologyTestDriverOptions
  readonly #streamsOptions: Omit<KafkaStreamsOptions, 'client'>
  readonly #clock: ManualClock
  readonly #watched: WatchedClock
  readonly #topics: DriverTopics
  readonly #client: MemoryClient
  readonly #producer: Producer
  readonly #rounds: InstanceRounds
  readonly #stores: DriverStores
  readonly #calls = new OpenCalls()
  readonly #metrics = new Metrics()
  readonly #restorations: RestoreEvent[] = []
  /** What removed instances left, by their number. */
  readonly #disks = new Map<number, InstanceDisk>()
  #instancesMade = 0
  #turn: Promise<unknown> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined
  #closed = false

  private constructor(plan: Plan, options: TopologyTestDriverOptions) {
    checkDriver(plan, options)
    const {
      applicationId = 'topology-test-driver',
      initialWallClockMs = Date.now(),
      logger = silentLogger,
      partitions,
      instances: _instances,
      commitEachRecord: _commitEachRecord,
      client: _client,
      state: _state,
      ...streamsOptions
    } = options
    checkNumbers(options)
    this.#plan = plan
    this.#options = options
    this.#clock = new ManualClock(initialWallClockMs)
    this.#watched = new WatchedClock(this.#clock)
    const defaults = {
      emitIntervalMs: 0,
      // A function that waits for something outside has all the time of the test: the clock must not run away from it.
      processingTimeoutMs: Number.POSITIVE_INFINITY,
      // A test may look into repartition topics, however far it moves the clock.
      repartitionPurgeIntervalMs: Number.POSITIVE_INFINITY,
    }
    this.#streamsOptions = { ...defaults, ...streamsOptions, applicationId, logger, clock: this.#watched }
    // Retention never comes by itself: records of tests carry old timestamps.
    this.cluster = new MemoryCluster({ clock: this.#clock, retentionCheckIntervalMs: Number.POSITIVE_INFINITY })
    this.#topics = new DriverTopics(this.cluster, plan, applicationId, partitions)
    if (isPlainObject(options.onBadRecord)) this.#topics.create(options.onBadRecord.deadLetterTopic)
    this.#client = memoryClient(this.cluster)({ clientId: 'topology-test-driver', clock: this.#clock, logger })
    this.#producer = this.#client.producer({})
    this.#rounds = new InstanceRounds(this.#clock, this.#watched)
    this.#stores = new DriverStores({
      plan,
      instances: () => this.#rounds.instances,
      now: () => this.#clock.now(),
      checkRead: what => this.#calls.checkNone(what),
    })
  }

  /**
   * Creates the topics, starts the instances, and resolves when all tasks run.
   * @throws MillraceError as `KafkaStreams.start` does: for options that do not fit, topics that are not co-partitioned
   */
  static async create(plan: Plan, options: TopologyTestDriverOptions = {}): Promise<TopologyTestDriver> {
    const driver = new TopologyTestDriver(plan, options)
    await driver.#producer.init()
    for (let made = 0; made < (options.instances ?? 1); made++) await driver.addInstance()
    return driver
  }

  /**
   * Returns a writer for an input topic. A topic that only the pattern of a source matches is created, as if a user had
   * created it while the application runs.
   * @throws MILLRACE_TOPIC_MISSING when the topology has no such topic
   */
  createInputTopic<K, V>(topic: string, options: InputTopicOptions<K, V>): TestInputTopic<K, V> {
    checkArguments('createInputTopic', [TOPIC, ['options', INPUT_OPTIONS]], [topic, options])
    const partitions = this.cluster.partitionCount(topic) ?? this.#createMatching(topic)
    if (partitions === undefined) throw millraceError('MILLRACE_TOPIC_MISSING', { topic })
    const pipe = (call: string, records: readonly EncodedRecord[], commit: PipeListOptions['commit']) =>
      this.#run(call, async () => {
        await this.#append(topic, records)
        await this.#rounds.settle(commit ?? this.#mode())
      })
    return new TestInputTopic({ topic, partitions, pipe }, options, this.#clock.now())
  }

  /**
   * Returns a reader for any topic by its real name: changelogs and repartition topics are named
   * `<applicationId>-<name>-changelog` and `-repartition`.
   */
  createOutputTopic<K, V>(topic: string, options: OutputTopicOptions<K, V>): TestOutputTopic<K, V> {
    checkArguments('createOutputTopic', [TOPIC, ['options', topicSerdes]], [topic, options])
    this.#topics.create(topic)
    const beforeRead = () => this.#calls.checkNone(`reading the topic "${topic}"`)
    return new TestOutputTopic({ cluster: this.cluster, topic, beforeRead }, options)
  }

  /** Returns the names of all topics that the topology has written to, including internal topics. */
  producedTopicNames(): readonly string[] {
    this.#calls.checkNone('producedTopicNames')
    return this.#topics.produced()
  }

  /** The time of the wall clock, in milliseconds since the epoch. */
  get wallClockMs(): number {
    return this.#clock.now()
  }

  /** Advances the wall clock, runs each punctuation that is due once, and processes the results. */
  async advanceWallClock(ms: number): Promise<void> {
    checkedConfigNumber('ms of advanceWallClock', ms, { from: 0, of: 'milliseconds' })
    await this.#run('advanceWallClock', async () => {
      await this.#clock.advance(ms)
      await this.#rounds.settle(this.#mode())
    })
  }

  /**
   * Sets the time of day forward or back, as NTP does, without advancing time: intervals are not affected, but everything that
   * compares with the time of day (such as entries with `ttlMs` by the wall clock) uses the new time.
   */
  async stepWallClock(byMs: number): Promise<void> {
    checkedConfigNumber('byMs of stepWallClock', byMs, { from: Number.MIN_SAFE_INTEGER, of: 'milliseconds' })
    await this.#run('stepWallClock', async () => {
      this.#clock.stepWallClock(byMs)
      await this.#rounds.settle(this.#mode())
    })
  }

  /** Runs all instances until no work is left. Every other method does this before it resolves. */
  settle(): Promise<void> {
    return this.#run('settle', () => this.#rounds.settle(this.#mode()))
  }

  /** Commits the processed records. Without `commitEachRecord`, commits otherwise follow `commitIntervalMs`. */
  commit(): Promise<void> {
    return this.#run('commit', () => this.#rounds.commit())
  }

  /**
   * Starts another instance, and resolves when the tasks are reassigned.
   * @param options `stateOf`: the number of a removed instance whose state this one finds on its disk.
   * @default an empty disk
   * @returns its number
   */
  addInstance(options: { readonly stateOf?: number } = {}): Promise<number> {
    return this.#run('addInstance', async () => {
      checkArguments('addInstance', [['options', ADDED]], [options])
      const number = this.#instancesMade++
      const added = new TestInstance({
        number,
        plan: this.#plan,
        options: this.#streamsOptions as KafkaStreamsOptions,
        client: context => this.#instanceClient(context),
        disk: options.stateOf === undefined ? this.#newDisk(number) : this.#takeDisk(options.stateOf),
        metrics: this.#metrics,
        onRestored: event => this.#restorations.push(event),
      })
      await this.#rounds.patiently(added.instance.begin(new AbortController().signal))
      this.#rounds.instances.push(added)
      await this.#rounds.settle(this.#mode())
      return number
    })
  }

  /**
   * Stops an instance, and resolves when the others have taken over its tasks. With `crash` it neither commits nor leaves the
   * group, and the clock advances by the session timeout, after which the group notices.
   * @throws MILLRACE_DRIVER_INSTANCE_UNKNOWN
   */
  removeInstance(number: number, options: { readonly crash?: boolean } = {}): Promise<void> {
    return this.#run('removeInstance', async () => {
      checkArguments(
        'removeInstance',
        [
          ['number', aFiniteNumber],
          ['options', REMOVED],
        ],
        [number, options],
      )
      const { instances } = this.#rounds
      const index = instances.findIndex(candidate => candidate.number === number)
      if (index < 0) throw millraceError('MILLRACE_DRIVER_INSTANCE_UNKNOWN', { instance: number })
      const [removed] = instances.splice(index, 1)
      this.#disks.set(number, removed!.disk)
      if (options.crash === true) {
        removed!.crash()
        await this.#clock.advance(this.#options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS)
      } else {
        await this.#rounds.patiently(removed!.instance.end({ clean: true, leave: true }))
      }
      await this.#rounds.settle(this.#mode())
    })
  }

  /** Returns the tasks of all instances. */
  tasks(): readonly DriverTask[] {
    return this.#rounds.instances.flatMap(({ number, instance }) =>
      instance.tasks.map(({ name, processed, context }) => ({
        instance: number,
        id: name,
        processed,
        streamTime: context.streamTime,
      })),
    )
  }

  /** Returns all restorations so far, with their number of records. */
  restorations(): readonly RestoreEvent[] {
    this.#calls.checkNone('restorations')
    return this.#restorations
  }

  /** Returns the metrics of all instances. */
  metrics(): readonly MetricReading[] {
    return [...this.#metrics.readings(), ...this.#rounds.instances.flatMap(({ instance }) => instance.readings)]
  }

  /**
   * Returns a store as processors see it, across all partitions and instances. Stores of tables hold values with timestamps. A
   * custom store has one object per partition: use `storeParts`.
   * @throws MILLRACE_STORE_UNKNOWN, MILLRACE_DRIVER_STORE_KIND
   */
  store<Store>(builder: StoreBuilder<Store>): Store
  store(name: string): unknown
  store(nameOrBuilder: string | StoreBuilder): unknown {
    checkArguments(
      'store',
      [['store', either('the builder or the name of a store', aText, aStoreBuilder)]],
      [nameOrBuilder],
    )
    return this.#stores.whole(typeof nameOrBuilder === 'string' ? nameOrBuilder : nameOrBuilder.name)
  }

  /**
   * Asks a store as `KafkaStreams.query` does. The partitions of all instances answer together, or with `instance` those of one. No
   * records are processed meanwhile: `after` does not wait.
   * @throws MILLRACE_QUERY_INVALID, MILLRACE_QUERY_AFTER_IMPOSSIBLE, MILLRACE_STORE_UNKNOWN, MILLRACE_DRIVER_INSTANCE_UNKNOWN
   */
  async query<R>(request: QueryRequest<R>, options: { readonly instance?: number } = {}): Promise<QueryResult<R>> {
    this.#calls.checkNone('query')
    const { instance: only } = options
    const asked = this.#rounds.instances.filter(({ number }) => only === undefined || number === only)
    if (asked.length === 0) throw millraceError('MILLRACE_DRIVER_INSTANCE_UNKNOWN', { instance: only ?? 0 })
    return await askInstances(
      asked.map(({ instance }) => instance),
      request,
    )
  }

  /**
   * Returns the part of a store that each task has, by partition.
   * @throws MILLRACE_STORE_UNKNOWN
   */
  storeParts<Store>(builder: StoreBuilder<Store>): readonly { readonly partition: number; readonly store: Store }[] {
    checkArguments('storeParts', [['store', aStoreBuilder]], [builder])
    return this.#stores.taskParts(builder.name).map(({ partition, store }) => ({ partition, store: store as Store }))
  }

  /**
   * Returns a key-value store, without timestamps.
   * @throws MILLRACE_DRIVER_STORE_KIND
   */
  keyValueStore<K, V>(name: string): KeyValueStore<K, V> {
    return this.#stores.keyValue(name)
  }

  /**
   * Returns the store of a table.
   * @throws MILLRACE_DRIVER_STORE_KIND
   */
  timestampedKeyValueStore<K, V>(name: string): TimestampedKeyValueStore<K, V> {
    return this.#stores.timestampedKeyValue(name)
  }

  /**
   * Returns a window store, without timestamps.
   * @throws MILLRACE_DRIVER_STORE_KIND
   */
  windowStore<K, V>(name: string): WindowStore<K, V> {
    return this.#stores.window(name)
  }

  /**
   * Returns the store of a windowed aggregation.
   * @throws MILLRACE_DRIVER_STORE_KIND
   */
  timestampedWindowStore<K, V>(name: string): TimestampedWindowStore<K, V> {
    return this.#stores.timestampedWindow(name)
  }

  /**
   * Returns a session store, such as the store of a session aggregation.
   * @throws MILLRACE_DRIVER_STORE_KIND
   */
  sessionStore<K, V>(name: string): SessionStore<K, V> {
    return this.#stores.session(name)
  }

  /**
   * Returns a versioned store.
   * @throws MILLRACE_DRIVER_STORE_KIND
   */
  versionedStore<K, V>(name: string): VersionedKeyValueStore<K, V> {
    return this.#stores.versioned(name)
  }

  /** Returns all entries of a session store, by window and key. */
  async sessionStoreEntries<K, V>(name: string): Promise<(readonly [key: Windowed<K>, value: V])[]> {
    return await gathered(this.sessionStore<K, V>(name).all())
  }

  /** Returns all entries of a key-value store, by key, without timestamps. */
  async storeEntries<K, V>(name: string): Promise<(readonly [key: K, value: V])[]> {
    return await gathered(this.keyValueStore<K, V>(name).all())
  }

  /** Returns all entries of a window store, by window and key, without timestamps. */
  async windowStoreEntries<K, V>(name: string): Promise<(readonly [key: Windowed<K>, value: V])[]> {
    return await this.#stores.windowEntries(name)
  }

  /**
   * Commits and stops all instances. Topics can still be read. A second call does nothing.
   * @throws MILLRACE_DRIVER_NOT_AWAITED, after everything is closed, when a call of the test was still running
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const forgotten = this.#calls.first
    await this.#turn.catch(() => undefined)
    const { instances } = this.#rounds
    for (const { instance } of instances.splice(0)) {
      await this.#rounds.patiently(instance.end({ clean: this.#failure === undefined, leave: true }))
    }
    await this.#client.close()
    if (forgotten !== undefined) throw notAwaited(forgotten, 'close', this.#failure?.error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** A call of the test, which is to await it before it reads or closes. */
  #run<T>(call: string, work: () => Promise<T>): Promise<T> {
    return this.#calls.during(call, this.#inTurn(work))
  }

  /** One call after the other, whether they are awaited or not; after a failure of the topology none. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed)
      throw millraceError('MILLRACE_CLIENT_CLOSED', { operation: 'a call', object: 'TopologyTestDriver' })
    const run = this.#turn.then(async () => {
      if (this.#failure !== undefined) throw this.#failure.error
      try {
        return await work()
      } catch (error) {
        if (!isMillraceError(error) || !error.code.startsWith('MILLRACE_DRIVER_')) this.#failure = { error }
        throw error
      }
    })
    this.#turn = run.catch(() => undefined)
    return await run
  }

  /** The number of partitions; undefined where no pattern matches. */
  #createMatching(topic: string): number | undefined {
    if (!matchesPattern(this.#plan, topic)) return undefined
    this.#topics.create(topic)
    // Comes before whatever is piped, and what fails here fails there too.
    this.#inTurn(async () => {
      for (const { instance } of this.#rounds.instances) await this.#rounds.patiently(instance.refreshTopics())
      await this.#rounds.settle(this.#mode())
    }).catch(() => undefined)
    return this.cluster.partitionCount(topic)
  }

  #mode(): CommitMode {
    return (this.#options.commitEachRecord ?? true) ? 'each' : 'interval'
  }

  async #append(topic: string, records: readonly EncodedRecord[]): Promise<void> {
    const appender = this.#producer.topic(topic)
    for (const { partition, timestamp, key, value, headers } of records) {
      const keyBytes = asBuffer(key)
      const valueBytes = asBuffer(value)
      appender.append(
        partition,
        timestamp,
        keyBytes,
        key === null ? -1 : 0,
        keyBytes.length,
        valueBytes,
        value === null ? -1 : 0,
        valueBytes.length,
        headers,
      )
    }
    await this.#producer.flush()
    this.#topics.piped(topic, records.length)
  }

  #instanceClient(context: ClientContext): MemoryClient {
    const factory = (this.#options.client ?? (cluster => memoryClient(cluster)))(this.cluster, this.#watched)
    checkArguments('the option client', [['its result', aFunction]], [factory])
    return this.#topics.madeOnDemand(factory(context))
  }

  #newDisk(number: number): InstanceDisk {
    const { state } = this.#options
    if (state === undefined) return { store: survivingStore() }
    return { store: state.store, stateDir: join(state.stateDir, `instance-${number}`) }
  }

  #takeDisk(number: number): InstanceDisk {
    const disk = this.#disks.get(number)
    if (disk === undefined) throw millraceError('MILLRACE_DRIVER_INSTANCE_UNKNOWN', { instance: number })
    this.#disks.delete(number)
    return disk
  }
}

/** The runtime's default. */
const SESSION_TIMEOUT_MS = 45_000
const NO_BYTES = Buffer.alloc(0)

function asBuffer(bytes: Uint8Array | null): Buffer {
  return bytes === null ? NO_BYTES : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
