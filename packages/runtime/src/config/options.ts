import {
  type BadTimestampPolicy,
  type ClientFactory,
  type Clock,
  type CompressionCodec,
  insteadOf,
  isInRange,
  type Logger,
  memoryStore,
  millraceError,
  nameDefect,
  type NumberRange,
  type OffsetReset,
  rangeText,
  shownOption,
  type StoreBackend,
  systemClock,
  type TimestampExtractor,
  invalidOption,
  unknownName,
  isGivenObject,
  type RecordTracer,
} from '@millrace/core'
import { consoleLogger } from '../observe/console-logger.ts'
import { RECORDING_LEVELS, type RecordingLevel } from '../observe/metric-table.ts'
import { guardedLogger } from '../observe/guarded-logger.ts'
import { guardedTracer } from '../observe/guarded-tracer.ts'
import type { BadRecordPolicy } from './bad-record-policy.ts'

export type ProcessingGuarantee = 'at_most_once' | 'at_least_once' | 'exactly_once'

/** The options of `KafkaStreams`. Only `applicationId` and `client` are required. All times are in milliseconds. */
export interface KafkaStreamsOptions {
  /** Names the consumer group, the internal topics and the state directory. */
  readonly applicationId: string
  /** The Kafka client, such as `kafka({ brokers })`, `kafkajs({ brokers })` or `memoryClient(cluster)`. */
  readonly client: ClientFactory
  /** The backend of the stores, such as `rocksdb()`. @default `memoryStore()`, which is restored from the changelogs at each start */
  readonly store?: StoreBackend
  /** The directory for local state. It is created if it does not exist. @default './millrace-state' */
  readonly stateDir?: string
  /** What a crash may do to a record: lose it (`at_most_once`), process it again (`at_least_once`) or neither (`exactly_once`). @default 'at_least_once' */
  readonly processingGuarantee?: ProcessingGuarantee
  /** How often progress is committed. Each commit also emits the results held in record caches. @default 1 000, for `exactly_once` 100 */
  readonly commitIntervalMs?: number
  /**
   * What to do with a record that cannot be decoded, processed or produced: stop (`fail`), skip the record (`continue`) or write it
   * to a topic (`{ deadLetterTopic }`). @default 'fail'
   */
  readonly onBadRecord?: BadRecordPolicy
  /**
   * The maximum size of a produced batch in bytes, and so of a record. A larger record is a bad record. Internal topics are created
   * with this limit; for other topics check `max.message.bytes`. Kafka's `max.request.size`. @default 1 MiB
   */
  readonly maxRequestBytes?: number
  /**
   * How produced batches are compressed, in the topics of the application and in its internal topics. `zstd` costs least and saves most;
   * all readers of the output must support the codec. The client must too. Kafka's `compression.type`. @default 'none'
   */
  readonly compression?: CompressionCodec
  /**
   * Called with an error that stops a thread of this instance. Returns `shutdown-instance`, `shutdown-application` to stop all instances
   * because they would fail with the same error, or `replace-thread` to continue with a new thread at the last commit, after a pause of
   * 100 ms to 10 s. Kafka Streams' `setUncaughtExceptionHandler`. @default a function that returns `shutdown-instance`
   */
  readonly onUncaughtError?: (error: unknown) => 'replace-thread' | 'shutdown-instance' | 'shutdown-application'
  /**
   * The number of threads, each of them a member of the group. 1 runs on the calling thread. More need `KafkaStreams.load` or
   * `millrace run`, since each thread imports the module of the application. `stateBufferBytes` and `restoreBufferBytes` are divided
   * between them; each has its own copy of the global tables. Kafka Streams' `num.stream.threads`. @default 1
   */
  readonly threads?: number
  /** Where to start in a partition without a committed offset. A source can have its own `offsetReset`. @default 'earliest' */
  readonly offsetReset?: OffsetReset
  /** Returns the event time of a record. A source can have its own extractor. @default the timestamp of the record */
  readonly timestampExtractor?: TimestampExtractor<never, never>
  /** What to do with a record whose timestamp is negative or cannot be extracted. @default as `onBadRecord` */
  readonly onBadTimestamp?: BadTimestampPolicy
  /**
   * How often processed and committed records are deleted from repartition topics. `Infinity` keeps them. Kafka Streams'
   * `repartition.purge.interval.ms`. @default 30 000
   */
  readonly repartitionPurgeIntervalMs?: number
  /** How often the application looks for new topics that match the pattern of a source. @default 300 000 */
  readonly metadataRefreshMs?: number
  /** How long the local state of a task stays on disk after the task has moved to another instance. If the task returns earlier, it reuses the state. @default 600 000 */
  readonly stateCleanupDelayMs?: number
  /** How long a task waits for records of an empty input partition, so that it processes its inputs in timestamp order (KIP-695). -1 never waits. @default 0 */
  readonly maxTaskIdleMs?: number
  /**
   * The minimum interval between emissions of results that wait for stream time: windows with `emitStrategy: 'on-close'`, and
   * unmatched records of left and outer stream joins. @default 1 000
   */
  readonly emitIntervalMs?: number
  /**
   * Advances stream time when a task has read all of its input and no record has arrived for this long, so that windows close
   * without new records. Stream time then advances with the wall clock and never passes it. Records that arrive later with an earlier
   * timestamp may be late. Kafka Streams has no such option. @default none: only records advance stream time
   */
  readonly idleAdvanceMs?: number
  /**
   * Whether to start when a previous topology left state that this topology would misread, or would no longer use because a name
   * has changed. @default 'refuse'
   */
  readonly onTopologyChange?: 'refuse' | 'accept'
  /** The replication factor of internal topics. @default the default of the broker */
  readonly replicationFactor?: number
  /** The maximum size of fetched and unprocessed records for each partition, in bytes. Above it, the partition is paused. @default 8 MiB */
  readonly bufferedBytesPerPartition?: number
  /** The maximum size of all write buffers of the process, in bytes. If uncommitted writes and rows kept from reads exceed half of it, a commit starts early and the kept rows are dropped. @default 256 MiB */
  readonly stateBufferBytes?: number
  /** The maximum size of fetched and unwritten changelog records during a restore, in bytes. @default 64 MiB */
  readonly restoreBufferBytes?: number
  /** Whether record caches hold results back until the commit: `as-planned` follows the topology, `off` disables all caches. @default 'as-planned' */
  readonly caching?: 'as-planned' | 'off'
  /** The number of standby copies of the state of each task in other processes, which can take over at once (KIP-441). @default 0 */
  readonly numStandbyReplicas?: number
  /** The number of changelog records that a copy may lack and still count as caught up. A task can start on such a copy (KIP-441). @default 10 000 */
  readonly acceptableRecoveryLag?: number
  /** The maximum number of additional copies in the group that prepare tasks to move to another process (KIP-441). @default 2 */
  readonly maxWarmupReplicas?: number
  /** How often the group checks whether these additional copies have caught up (KIP-441). @default 600 000 */
  readonly probingRebalanceIntervalMs?: number
  /** The names of the `clientTags` over whose values the copies of a task are distributed (KIP-708). @default [] */
  readonly rackAwareAssignmentTags?: readonly string[]
  /** The location of this process, such as `{ zone: 'a' }`. @default {} */
  readonly clientTags?: Readonly<Record<string, string>>
  /** The address (`host:port`) of this instance, which all instances can look up. @default none */
  readonly applicationServer?: string
  /**
   * Who assigns the tasks. `classic`: an instance that leads the group. `streams`: the broker (KIP-1071), which also creates the internal
   * topics; it requires Kafka 4.2 or later and `kafka()`, and does not read topics by pattern. The broker's settings of the group then
   * replace `sessionTimeoutMs` and `heartbeatIntervalMs`. The broker also decides `numStandbyReplicas`, `acceptableRecoveryLag`, `maxWarmupReplicas`,
   * `probingRebalanceIntervalMs` and `rackAwareAssignmentTags`: these options are refused. All instances must use the same protocol. Kafka Streams' `group.protocol`. @default 'classic'
   */
  readonly groupProtocol?: 'classic' | 'streams'
  /** How long the group waits for a heartbeat before it gives the tasks of this instance to others. @default 45 000 */
  readonly sessionTimeoutMs?: number
  /**
   * How often this instance sends a heartbeat to the group; at most a third of `sessionTimeoutMs`. The answer tells it of a rebalance, so
   * a task that moves waits for one heartbeat. kafkajs sends one at least every 200 ms. Kafka's `heartbeat.interval.ms`.
   * @default 500, or a third of `sessionTimeoutMs` if that is less
   */
  readonly heartbeatIntervalMs?: number
  /**
   * The maximum time that user functions may take for one record, whether they are awaited or block the thread. `onBadRecord`
   * decides about a record that exceeds it; the error names operator, key and offset. Heartbeats continue until then, if the client
   * supports it (`busyHeartbeats`). `Infinity` sets no limit. Kafka's `max.poll.interval.ms`. @default 300 000
   */
  readonly processingTimeoutMs?: number
  /**
   * Makes this process a static member of the group (KIP-345): after a restart within `sessionTimeoutMs` it gets its tasks back
   * without a rebalance. Each process needs its own id: if two use the same one, the older process stops. Not all clients support it.
   * @default none: the group rebalances at each start and stop
   */
  readonly groupInstanceId?: string
  /** How long a transaction may stay open before the broker aborts it. Kafka's `transaction.timeout.ms`. @default 60 000 */
  readonly transactionTimeoutMs?: number
  /** The maximum time that `close()` waits. @default 30 000 */
  readonly closeTimeoutMs?: number
  /** How much longer than its windows a windowed changelog is retained. @default 86 400 000 */
  readonly windowedChangelogExtraMs?: number
  /**
   * Identifies this process among the processes of the application. Two running processes must not share it. A process that starts with the
   * id of one that was killed ends the transaction that it left open; otherwise the process that takes over its tasks ends it.
   * @default an id that is kept in the state directory; with a store in memory the `groupInstanceId`, or a new id at each start
   */
  readonly processId?: string
  /**
   * Which metrics are recorded: those of `DEBUG` measure stores and single records, which costs time (docs/metrics.md). Kafka Streams'
   * `metrics.recording.level`. @default 'INFO'
   */
  readonly metricsRecordingLevel?: RecordingLevel
  /** Follows records through the topology, such as `otelTracer()` of `@millrace/opentelemetry` (docs/tracing.md). @default none */
  readonly tracer?: RecordTracer
  /** The destination of log messages. A pino logger works as it is. @default `consoleLogger()`: levels info, warn and error to stderr */
  readonly logger?: Logger
  /** The source of time. @default the system clock */
  readonly clock?: Clock
}

