/** One row of docs/kafka-streams-parity.md. */
export interface ParityRow {
  /** As Kafka Streams 4.4 calls it. */
  readonly java: string
  /** What Millrace exports for it: `KStream.filter`, `tumbling`, `StoreOptions.retentionMs`. A test finds each in the sources. */
  readonly ours: readonly string[]
  /** Files that prove it. A test checks that they exist, and that each row with names has one. */
  readonly tests: readonly string[]
  readonly note?: string
  /** What is missing on purpose, and why. */
  readonly left?: string
  /** What is missing so far. */
  readonly missing?: string
}

export interface ParityArea {
  readonly area: string
  readonly rows: readonly ParityRow[]
}

const driver = (name: string) => `packages/testing/src/driver/${name}.test.ts`
const core = (name: string) => `packages/core/src/${name}.test.ts`
const DIFFERENTIAL = 'test/differential/run.test.ts'
const DESCRIBE = 'test/differential/describe.test.ts'
/** Texts of `describe()` that Java wrote. */
const DESCRIBED = 'packages/core/src/topology/kafka-streams.test.ts'
const USER_STORES = 'packages/runtime/src/state/task-stores/user-store.test.ts'
const CONTEXT = core('operators/user-processor')
const TYPES = 'packages/core/src/dsl/dsl.test-d.ts'
const SOURCES = 'packages/core/src/topology/sources-and-optimisation.test.ts'

const AWAITED = 'All user functions may return promises, which are awaited in order.'