export type ResolvedOptions = Required<
  Omit<
    KafkaStreamsOptions,
    | 'replicationFactor'
    | 'timestampExtractor'
    | 'onBadTimestamp'
    | 'idleAdvanceMs'
    | 'tracer'
    | 'processId'
    | 'applicationServer'
    | 'groupInstanceId'
  >
> & {
  readonly onBadTimestamp: BadTimestampPolicy | undefined
  readonly idleAdvanceMs: number | undefined
  readonly tracer: RecordTracer | undefined
  readonly processId: string | undefined
  readonly groupInstanceId: string | undefined
  readonly applicationServer: string | undefined
  readonly replicationFactor: number | undefined
  readonly timestampExtractor: TimestampExtractor<never, never> | undefined
}

interface OptionRow<Value> {
  readonly default: Value | ((given: KafkaStreamsOptions) => Value)
  /** Whether a value is accepted. `expected` says what is. */
  readonly check: (value: Value) => boolean
  readonly expected: string
}

const number = (range: NumberRange) => ({
  check: (value: number) => isInRange(value, range),
  expected: `it must be ${rangeText(range)}`,
})
const optionalNumber = (range: NumberRange) => ({
  check: (value: number | undefined) => value === undefined || isInRange(value, range),
  expected: `it must be ${rangeText(range)}`,
})
/** The protocol has an int32 for these. */
const MOST_MS_OF_KAFKA = 2 ** 31 - 1
const oneOf =
  <T>(...values: readonly T[]) =>
  (value: T) =>
    values.includes(value)
const hasMethods = (value: object, ...names: readonly string[]) =>
  typeof value === 'object' &&
  value !== null &&
  names.every(name => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
const isText = (pattern: RegExp) => (value: unknown) => typeof value === 'string' && pattern.test(value)
const isName = (value: unknown) => typeof value === 'string' && value !== ''

/**
 * The default and the accepted values of every option. A missing option is a compile error. The descriptions are the doc comments of
 * `KafkaStreamsOptions`: docs/configuration.md is generated from both.
 */
export const OPTION_TABLE: { readonly [Name in keyof ResolvedOptions]: OptionRow<ResolvedOptions[Name]> } = {
  applicationId: {
    default: '',
    check: value => isText(/^[A-Za-z0-9._-]{1,180}$/)(value) && value !== '.' && value !== '..',
    expected: 'it must be 1 to 180 letters, digits, dots, dashes or underscores, and not "." or ".."',
  },
  client: {
    default: () => {
      throw millraceError('MILLRACE_CONFIG_INVALID', {
        option: 'client',
        value: 'undefined',
        expected: 'it must be a client factory, such as kafka({ brokers })',
      })
    },
    check: value => typeof value === 'function',
    expected: 'it must be a client factory, such as kafka({ brokers })',
  },
  store: {
    default: () => memoryStore(),
    check: value => hasMethods(value, 'open') && typeof value.capabilities === 'object',
    expected: 'it must be a store backend, such as rocksdb() or memoryStore()',
  },
  stateDir: {
    default: './millrace-state',
    check: value => typeof value === 'string' && value !== '',
    expected: 'it must be a path',
  },
  processingGuarantee: {
    default: 'at_least_once',
    check: oneOf('at_most_once', 'at_least_once', 'exactly_once'),
    expected: 'it must be at_most_once, at_least_once or exactly_once',
  },
  commitIntervalMs: {
    default: given => (given.processingGuarantee === 'exactly_once' ? 100 : 1000),
    ...number({ from: 0, of: 'milliseconds' }),
  },
  onBadRecord: {
    default: 'fail',
    check: value =>
      value === 'fail' ||
      value === 'continue' ||
      (typeof value === 'object' && value !== null && nameDefect(value.deadLetterTopic) === undefined),
    expected: 'it must be "fail", "continue" or { deadLetterTopic } with a valid topic name',
  },
  maxRequestBytes: {
    default: 1_048_576,
    ...number({ from: 1_024, of: 'bytes' }),
  },
  compression: {
    default: 'none',
    check: oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd'),
    expected: 'it must be none, gzip, snappy, lz4 or zstd',
  },
  onUncaughtError: {
    default: () => () => 'shutdown-instance' as const,
    check: value => typeof value === 'function',
    expected: 'it must be a function',
  },
  threads: {
    default: 1,
    ...number({ from: 1, to: 1000 }),
  },
  offsetReset: {
    default: 'earliest',
    check: value =>
      typeof value === 'object' && value !== null
        ? isInRange(value.backMs, { from: 0 })
        : oneOf<unknown>('earliest', 'latest', 'none')(value),
    expected: 'it must be earliest, latest, none or { backMs } with a whole number of milliseconds from 0',
  },
  timestampExtractor: {
    default: undefined,
    check: value => value === undefined || typeof value === 'function',
    expected: 'it must be a function',
  },
  onBadTimestamp: {
    default: undefined,
    check: value => value === undefined || oneOf('fail', 'skip', 'partition-time')(value),
    expected: 'it must be fail, skip or partition-time',
  },
  repartitionPurgeIntervalMs: {
    default: 30_000,
    ...number({ from: 0, orInfinity: true, of: 'milliseconds' }),
  },
  metadataRefreshMs: {
    default: 300_000,
    ...number({ from: 1, orInfinity: true, of: 'milliseconds' }),
  },
  stateCleanupDelayMs: {
    default: 600_000,
    ...number({ from: 1, orInfinity: true, of: 'milliseconds' }),
  },
  maxTaskIdleMs: {
    default: 0,
    ...number({ from: -1, orInfinity: true, of: 'milliseconds' }),
  },
  emitIntervalMs: {
    default: 1000,
    ...number({ from: 0, of: 'milliseconds' }),
  },
  idleAdvanceMs: {
    default: undefined,
    ...optionalNumber({ from: 1, of: 'milliseconds' }),
  },
  onTopologyChange: {
    default: 'refuse',
    check: oneOf('refuse', 'accept'),
    expected: 'it must be refuse or accept',
  },
  replicationFactor: {
    default: undefined,
    ...optionalNumber({ from: 1, to: 2 ** 15 - 1 }),
  },
  bufferedBytesPerPartition: {
    default: 8 << 20,
    ...number({ from: 1, orInfinity: true, of: 'bytes' }),
  },
  stateBufferBytes: {
    default: 256 << 20,
    ...number({ from: 1, orInfinity: true, of: 'bytes' }),
  },
  restoreBufferBytes: {
    default: 64 << 20,
    ...number({ from: 1 << 10, of: 'bytes' }),
  },
  caching: {
    default: 'as-planned',
    check: oneOf('as-planned', 'off'),
    expected: 'it must be as-planned or off',
  },
  numStandbyReplicas: {
    default: 0,
    ...number({ from: 0 }),
  },
  acceptableRecoveryLag: {
    default: 10_000,
    ...number({ from: 0, orInfinity: true, of: 'records' }),
  },
  maxWarmupReplicas: {
    default: 2,
    ...number({ from: 1 }),
  },
  probingRebalanceIntervalMs: {
    default: 600_000,
    ...number({ from: 1000, orInfinity: true, of: 'milliseconds' }),
  },
  rackAwareAssignmentTags: {
    default: () => [],
    check: value => Array.isArray(value) && value.length <= 5 && value.every(isName),
    expected: 'it must be a list of up to 5 names of clientTags',
  },
  clientTags: {
    default: () => ({}),
    check: value =>
      typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isName),
    expected: 'it must be an object whose values are non-empty strings',
  },
  applicationServer: {
    default: undefined,
    check: value => value === undefined || isText(/^.+:\d{1,5}$/)(value),
    expected: 'it must be host:port',
  },
  groupProtocol: {
    default: 'classic',
    check: oneOf('classic', 'streams'),
    expected: 'it must be classic or streams',
  },
  sessionTimeoutMs: {
    default: 45_000,
    ...number({ from: 1000, to: MOST_MS_OF_KAFKA, of: 'milliseconds' }),
  },
  heartbeatIntervalMs: {
    default: ({ sessionTimeoutMs = 45_000 }) => Math.min(500, Math.floor(sessionTimeoutMs / 3)),
    ...number({ from: 10, to: MOST_MS_OF_KAFKA, of: 'milliseconds' }),
  },
  processingTimeoutMs: {
    default: 300_000,
    ...number({ from: 10, orInfinity: true, of: 'milliseconds' }),
  },
  groupInstanceId: {
    default: undefined,
    check: value => value === undefined || isText(/^[A-Za-z0-9._-]{1,249}$/)(value),
    expected: 'it must be 1 to 249 letters, digits, dots, dashes or underscores',
  },
  transactionTimeoutMs: {
    default: 60_000,
    ...number({ from: 1000, to: MOST_MS_OF_KAFKA, of: 'milliseconds' }),
  },
  closeTimeoutMs: {
    default: 30_000,
    ...number({ from: 0, orInfinity: true, of: 'milliseconds' }),
  },
  windowedChangelogExtraMs: {
    default: 86_400_000,
    ...number({ from: 0, of: 'milliseconds' }),
  },
  processId: {
    default: undefined,
    check: value => value === undefined || isText(/^[A-Za-z0-9._-]{1,64}$/)(value),
    expected: 'it must be 1 to 64 letters, digits, dots, dashes or underscores',
  },
  tracer: {
    default: undefined,
    check: value => value === undefined || hasMethods(value, 'task'),
    expected: 'it must be a tracer, such as otelTracer()',
  },
  metricsRecordingLevel: {
    default: 'INFO',
    check: oneOf(...RECORDING_LEVELS),
    expected: 'it must be INFO, DEBUG or TRACE',
  },
  logger: {
    default: () => consoleLogger(),
    check: value => hasMethods(value, 'debug', 'info', 'warn', 'error'),
    expected:
      'it must be an object with the functions debug, info, warn and error, such as consoleLogger() or a pino logger',
  },
  clock: {
    default: () => systemClock,
    check: value => hasMethods(value, 'now', 'monotonic', 'sleep'),
    expected: 'it must be an object with the functions now, monotonic and sleep, such as systemClock',
  },
}