export const PARITY: readonly ParityArea[] = [
  {
    area: 'StreamsBuilder',
    rows: [
      {
        java: 'stream(topic, collection, Pattern)',
        ours: ['StreamsBuilder.stream'],
        tests: [driver('driver-sources'), DESCRIBE, 'test/e2e/topic-patterns.test.ts', 'test/e2e/offset-reset.test.ts'],
      },
      {
        java: 'table',
        ours: ['StreamsBuilder.table'],
        tests: [DIFFERENTIAL, driver('driver-sources')],
        note: 'Also of several topics, and by pattern.',
      },
      { java: 'globalTable', ours: ['StreamsBuilder.globalTable'], tests: [driver('driver-globals'), SOURCES] },
      { java: 'addStateStore', ours: ['StreamsBuilder.addStateStore'], tests: [driver('driver-operators')] },
      { java: 'addGlobalStore', ours: ['StreamsBuilder.addGlobalStore'], tests: [driver('driver-globals')] },
      { java: 'build(props)', ours: ['StreamsBuilder.build', 'BuildOptions'], tests: [SOURCES, DESCRIBE] },
    ],
  },
  {
    area: 'KStream, stateless',
    rows: [
      { java: 'filter, filterNot', ours: ['KStream.filter', 'KStream.filterNot'], tests: [DIFFERENTIAL, TYPES] },
      {
        java: 'map, mapValues (with key)',
        ours: ['KStream.map', 'KStream.mapValues'],
        tests: [DIFFERENTIAL],
        note: AWAITED,
      },
      {
        java: 'flatMap, flatMapValues (with key)',
        ours: ['KStream.flatMap', 'KStream.flatMapValues'],
        tests: [DIFFERENTIAL],
      },
      { java: 'selectKey', ours: ['KStream.selectKey'], tests: [DIFFERENTIAL] },
      {
        java: '(beyond Java) many calls of a function under way',
        ours: ['KStream.mapValuesAsync', 'MapValuesAsyncOptions.ordering', 'AsyncRetry'],
        tests: [
          core('operators/map-values-async'),
          driver('map-values-async-crash'),
          'test/simulation/async-values.test.ts',
        ],
        note: 'Offsets are committed only up to the oldest record that is not finished.',
      },
      { java: 'merge', ours: ['KStream.merge'], tests: [DIFFERENTIAL] },
      { java: 'peek, foreach', ours: ['KStream.peek', 'KStream.foreach'], tests: [DIFFERENTIAL, DESCRIBED] },
      {
        java: 'print(Printed)',
        ours: ['KStream.print', 'PrintOptions'],
        tests: [DESCRIBED, core('operators/peek')],
      },
      {
        java: 'split, branch, defaultBranch, noDefaultBranch',
        ours: [
          'KStream.split',
          'BranchedKStream.branch',
          'BranchedKStream.defaultBranch',
          'BranchedKStream.noDefaultBranch',
        ],
        tests: [DIFFERENTIAL, TYPES],
        left: 'Branched.withFunction and withConsumer: the branches are typed properties of an object.',
      },
      { java: 'repartition', ours: ['KStream.repartition'], tests: [DIFFERENTIAL] },
      {
        java: 'to (topic, TopicNameExtractor)',
        ours: ['KStream.to', 'TopicChoice'],
        tests: [DIFFERENTIAL, driver('driver-topics')],
      },
      { java: 'toTable', ours: ['KStream.toTable'], tests: [DIFFERENTIAL] },
    ],
  },
  {
    area: 'KStream, processors',
    rows: [
      { java: 'process', ours: ['KStream.process', 'Processor'], tests: [driver('driver-operators')] },
      {
        java: 'processValues',
        ours: ['KStream.processValues', 'FixedKeyProcessor'],
        tests: [DESCRIBED, TYPES, core('operators/peek')],
        note: 'A processor may keep a record and forward `{ ...kept, value }` later, also while a record of another key is processed.',
      },
      {
        java: 'transform, flatTransform',
        ours: [],
        tests: [],
        left: 'Kafka Streams has removed them. `process` does the same.',
      },
    ],
  },
  {
    area: 'KGroupedStream',
    rows: [
      { java: 'groupBy, groupByKey', ours: ['KStream.groupBy', 'KStream.groupByKey'], tests: [DIFFERENTIAL] },
      { java: 'count', ours: ['KGroupedStream.count'], tests: [DIFFERENTIAL] },
      { java: 'reduce', ours: ['KGroupedStream.reduce'], tests: [DIFFERENTIAL] },
      { java: 'aggregate', ours: ['KGroupedStream.aggregate'], tests: [DIFFERENTIAL, driver('driver-operators')] },
      {
        java: 'windowedBy(Windows, SlidingWindows, SessionWindows)',
        ours: ['KGroupedStream.windowedBy'],
        tests: [core('operators/window-aggregate')],
      },
      { java: 'cogroup', ours: ['KGroupedStream.cogroup'], tests: [core('operators/cogroup')] },
    ],
  },
  {
    area: 'Windowed streams',
    rows: [
      {
        java: 'TimeWindowedKStream: count, reduce, aggregate',
        ours: ['TimeWindowedKStream.count', 'TimeWindowedKStream.reduce', 'TimeWindowedKStream.aggregate'],
        tests: [core('operators/window-aggregate'), DIFFERENTIAL],
      },
      {
        java: 'SessionWindowedKStream: count, reduce, aggregate with Merger',
        ours: ['SessionWindowedKStream.count', 'SessionWindowedKStream.reduce', 'SessionWindowedKStream.aggregate'],
        tests: [core('operators/window-aggregate')],
      },
      {
        java: 'emitStrategy(onWindowUpdate, onWindowClose)',
        ours: ['WindowedByOptions.emitStrategy'],
        tests: [core('operators/window-aggregate')],
      },
      {
        java: 'CogroupedKStream: cogroup, aggregate, windowedBy',
        ours: [
          'CogroupedKStream.cogroup',
          'CogroupedKStream.aggregate',
          'CogroupedKStream.windowedBy',
          'TimeWindowedCogroupedKStream.aggregate',
          'SessionWindowedCogroupedKStream.aggregate',
        ],
        tests: [core('operators/cogroup')],
      },
    ],
  },
  {
    area: 'Joins of streams',
    rows: [
      {
        java: 'KStream–KStream join, leftJoin, outerJoin',
        ours: ['KStream.join', 'KStream.leftJoin', 'KStream.outerJoin', 'joinWindows'],
        tests: [core('operators/stream-stream-join')],
        note: 'The joiners of all joins get the key.',
      },
      {
        java: 'KStream–KTable join, leftJoin',
        ours: ['KStream.join', 'KStream.leftJoin'],
        tests: [core('operators/versioned-table'), DIFFERENTIAL, driver('driver-operators')],
      },
      {
        java: 'KStream–GlobalKTable join, leftJoin',
        ours: ['KStream.join', 'KStream.leftJoin', 'GlobalKTable'],
        tests: [driver('driver-globals')],
      },
    ],
  },
  {
    area: 'KTable',
    rows: [
      { java: 'filter, filterNot', ours: ['KTable.filter', 'KTable.filterNot'], tests: [DIFFERENTIAL] },
      { java: 'mapValues (with key)', ours: ['KTable.mapValues'], tests: [DIFFERENTIAL] },
      {
        java: 'transformValues',
        ours: ['KTable.transformValues', 'ValueTransformer'],
        tests: [core('operators/suppress')],
      },
      { java: 'toStream (with mapper)', ours: ['KTable.toStream'], tests: [DIFFERENTIAL] },
      { java: 'suppress', ours: ['KTable.suppress', 'SuppressOptions'], tests: [core('operators/suppress')] },
      {
        java: 'groupBy, then count, reduce, aggregate with adder and subtractor',
        ours: ['KTable.groupBy', 'KGroupedTable.count', 'KGroupedTable.reduce', 'KGroupedTable.aggregate'],
        tests: [core('operators/table')],
      },
      {
        java: 'join, leftJoin, outerJoin by primary key',
        ours: ['KTable.join', 'KTable.leftJoin', 'KTable.outerJoin'],
        tests: [core('operators/table')],
      },
      {
        java: 'join, leftJoin by foreign key, TableJoined',
        ours: ['KTable.join', 'KTable.leftJoin', 'ForeignKeyJoinOptions'],
        tests: [core('operators/foreign-key-join')],
      },
      {
        java: 'queryableStoreName',
        ours: ['KTable.storeName', 'GlobalKTable.storeName'],
        tests: ['packages/core/src/dsl/table-store-name.test.ts', driver('driver-globals')],
        note: 'Undefined for an unnamed foreign-key join, for which Kafka Streams names a store that does not exist.',
      },
    ],
  },
  {
    area: 'Windows',
    rows: [
      {
        java: 'TimeWindows.ofSizeAndGrace, ofSizeWithNoGrace',
        ours: ['tumbling'],
        tests: [DIFFERENTIAL],
        note: '`graceMs` is required: 0 for none.',
      },
      { java: 'TimeWindows.advanceBy', ours: ['hopping'], tests: [core('operators/window-aggregate')] },
      { java: 'SlidingWindows', ours: ['sliding'], tests: [core('operators/window-aggregate')] },
      { java: 'SessionWindows', ours: ['sessions'], tests: [core('operators/window-aggregate')] },
      { java: 'UnlimitedWindows.of, startOn', ours: ['unlimited'], tests: [core('operators/window-aggregate')] },
      {
        java: 'Windows (of your own)',
        ours: ['customWindows', 'calendar'],
        tests: [core('windows/custom-windows')],
        note: 'The bytes are those of a Windows<TimeWindow>. `windowsConformance` tests an implementation.',
      },
      {
        java: 'JoinWindows.ofTimeDifference…, before, after',
        ours: ['joinWindows'],
        tests: [core('operators/stream-stream-join')],
      },
    ],
  },
  {
    area: 'Suppressed',
    rows: [
      { java: 'untilTimeLimit, untilWindowCloses', ours: ['SuppressOptions'], tests: [core('operators/suppress')] },
      {
        java: 'maxRecords, maxBytes, unbounded, emitEarlyWhenFull, shutDownWhenFull',
        ours: ['BufferOptions.maxRecords', 'BufferOptions.maxBytes', 'SuppressOptions'],
        tests: [core('operators/suppress')],
      },
      {
        java: 'withLoggingEnabled, withLoggingDisabled',
        ours: ['BufferOptions.logging'],
        tests: [core('operators/suppress')],
      },
    ],
  },
  {
    area: 'Option objects',
    rows: [
      {
        java: 'Consumed',
        ours: ['SourceOptions', 'TableOptions', 'GlobalTableOptions'],
        tests: [TYPES, driver('driver-sources')],
      },
      { java: 'Produced', ours: ['SinkOptions', 'Partitioner'], tests: [TYPES, DIFFERENTIAL] },
      { java: 'Grouped', ours: ['GroupOptions', 'GroupByOptions'], tests: [TYPES, DIFFERENTIAL] },
      {
        java: 'Joined',
        ours: ['SerdeOptions', 'TableJoinOptions.graceMs'],
        tests: [DIFFERENTIAL, core('operators/versioned-table')],
      },
      {
        java: 'StreamJoined',
        ours: ['StreamJoinOptions'],
        tests: [core('operators/stream-stream-join')],
        left: 'Store suppliers. `type` chooses memory or disk; the option `store` of the application is the backend on disk.',
      },
      { java: 'TableJoined', ours: ['ForeignKeyJoinOptions'], tests: [core('operators/foreign-key-join')] },
      {
        java: 'Materialized',
        ours: [
          'MaterializeOptions',
          'StoreOptions',
          'WindowStoreSettings.retentionMs',
          'StoreSettings.caching',
          'StoreSettings.logging',
        ],
        tests: [DIFFERENTIAL, TYPES],
        left: 'Store suppliers, see StreamJoined.',
      },
      { java: 'Repartitioned', ours: ['RepartitionOptions'], tests: [DIFFERENTIAL] },
      { java: 'Named', ours: ['NameOption'], tests: [DESCRIBE, DIFFERENTIAL] },
      { java: 'Printed', ours: ['PrintOptions'], tests: [DESCRIBED, core('operators/peek')] },
      { java: 'Branched', ours: ['BranchedKStream.branch'], tests: [DIFFERENTIAL] },
    ],
  },
  {
    area: 'Topology',
    rows: [
      {
        java: 'describe',
        ours: ['describeTopology'],
        tests: [DESCRIBE],
        note: 'Lists within a line are sorted by name; Java’s follow the hash order of the JVM.',
      },
      {
        java: 'addStateStore, addGlobalStore',
        ours: ['StreamsBuilder.addStateStore', 'StreamsBuilder.addGlobalStore'],
        tests: [driver('driver-globals')],
      },
      {
        java: 'addReadOnlyStateStore',
        ours: ['StreamsBuilder.addReadOnlyStateStore'],
        tests: [driver('driver-globals')],
      },
      { java: 'connectProcessorAndStateStores', ours: ['ProcessOptions.stores'], tests: [driver('driver-operators')] },
      {
        java: 'addSource, addProcessor, addSink',
        ours: ['StreamsBuilder.stream', 'KStream.process', 'KStream.to'],
        tests: [driver('driver-operators')],
        left: 'A second, untyped builder. Processors are connected with the DSL, which has the types.',
      },
    ],
  },
  {
    area: 'Processor contexts',
    rows: [
      { java: 'forward(record, child)', ours: ['ProcessorContext.forward'], tests: [driver('driver-operators')] },
      {
        java: 'schedule, cancel',
        ours: ['BaseProcessorContext.schedule', 'Cancellable.cancel'],
        tests: [driver('driver-operators'), 'packages/runtime/src/task/punctuation.test.ts'],
      },
      { java: 'commit', ours: ['BaseProcessorContext.commit'], tests: [CONTEXT] },
      { java: 'getStateStore', ours: ['BaseProcessorContext.store'], tests: [driver('driver-operators')] },
      {
        java: 'recordMetadata, currentStreamTimeMs, currentSystemTimeMs, taskId, applicationId',
        ours: [
          'BaseProcessorContext.recordMetadata',
          'BaseProcessorContext.currentStreamTimeMs',
          'BaseProcessorContext.currentSystemTimeMs',
          'BaseProcessorContext.taskId',
          'BaseProcessorContext.applicationId',
        ],
        tests: [CONTEXT],
      },
      {
        java: 'metrics (of the user’s own)',
        ours: ['BaseProcessorContext.count'],
        tests: [CONTEXT],
      },
      {
        java: 'stateDir, appConfigs, keySerde, valueSerde',
        ours: [],
        tests: [],
        left: 'Your function that creates the processor passes it what it needs.',
      },
      { java: 'FixedKeyProcessor', ours: ['FixedKeyProcessor'], tests: [DESCRIBED, core('operators/peek')] },
      {
        java: 'ConnectedStoreProvider, ContextualProcessor',
        ours: [],
        tests: [],
        left: 'The option `stores` names the stores, and `init` may keep the context in a variable.',
      },
      {
        java: 'ProcessorWrapper',
        ours: [],
        tests: [],
        left: 'A supplier is a function: wrap it in another function.',
      },
    ],
  },
  {
    area: 'Stores',
    rows: [
      {
        java: 'key-value: inMemory, persistent, persistentTimestamped',
        ours: ['keyValueStore', 'StoreSettings.type'],
        tests: [driver('store-types'), driver('driver-stores'), 'test/conformance/stores.test.ts'],
        note: 'Stores of tables keep timestamps.',
      },
      {
        java: 'persistentVersionedKeyValueStore',
        ours: ['versionedStore', 'StoreOptions.historyRetentionMs'],
        tests: [
          core('operators/versioned-table'),
          'packages/runtime/src/state/buffer/versioned-buffer.test.ts',
          'test/conformance/versioned-stores.test.ts',
        ],
      },
      {
        java: 'lruMap',
        ours: ['lruMap', 'LruMapOptions.maxEntries', 'MaxEntriesSettings.maxEntries'],
        tests: [driver('lru-map'), 'test/simulation/lru-map.test.ts'],
        note: 'Compared with Kafka Streams. Not for global tables.',
      },
      {
        java: 'the stores …WithHeaders (KIP-1271)',
        ours: ['keyValueStoreWithHeaders', 'windowStoreWithHeaders', 'sessionStoreWithHeaders'],
        tests: [driver('header-stores')],
        note: 'For processors. Compared with Kafka Streams.',
        left: 'withCaching, and dsl.store.format=HEADERS (KIP-1285).',
      },
      {
        java: 'window: inMemory, persistent, persistentTimestamped',
        ours: ['windowStore'],
        tests: [driver('store-types'), driver('driver-stores'), 'test/conformance/stores.test.ts'],
      },
      {
        java: 'session: inMemory, persistent',
        ours: ['sessionStore'],
        tests: [driver('store-types'), core('operators/window-aggregate')],
      },
      {
        java: 'withCaching, withLogging',
        ours: ['StoreSettings.caching', 'StoreSettings.logging'],
        tests: [DIFFERENTIAL],
      },
      {
        java: 'custom StateStore and StoreBuilder',
        ours: ['customStore', 'StateStore.restore', 'StateStore.flush', 'StateStoreContext.entries'],
        tests: [
          'packages/testing/src/conformance/state-store-conformance.test.ts',
          core('state/custom-store'),
          'test/simulation/processor-stores.test.ts',
        ],
        note: 'A view of ordinary entries. The engine logs them, restores them and rolls them back; in Kafka Streams the store does this itself.',
      },
      {
        java: 'DslStoreSuppliers',
        ours: ['KafkaStreamsOptions.store', 'StoreSettings.type'],
        tests: ['test/conformance/stores.test.ts'],
        left: 'A backend implements the port `StoreBackend`, which serves all kinds of stores and has a conformance suite.',
      },
      {
        java: 'key-value: get, put, putIfAbsent, delete, range, reverseRange, all, reverseAll, prefixScan, approximateNumEntries',
        ours: [
          'KeyValueStore.get',
          'KeyValueStore.put',
          'KeyValueStore.putIfAbsent',
          'KeyValueStore.delete',
          'KeyValueStore.range',
          'WalkOptions.reverse',
          'KeyValueStore.all',
          'KeyValueStore.prefixScan',
          'KeyValueStore.approximateCount',
        ],
        tests: [CONTEXT, driver('driver-stores'), USER_STORES, 'packages/store-rocksdb/src/rocksdb-backend.test.ts'],
        left: 'putAll: use a loop; writes are buffered.',
      },
      {
        java: 'window: put, fetch, backwardFetch, fetchAll, backwardFetchAll, all, backwardAll',
        ours: [
          'WindowStore.put',
          'WindowStore.fetch',
          'WindowStore.fetchRange',
          'WindowStore.fetchKeys',
          'WindowStore.fetchAll',
          'WindowStore.all',
        ],
        tests: [driver('driver-stores'), USER_STORES],
        note: 'For the backward methods: the option `reverse`.',
      },
      {
        java: 'session: put, remove, fetch, backwardFetch, fetchSession, findSessions, backwardFindSessions',
        ours: [
          'SessionStore.put',
          'SessionStore.fetch',
          'SessionStore.fetchKeys',
          'SessionStore.fetchAll',
          'SessionStore.fetchSession',
          'SessionStore.findSessions',
          'SessionStore.findKeySessions',
        ],
        tests: [core('operators/window-aggregate'), USER_STORES],
        note: 'For the backward methods: the option `reverse`. To remove a session, put null.',
      },
      {
        java: 'versioned: put, get(asOf), delete',
        ours: ['VersionedKeyValueStore.put', 'VersionedKeyValueStore.get', 'VersionedKeyValueStore.delete'],
        tests: [core('operators/versioned-table')],
      },
    ],
  },
  {
    area: 'KafkaStreams',
    rows: [
      {
        java: 'start, close(CloseOptions)',
        ours: ['KafkaStreams.start', 'KafkaStreams.close', 'KafkaStreams.run'],
        tests: ['test/e2e/shutdown.test.ts', 'test/bad-input/shutdown.test.ts'],
      },
      {
        java: 'state, setStateListener',
        ours: ['KafkaStreams.state', 'KafkaStreams.on'],
        tests: ['test/e2e/restart.test.ts'],
      },
      {
        java: 'setUncaughtExceptionHandler',
        ours: ['KafkaStreamsOptions.onUncaughtError', 'KafkaStreams.on'],
        tests: [
          'test/bad-input/shutdown-application.test.ts',
          'test/e2e/shutdown-application.test.ts',
          'packages/runtime/src/app/replace-thread.test.ts',
        ],
        note: 'Returns `shutdown-instance`, `shutdown-application` or `replace-thread`.',
      },
      {
        java: 'setGlobalStateRestoreListener',
        ours: [
          'StreamsEvents.restoreStart',
          'StreamsEvents.restoreProgress',
          'StreamsEvents.restoreEnd',
          'StreamsEvents.restoreSuspended',
        ],
        tests: ['test/e2e/restart.test.ts', 'packages/runtime/src/restore/restorer.test.ts'],
      },
      {
        java: 'metrics, metadataForLocalThreads',
        ours: ['KafkaStreams.metrics', 'KafkaStreams.metadataForLocalThreads', 'KafkaStreams.tasks'],
        tests: [driver('driver-policies'), 'packages/runtime/src/app/threads/threads.test.ts'],
      },
      {
        java: 'addStreamThread, removeStreamThread',
        ours: ['KafkaStreams.addThread', 'KafkaStreams.removeThread'],
        tests: ['packages/runtime/src/app/threads/threads.test.ts', 'test/e2e/word-count/threads.test.ts'],
        note: 'For applications loaded with `threads` above 1.',
      },
      {
        java: 'pause, resume, isPaused',
        ours: ['KafkaStreams.pause', 'KafkaStreams.resume', 'KafkaStreams.isPaused'],
        tests: ['packages/runtime/src/app/pause.test.ts'],
        note: 'Standbys continue while the application is paused.',
      },
      {
        java: 'cleanUp',
        ours: ['KafkaStreams.cleanUp'],
        tests: ['test/bad-input/clean-up.test.ts'],
      },
      {
        java: 'kafka-streams-application-reset',
        ours: ['resetApplication', 'ResetPosition', 'formatReset'],
        tests: [
          'test/e2e/reset/reset.test.ts',
          'test/bad-input/reset.test.ts',
          'packages/millrace/src/cli/command.test.ts',
        ],
        note: 'Deletes the local state too. With the topology, the internal topics are known exactly. An offset outside the log is refused, not adjusted.',
      },
      {
        java: 'setStandbyUpdateListener',
        ours: [
          'StreamsEvents.standbyUpdateStart',
          'StreamsEvents.standbyBatchLoaded',
          'StreamsEvents.standbyUpdateSuspended',
        ],
        tests: ['packages/runtime/src/app/standby-listener.test.ts'],
      },
      {
        java: 'clientInstanceIds',
        ours: [],
        tests: [],
        missing: 'The ids of the clients, which the broker assigns for metrics (KIP-714).',
      },
      {
        java: 'streamsMetadataForStore, metadataForAllStreamsClients',
        ours: ['KafkaStreams.streamsMetadataForStore', 'KafkaStreams.metadataForAllInstances'],
        tests: ['packages/runtime/src/app/streams-metadata.test.ts'],
      },
      {
        java: 'store, query (IQv1, IQv2 with all its queries)',
        ours: ['KafkaStreams.store', 'KafkaStreams.query'],
        tests: [driver('driver-queries')],
        note: 'Under exactly_once, reads see committed state unless they ask for uncommitted state. [queries.md](queries.md) lists the differences. Over several instances: `@millrace/query-server` and `@millrace/query-client`. `watch` follows a store; Kafka Streams has no such method.',
      },
      {
        java: 'queryMetadataForKey, allLocalStorePartitionLags',
        ours: ['KafkaStreams.queryMetadataForKey', 'KafkaStreams.allLocalStorePartitionLags'],
        tests: ['packages/runtime/src/app/queries.test.ts'],
      },
    ],
  },
  {
    area: 'Time',
    rows: [
      {
        java: 'FailOnInvalidTimestamp, LogAndSkipOnInvalidTimestamp, UsePartitionTimeOnInvalidTimestamp',
        ours: ['BadTimestampPolicy', 'usePartitionTimeOnInvalid'],
        tests: [driver('driver-sources'), 'packages/core/src/record/timestamp-extractors.test.ts'],
      },
      {
        java: 'WallclockTimestampExtractor',
        ours: ['wallClock'],
        tests: ['packages/core/src/record/timestamp-extractors.test.ts'],
      },
      { java: 'TimestampExtractor', ours: ['TimestampExtractor', 'fromPayload'], tests: [driver('driver-sources')] },
      {
        java: '(beyond Java) the time of devices whose clocks are wrong',
        ours: ['deviceTime', 'correctedDeviceTime', 'DeviceTimes'],
        tests: ['packages/core/src/record/timestamp-extractors.test.ts', driver('driver-sources')],
        note: 'From three times: when the event happened and when it was sent, by the clock of the device, and when the server received it.',
      },
    ],
  },
  {
    area: 'Errors',
    rows: [
      {
        java: 'LogAndFail, LogAndContinue, for deserialization and processing',
        ours: ['KafkaStreamsOptions.onBadRecord', 'BadRecordPolicy'],
        tests: [driver('driver-policies'), 'test/bad-input/records.test.ts'],
      },
      {
        java: 'dead letter queue',
        ours: ['BadRecordPolicy'],
        tests: [driver('driver-policies'), 'test/bad-input/global-records.test.ts'],
        note: 'Not for global tables and stores, as in 4.3.1: their bad records are skipped and logged.',
      },
      {
        java: 'ProductionExceptionHandler',
        ours: ['KafkaStreamsOptions.onBadRecord', 'KafkaStreamsOptions.maxRequestBytes'],
        tests: ['packages/runtime/src/app/refused-records.test.ts'],
        note:
          'Not a function: if a broker refuses a result for good (too large, a timestamp too far ahead), `onBadRecord` decides about the record ' +
          'that it was made from. Any other failure blocks the commit and is retried, so that nothing is lost.',
      },
    ],
  },
  {
    area: 'Serdes',
    rows: [
      {
        java: 'String, Short, Integer, Long, Float, Double, Boolean, UUID, Bytes, ByteArray, Void, List',
        ours: ['string', 'short', 'int', 'long', 'float', 'double', 'boolean', 'uuid', 'bytes', 'voidSerde', 'list'],
        tests: ['packages/core/src/serde/serdes.test.ts'],
      },
      {
        java: 'ByteBuffer',
        ours: ['bytes'],
        tests: ['packages/core/src/serde/serdes.test.ts'],
        left: 'A separate type. Node.js has one type for bytes.',
      },
      {
        java: 'time-windowed, session-windowed',
        ours: ['timeWindowed', 'sessionWindowed'],
        tests: ['packages/core/src/serde/serdes.test.ts'],
      },
    ],
  },
  {
    area: 'Test kit',
    rows: [
      {
        java: 'TopologyTestDriver, advanceWallClockTime, producedTopicNames',
        ours: [
          'TopologyTestDriver.create',
          'TopologyTestDriver.advanceWallClock',
          'TopologyTestDriver.producedTopicNames',
        ],
        tests: [driver('driver-topics'), driver('driver-operators')],
      },
      {
        java: 'TestInputTopic',
        ours: [
          'TestInputTopic.pipeInput',
          'TestInputTopic.pipeRecords',
          'TestInputTopic.pipeKeyValues',
          'TestInputTopic.pipeValues',
          'TestInputTopic.advanceTime',
        ],
        tests: [driver('driver-topics')],
      },
      {
        java: 'TestOutputTopic',
        ours: [
          'TestOutputTopic.readRecord',
          'TestOutputTopic.readKeyValue',
          'TestOutputTopic.readValue',
          'TestOutputTopic.readKeyValuesToMap',
          'TestOutputTopic.isEmpty',
          'TestOutputTopic.queueSize',
        ],
        tests: [driver('driver-topics')],
      },
      {
        java: 'getKeyValueStore and its kin',
        ours: [
          'TopologyTestDriver.store',
          'TopologyTestDriver.keyValueStore',
          'TopologyTestDriver.windowStore',
          'TopologyTestDriver.sessionStore',
        ],
        tests: [driver('driver-stores')],
      },
      {
        java: 'MockProcessorContext',
        ours: [],
        tests: [],
        left: 'Test processors in the driver, which runs them with the real engine.',
      },
    ],
  },
  {
    area: 'Optimisations',
    rows: [
      {
        java: 'reuse.ktable.source.topics, merge.repartition.topics',
        ours: ['BuildOptions'],
        tests: [SOURCES, driver('driver-optimization')],
      },
      {
        java: 'single.store.self.join',
        ours: ['Optimization'],
        tests: [SOURCES, DIFFERENTIAL],
      },
      { java: 'record cache', ours: ['StoreSettings.caching', 'KafkaStreamsOptions.caching'], tests: [DIFFERENTIAL] },
    ],
  },
  {
    area: 'Runtime',
    rows: [
      {
        java: 'tasks, cooperative rebalancing, sticky assignment',
        ours: ['KafkaStreams.tasks'],
        tests: [
          'packages/runtime/src/group/classic/assignment.test.ts',
          'packages/runtime/src/app/cooperative-rebalance.test.ts',
          driver('driver-instances'),
        ],
      },
      {
        java: 'exactly-once (EOS v2)',
        ours: ['KafkaStreamsOptions.processingGuarantee'],
        tests: ['packages/testing/src/faults/exactly-once.test.ts', 'test/simulation/simulation.test.ts'],
      },
      {
        java: 'changelogs, repartition purge, state directory lock',
        ours: ['KafkaStreamsOptions.stateDir', 'KafkaStreamsOptions.repartitionPurgeIntervalMs'],
        tests: ['test/bad-input/state.test.ts', 'test/e2e/restart.test.ts', 'test/e2e/repartition-purge.test.ts'],
      },
      {
        java: 'standby and warm-up tasks, rack-aware standbys (KIP-441, KIP-708)',
        ours: ['KafkaStreamsOptions.numStandbyReplicas', 'KafkaStreamsOptions.rackAwareAssignmentTags'],
        tests: [
          'packages/runtime/src/group/classic/assignment.test.ts',
          'packages/runtime/src/app/standby-takeover.test.ts',
          'test/simulation/simulation.test.ts',
        ],
        missing: 'rack.aware.assignment.strategy.',
      },
      {
        java: '(two versions of a topology in one group: not supported)',
        ours: ['diffTopologies', 'KafkaStreamsOptions.onTopologyChange'],
        tests: [
          'packages/runtime/src/app/rolling-upgrade.test.ts',
          'test/e2e/rolling-upgrade.test.ts',
          'test/upgrade/upgrade.test.ts',
        ],
        note: 'One version runs all tasks at a time; a start refuses to misread or lose state.',
      },
      {
        java: 'static membership',
        ours: ['KafkaStreamsOptions.groupInstanceId'],
        tests: ['packages/runtime/src/app/static-membership.test.ts'],
        missing: 'With `kafkajs()`, which cannot send the instance id. It is refused at the start.',
      },
      {
        java: 'the streams group protocol (KIP-1071)',
        ours: ['KafkaStreamsOptions.groupProtocol'],
        tests: [
          'test/e2e/word-count/word-count.test.ts',
          'test/e2e/word-count/migration.test.ts',
          'test/e2e/streams-groups/group-command.test.ts',
        ],
        missing:
          'With `kafkajs()`. It is refused at the start. As in Kafka Streams, sources cannot read topics by pattern.',
      },
    ],
  },
  {
    area: 'Configuration',
    rows: [
      {
        java: 'application.id, bootstrap.servers, default.client.supplier, client prefixes',
        ours: ['KafkaStreamsOptions.applicationId', 'KafkaStreamsOptions.client'],
        tests: ['packages/runtime/src/config/options.test.ts'],
      },
      {
        java: 'processing.guarantee, commit.interval.ms, max.task.idle.ms, replication.factor, state.dir',
        ours: [
          'KafkaStreamsOptions.processingGuarantee',
          'KafkaStreamsOptions.commitIntervalMs',
          'KafkaStreamsOptions.maxTaskIdleMs',
          'KafkaStreamsOptions.replicationFactor',
          'KafkaStreamsOptions.stateDir',
        ],
        tests: ['packages/runtime/src/config/options.test.ts', 'test/bad-input/options.test.ts'],
      },
      {
        java: 'default.timestamp.extractor, windowstore.changelog.additional.retention.ms',
        ours: ['KafkaStreamsOptions.timestampExtractor', 'KafkaStreamsOptions.windowedChangelogExtraMs'],
        tests: ['packages/runtime/src/config/options.test.ts'],
      },
      {
        java: 'deserialization.exception.handler, processing.exception.handler, errors.dead.letter.queue.topic.name',
        ours: ['KafkaStreamsOptions.onBadRecord'],
        tests: [driver('driver-policies')],
      },
      {
        java: 'buffered.records.per.partition, statestore.cache.max.bytes',
        ours: ['KafkaStreamsOptions.bufferedBytesPerPartition', 'KafkaStreamsOptions.stateBufferBytes'],
        tests: ['packages/runtime/src/config/options.test.ts'],
        note: 'In bytes instead of records.',
      },
      {
        java: 'dsl.store.suppliers.class, topology.optimization',
        ours: ['KafkaStreamsOptions.store', 'BuildOptions'],
        tests: ['packages/runtime/src/config/options.test.ts', SOURCES],
      },
      {
        java: '__enable.process.processValue.fix__',
        ours: ['BuildOptions.repartitionAfterProcess'],
        tests: [SOURCES],
      },
      {
        java: 'ensure.explicit.internal.resource.naming',
        ours: ['BuildOptions.requireNames'],
        tests: ['packages/core/src/topology/require-names.test.ts'],
      },
      {
        java: 'default.key.serde, default.value.serde',
        ours: [],
        tests: [],
        left: 'A default serde hides mistakes until run time. Here a missing serde is a type error.',
      },
      {
        java: 'num.stream.threads',
        ours: ['KafkaStreamsOptions.threads', 'KafkaStreams.load'],
        tests: ['packages/runtime/src/app/threads/threads.test.ts'],
      },
      {
        java: 'upgrade.from',
        ours: [],
        tests: [],
        left: 'There are no older versions yet.',
      },
      {
        java: 'group.protocol, metrics.recording.level',
        ours: ['KafkaStreamsOptions.groupProtocol', 'KafkaStreamsOptions.metricsRecordingLevel'],
        tests: ['test/e2e/word-count/migration.test.ts', driver('driver-metrics')],
      },
      {
        java: 'num.standby.replicas, acceptable.recovery.lag, max.warmup.replicas, probing.rebalance.interval.ms, rack.aware.assignment.tags, client.tag.*, application.server',
        ours: [
          'KafkaStreamsOptions.numStandbyReplicas',
          'KafkaStreamsOptions.clientTags',
          'KafkaStreamsOptions.applicationServer',
        ],
        tests: [
          'packages/runtime/src/group/classic/assignment.test.ts',
          'packages/runtime/src/app/streams-metadata.test.ts',
        ],
      },
      {
        java: 'state.cleanup.delay.ms',
        ours: ['KafkaStreamsOptions.stateCleanupDelayMs'],
        tests: ['packages/runtime/src/state/directory/state-cleaner.test.ts'],
      },
      {
        java: 'rack.aware.assignment.strategy, task.assignor.class, enable.metrics.push, metric.reporters, metrics.num.samples, metrics.sample.window.ms, rocksdb.config.setter, state.cleanup.dir.max.age.ms, task.timeout.ms',
        ours: [],
        tests: [],
        missing:
          'There are no such options. Rates and averages use the defaults of metrics.num.samples and metrics.sample.window.ms.',
      },
    ],
  },
  {
    area: 'Beyond Kafka Streams',
    rows: [
      {
        java: '(late records: counted and logged only)',
        ours: ['LateOption.onLate', 'StreamJoinOptions.onLateOther', 'LateRecord'],
        tests: [core('operators/late')],
        note: 'For windows, sessions, cogroups, joins of streams, `deduplicate` and versioned tables.',
      },
      {
        java: '(stream time moves on with records only)',
        ours: ['KafkaStreamsOptions.idleAdvanceMs'],
        tests: [driver('idle-advance'), 'test/simulation/idle-advance.test.ts'],
        note: 'While inputs are idle, stream time advances with the wall clock, so that windows close.',
      },
      {
        java: '(a processor with a window store by hand)',
        ours: ['KStream.deduplicate', 'DeduplicateOptions'],
        tests: [core('operators/deduplicate'), 'test/simulation/simulation.test.ts'],
        note: 'By key and id, within a span of time on either side.',
      },
      {
        java: '(branches by predicate only)',
        ours: ['BranchedKStream.branch', 'BranchPattern', 'BranchedKStream.exhaustive'],
        tests: [core('operators/branch'), 'packages/core/src/dsl/branches.test-d.ts'],
        note: 'A pattern narrows a union type, and the type of the remaining records is known.',
      },
      {
        java: '(aggregate by hand)',
        ours: ['KGroupedStream.topN', 'TimeWindowedKStream.topN', 'SessionWindowedKStream.topN'],
        tests: [core('operators/aggregate')],
      },
      {
        java: '(aggregate by hand)',
        ours: [
          'KGroupedStream.distinctCount',
          'TimeWindowedKStream.distinctCount',
          'SessionWindowedKStream.distinctCount',
        ],
        tests: [core('operators/aggregate')],
        note: 'Exact, up to `maxIds` ids for each key.',
      },
      {
        java: '(expiry of windows only)',
        ours: ['TtlSettings.ttlMs', 'TtlSettings.ttlBy'],
        tests: [
          core('state/ttl'),
          'packages/runtime/src/state/expiry/store-expiry.test.ts',
          'packages/runtime/src/state/task-stores/layout-marker.test.ts',
          'test/simulation/expiry.test.ts',
        ],
        note: 'For key-value stores and tables, with tombstones in the changelog and downstream.',
      },
    ],
  },
  {
    area: 'New in Kafka Streams 4.4',
    rows: [
      {
        java: 'transactional state stores (KIP-892): enable.transactional.statestores, statestore.uncommitted.max.bytes',
        ours: ['KafkaStreamsOptions.stateBufferBytes'],
        tests: ['packages/runtime/src/state/buffer/store-buffer.test.ts', driver('driver-instances')],
        note: 'Always on, under each guarantee: uncommitted writes stay on the heap, and are written to disk with their offsets after the commit.',
        missing:
          'default.interactive.query.isolation.level: `isolation` is an option of each query; its default depends on the guarantee.',
      },
      {
        java: 'stores of the DSL with headers: dsl.store.format=HEADERS (KIP-1285)',
        ours: [],
        tests: [],
        missing: 'Only processors have stores with headers. Tables, windows and sessions keep values with timestamps.',
      },
      {
        java: 'queries of stores with headers: TimestampedKeyWithHeadersQuery and three more (KIP-1356)',
        ours: [],
        tests: [],
        missing: 'These query types. The ordinary queries of such a store return values with timestamps and headers.',
      },
      {
        java: 'joins with a global table that see both keys: ValueJoinerWithStreamAndMappedKey (KIP-1340)',
        ours: ['KStream.join', 'KStream.leftJoin'],
        tests: [driver('driver-globals')],
        missing: "The joiner gets the stream's key, not the key of the look-up.",
      },
      {
        java: 'topologies described to the broker: topology.description.push.enabled (KIP-1331)',
        ours: [],
        tests: [],
        missing:
          'Millrace sends the part that the broker needs for the assignment, without a description of processors and stores.',
      },
      {
        java: 'StreamPartitioner that sees headers (KIP-1321)',
        ours: [],
        tests: [],
        missing: 'Partitioners get the value, the key, the topic and the number of partitions.',
      },
    ],
  },
]