/**
 * Options with every default filled in.
 * @throws MILLRACE_CONFIG_INVALID with the option, its value and the accepted values
 */
export function resolveOptions(given: KafkaStreamsOptions): ResolvedOptions {
  const table = OPTION_TABLE as unknown as Readonly<Record<string, OptionRow<never>>>
  if (!isGivenObject(given) || Array.isArray(given)) {
    throw invalidOption('of KafkaStreams', given, 'an object is needed, as { applicationId, client }')
  }
  const values = given as unknown as Readonly<Record<string, unknown>>
  const unknown = unknownName(values, Object.keys(table))
  if (unknown !== undefined) {
    const expected = `no such option exists; ${insteadOf(unknown, Object.keys(table))}`
    throw invalidOption(unknown, values[unknown], expected)
  }
  const resolved: Record<string, unknown> = {}
  for (const [option, row] of Object.entries(table)) {
    const value = values[option]
    if (value === undefined) {
      const preset: unknown = row.default
      resolved[option] =
        typeof preset === 'function' ? (preset as (given: KafkaStreamsOptions) => unknown)(given) : preset
      if (option !== 'applicationId') continue
    } else {
      resolved[option] = value
    }
    if (!row.check(resolved[option] as never)) {
      throw millraceError('MILLRACE_CONFIG_INVALID', { option, value: shownOption(value), expected: row.expected })
    }
  }
  const options = resolved as unknown as ResolvedOptions
  const { heartbeatIntervalMs, sessionTimeoutMs, tracer } = options
  if (heartbeatIntervalMs > sessionTimeoutMs / 3) {
    const expected = `it must be at most a third of sessionTimeoutMs, which is ${sessionTimeoutMs}`
    throw invalidOption('heartbeatIntervalMs', heartbeatIntervalMs, expected)
  }
  const logger = guardedLogger(options.logger)
  const guarded = tracer === undefined ? undefined : guardedTracer(tracer, logger)
  return { ...options, logger, tracer: guarded }
}
