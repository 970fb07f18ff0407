import {
  type BadTimestampPolicy,
  type ClientFactory,
  type Clock,
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
} from '@millrace/core'
import { consoleLogger } from '../observe/console-logger.ts'
import { guardedLogger } from '../observe/guarded-logger.ts'
import type { BadRecordPolicy } from '../policy/record-policy.ts'

export type ProcessingGuarantee = 'at_most_once' | 'at_least_once' | 'exactly_once'

/** What a `KafkaStreams` is given. Only `applicationId` and `client` have no default. All times are milliseconds. */
export interface KafkaStreamsOptions {
  /** Names the consumer group, the internal topics and the state directory. */
  readonly applicationId: string
  /** How Kafka is reached, as `kafkajs({ brokers })` or `memoryClient(cluster)`. */
  readonly client: ClientFactory
  /** Where stores are kept, as `rocksdb()`. @default in memory: restored from the changelog at each start */
  readonly store?: StoreBackend
  /** @default './millrace-state' */
  readonly stateDir?: string
  /** @default 'at_least_once' */
  readonly processingGuarantee?: ProcessingGuarantee
  /** How often progress is committed, and with it cached results emitted. @default 100 for exactly_once, otherwise 1 000 */
  readonly commitIntervalMs?: number
  /** A record that does not decode, on which a user function fails, or that cannot be produced. @default 'fail' */
  readonly onBadRecord?: BadRecordPolicy
  /**
   * The largest batch that is sent, in bytes, and so the largest record: what is larger is a bad record. Internal topics are created to
   * take as much; `max.message.bytes` of other topics has to allow it. As Kafka's `max.request.size`. @default 1 048 576
   */
  readonly maxRequestBytes?: number
  /**
   * What an error that nothing can be done about ends: this instance, or, where the others would only fail in its place, all
   * of them. Kafka Streams' `setUncaughtExceptionHandler`. @default this instance
   */
  readonly onUncaughtError?: (error: unknown) => 'shutdown-instance' | 'shutdown-application'
  /** Where partitions without a committed offset start. @default 'earliest' */
  readonly offsetReset?: OffsetReset
  /** @default the record's own timestamp */
  readonly timestampExtractor?: TimestampExtractor<never, never>
  /** A record whose timestamp is negative or cannot be extracted. @default as `onBadRecord` says */
  readonly onBadTimestamp?: BadTimestampPolicy
  /**
   * How often what has been processed and committed is deleted from repartition topics. Infinity keeps it. Kafka Streams'
   * `repartition.purge.interval.ms`. @default 30 000
   */
  readonly repartitionPurgeIntervalMs?: number
  /** How often topics that match a source's pattern are looked for. @default 300 000 */
  readonly metadataRefreshMs?: number
  /** How long the state of a task that is elsewhere now stays on disk: until then it may come back to it. @default 600 000 */
  readonly stateCleanupDelayMs?: number
  /** How long a task waits for a partition that has run empty (KIP-695); -1 never waits. @default 0 */
  readonly maxTaskIdleMs?: number
  /**
   * How often at most results are emitted that wait for time to pass: of windows with `emitStrategy: 'on-close'`, and records
   * of a left or outer join of streams that found no partner. @default 1 000
   */
  readonly emitIntervalMs?: number
  /**
   * Moves stream time on by itself when all inputs of a task have been read to their ends and nothing has come for so long, so
   * that windows close at night too. From then on it goes as the wall clock does, and never passes it. What comes then with an
   * earlier time may be late. Kafka Streams has nothing like it. @default never: stream time moves on with records only
   */
  readonly idleAdvanceMs?: number
  /**
   * What to do when the state directory was left by a topology whose stores and internal topics this one would misread or
   * leave behind under another name. @default 'refuse'
   */
  readonly onTopologyChange?: 'refuse' | 'accept'
  /** Of internal topics. @default the broker's */
  readonly replicationFactor?: number
  /** Fetched and not yet processed, for each partition; above it the partition is paused. @default 8 MiB */
  readonly bufferedBytesPerPartition?: number
  /** Of all write buffers of the process; what is above half of it uncommitted is committed early. @default 256 MiB */
  readonly stateBufferBytes?: number
  /** Fetched of changelogs and not yet written, while stores are restored. @default 64 MiB */
  readonly restoreBufferBytes?: number
  /** @default the record cache of each store is as its plan says; 'off' switches it off for all */
  readonly caching?: 'as-planned' | 'off'
  /** Copies of the state of each task in other processes, which take over at once (KIP-441). @default 0 */
  readonly numStandbyReplicas?: number
  /** A copy that lacks no more records of its changelogs counts as caught up: a task may start there. @default 10 000 */
  readonly acceptableRecoveryLag?: number
  /** How many further copies the group may have at a time, where tasks are to move to. @default 2 */
  readonly maxWarmupReplicas?: number
  /** How often the group looks whether such copies have caught up. @default 600 000 */
  readonly probingRebalanceIntervalMs?: number
  /** Names of `clientTags` over whose values the copies of a task are spread (KIP-708). @default [] */
  readonly rackAwareAssignmentTags?: readonly string[]
  /** Where this process is, as `{ zone: 'a' }`. @default {} */
  readonly clientTags?: Readonly<Record<string, string>>
  /** `host:port` under which other instances reach this one, told to all of them. @default none */
  readonly applicationServer?: string
  /** @default 45 000 */
  readonly sessionTimeoutMs?: number
  /**
   * One record that takes longer, in user functions that are waited for or that do not let the thread go, is handled as
   * `onBadRecord` says; the error names operator, key and offset. Until then heartbeats do not depend on user code, where the
   * client can (`busyHeartbeats`). Infinity sets no limit. Kafka's `max.poll.interval.ms`. @default 300 000
   */
  readonly processingTimeoutMs?: number
  /**
   * Makes this process a static member of the group (KIP-345): restarted within `sessionTimeoutMs`, it gets its tasks back
   * without a rebalance. Two processes at once must never share it; the older one ends. Not every client can.
   * @default none: the group rebalances at each start and stop
   */
  readonly groupInstanceId?: string
  /** @default 60 000 */
  readonly transactionTimeoutMs?: number
  /** `close` gives up waiting after this. @default 30 000 */
  readonly closeTimeoutMs?: number
  /** How much longer than their windows windowed changelogs are kept. @default 86 400 000 */
  readonly windowedChangelogExtraMs?: number
  /**
   * Tells this process from the others of the application; two at once must never share it.
   * @default one that is kept in the state directory
   */
  readonly processId?: string
  /** @default one that writes warnings and errors to the console */
  readonly logger?: Logger
  /** @default the system's */
  readonly clock?: Clock
}

export type ResolvedOptions = Required<
  Omit<
    KafkaStreamsOptions,
    | 'replicationFactor'
    | 'timestampExtractor'
    | 'onBadTimestamp'
    | 'idleAdvanceMs'
    | 'processId'
    | 'applicationServer'
    | 'groupInstanceId'
  >
> & {
  readonly onBadTimestamp: BadTimestampPolicy | undefined
  readonly idleAdvanceMs: number | undefined
  readonly processId: string | undefined
  readonly groupInstanceId: string | undefined
  readonly applicationServer: string | undefined
  readonly replicationFactor: number | undefined
  readonly timestampExtractor: TimestampExtractor<never, never> | undefined
}

interface OptionRow<Value> {
  readonly default: Value | ((given: KafkaStreamsOptions) => Value)
  /** Whether a given value will do, and how to say what will. */
  readonly check: (value: Value) => boolean
  readonly expected: string
  readonly doc: string
}

/** What a number may be, and how to say it. */
const number = (range: NumberRange) => ({
  check: (value: number) => isInRange(value, range),
  expected: `it has to be ${rangeText(range)}`,
})
const optionalNumber = (range: NumberRange) => ({
  check: (value: number | undefined) => value === undefined || isInRange(value, range),
  expected: `it has to be ${rangeText(range)}`,
})
/** The broker is told these in an int32. */
const MOST_MS_OF_KAFKA = 2 ** 31 - 1
const oneOf =
  <T>(...values: readonly T[]) =>
  (value: T) =>
    values.includes(value)
const hasMethods = (value: object, ...names: readonly string[]) =>
  typeof value === 'object' &&
  value !== null &&
  names.every(name => typeof (value as Readonly<Record<string, unknown>>)[name] === 'function')
const isName = (value: unknown) => typeof value === 'string' && value !== ''

/** Every option: its default, what is accepted, and its text. A forgotten one is a compile error. */
export const OPTION_TABLE: { readonly [Name in keyof ResolvedOptions]: OptionRow<ResolvedOptions[Name]> } = {
  applicationId: {
    default: '',
    check: value => /^[A-Za-z0-9._-]{1,180}$/.test(value) && value !== '.' && value !== '..',
    expected: 'it has to be 1 to 180 letters, digits, dots, dashes or underscores, and not "." or ".."',
    doc: 'Names the consumer group, the internal topics and the state directory.',
  },
  client: {
    default: () => {
      throw millraceError('MILLRACE_CONFIG_INVALID', {
        option: 'client',
        value: 'undefined',
        expected: 'a Kafka client is needed, as kafkajs({ brokers })',
      })
    },
    check: value => typeof value === 'function',
    expected: 'it has to be a client factory, as kafkajs({ brokers })',
    doc: 'How Kafka is reached.',
  },
  store: {
    default: () => memoryStore(),
    check: value => hasMethods(value, 'open') && typeof value.capabilities === 'object',
    expected: 'it has to be a store backend, as rocksdb() or memoryStore()',
    doc: 'Where stores are kept.',
  },
  stateDir: {
    default: './millrace-state',
    check: value => typeof value === 'string' && value !== '',
    expected: 'it has to be a path',
    doc: 'Directory of local state.',
  },
  processingGuarantee: {
    default: 'at_least_once',
    check: oneOf('at_most_once', 'at_least_once', 'exactly_once'),
    expected: 'it has to be at_most_once, at_least_once or exactly_once',
    doc: 'What a crash may do to a record: lose it, repeat it, or neither.',
  },
  commitIntervalMs: {
    default: given => (given.processingGuarantee === 'exactly_once' ? 100 : 1000),
    ...number({ from: 0, of: 'milliseconds' }),
    doc: 'How often progress is committed, and with it cached results emitted.',
  },
  onBadRecord: {
    default: 'fail',
    check: value =>
      value === 'fail' ||
      value === 'continue' ||
      (typeof value === 'object' && value !== null && nameDefect(value.deadLetterTopic) === undefined),
    expected: 'it has to be "fail", "continue" or { deadLetterTopic } with a name that brokers take',
    doc: 'A record that does not decode, on which a user function fails, or that cannot be produced.',
  },
  maxRequestBytes: {
    default: 1_048_576,
    ...number({ from: 1_024, of: 'bytes' }),
    doc: 'The largest batch that is sent, and so the largest record; what is larger is a bad record. Internal topics are created to take as much, `max.message.bytes` of other topics has to allow it.',
  },
  onUncaughtError: {
    default: () => () => 'shutdown-instance' as const,
    check: value => typeof value === 'function',
    expected: 'it has to be a function',
    doc: 'Says what an error ends that nothing can be done about: `shutdown-instance`, or `shutdown-application` for all of them.',
  },
  offsetReset: {
    default: 'earliest',
    check: value =>
      typeof value === 'object' && value !== null
        ? isInRange(value.backMs, { from: 0 })
        : oneOf<unknown>('earliest', 'latest', 'none')(value),
    expected: 'it has to be earliest, latest, none or { backMs } with a whole number of milliseconds from 0',
    doc: 'Where partitions without a committed offset start.',
  },
  timestampExtractor: {
    default: undefined,
    check: value => value === undefined || typeof value === 'function',
    expected: 'it has to be a function',
    doc: 'Gives each record its event time.',
  },
  onBadTimestamp: {
    default: undefined,
    check: value => value === undefined || oneOf('fail', 'skip', 'partition-time')(value),
    expected: 'it has to be fail, skip or partition-time',
    doc: 'A record whose timestamp is negative or cannot be extracted. By default as onBadRecord says.',
  },
  repartitionPurgeIntervalMs: {
    default: 30_000,
    ...number({ from: 0, orInfinity: true, of: 'milliseconds' }),
    doc: 'How often what has been processed and committed is deleted from repartition topics. Infinity keeps it.',
  },
  metadataRefreshMs: {
    default: 300_000,
    ...number({ from: 1, orInfinity: true, of: 'milliseconds' }),
    doc: "How often topics that match a source's pattern are looked for.",
  },
  stateCleanupDelayMs: {
    default: 600_000,
    ...number({ from: 1, orInfinity: true, of: 'milliseconds' }),
    doc: 'How long the state of a task that is elsewhere now stays on disk: until then it may come back to it.',
  },
  maxTaskIdleMs: {
    default: 0,
    ...number({ from: -1, orInfinity: true, of: 'milliseconds' }),
    doc: 'How long a task waits for a partition that has run empty; -1 never waits.',
  },
  emitIntervalMs: {
    default: 1000,
    ...number({ from: 0, of: 'milliseconds' }),
    doc: 'How often at most results are emitted that wait for windows to close.',
  },
  idleAdvanceMs: {
    default: undefined,
    ...optionalNumber({ from: 1, of: 'milliseconds' }),
    doc: 'After so long without records stream time moves on by itself, as the wall clock does. By default with records only.',
  },
  onTopologyChange: {
    default: 'refuse',
    check: oneOf('refuse', 'accept'),
    expected: 'it has to be refuse or accept',
    doc: 'Whether to start on state that another topology has left, where this one would misread it or leave it behind.',
  },
  replicationFactor: {
    default: undefined,
    ...optionalNumber({ from: 1, to: 2 ** 15 - 1 }),
    doc: 'Replication factor of internal topics.',
  },
  bufferedBytesPerPartition: {
    default: 8 << 20,
    ...number({ from: 1, orInfinity: true, of: 'bytes' }),
    doc: 'Fetched and not yet processed, for each partition; above it the partition is paused.',
  },
  stateBufferBytes: {
    default: 256 << 20,
    ...number({ from: 1, orInfinity: true, of: 'bytes' }),
    doc: 'Of all write buffers of the process. Reaching it means an early commit.',
  },
  restoreBufferBytes: {
    default: 64 << 20,
    ...number({ from: 1 << 10, of: 'bytes' }),
    doc: 'Fetched of changelogs and not yet written, while stores are restored.',
  },
  caching: {
    default: 'as-planned',
    check: oneOf('as-planned', 'off'),
    expected: 'it has to be as-planned or off',
    doc: 'Whether record caches hold results back until the commit.',
  },
  numStandbyReplicas: {
    default: 0,
    ...number({ from: 0 }),
    doc: 'Copies of the state of each task in other processes, which take over at once.',
  },
  acceptableRecoveryLag: {
    default: 10_000,
    ...number({ from: 0, orInfinity: true, of: 'records' }),
    doc: 'A copy that lacks no more records of its changelogs counts as caught up.',
  },
  maxWarmupReplicas: {
    default: 2,
    ...number({ from: 1 }),
    doc: 'How many further copies the group may have at a time, where tasks are to move to.',
  },
  probingRebalanceIntervalMs: {
    default: 600_000,
    ...number({ from: 1000, orInfinity: true, of: 'milliseconds' }),
    doc: 'How often the group looks whether copies that warm up have caught up.',
  },
  rackAwareAssignmentTags: {
    default: () => [],
    check: value => Array.isArray(value) && value.length <= 5 && value.every(isName),
    expected: 'it has to be a list of up to 5 names of clientTags',
    doc: 'Names of client tags over whose values the copies of a task are spread.',
  },
  clientTags: {
    default: () => ({}),
    check: value => typeof value === 'object' && value !== null && Object.values(value).every(isName),
    expected: 'it has to be an object of names and values that are text',
    doc: 'Where this process is, as a rack or a zone.',
  },
  applicationServer: {
    default: undefined,
    check: value => value === undefined || /^.+:\d{1,5}$/.test(value),
    expected: 'it has to be host:port',
    doc: 'Host and port under which other instances reach this one, told to all of them.',
  },
  sessionTimeoutMs: {
    default: 45_000,
    ...number({ from: 1000, to: MOST_MS_OF_KAFKA, of: 'milliseconds' }),
    doc: 'After so long without a heartbeat the group gives the tasks to others.',
  },
  processingTimeoutMs: {
    default: 300_000,
    ...number({ from: 10, orInfinity: true, of: 'milliseconds' }),
    doc: 'A record that takes longer in user functions is handled as onBadRecord says; Infinity sets no limit.',
  },
  groupInstanceId: {
    default: undefined,
    check: value => value === undefined || /^[A-Za-z0-9._-]{1,249}$/.test(value),
    expected: 'it has to be 1 to 249 letters, digits, dots, dashes or underscores',
    doc: 'Makes the process a static member: restarted within the session timeout it gets its tasks back without a rebalance.',
  },
  transactionTimeoutMs: {
    default: 60_000,
    ...number({ from: 1000, to: MOST_MS_OF_KAFKA, of: 'milliseconds' }),
    doc: 'After so long the broker aborts a transaction whose producer is silent.',
  },
  closeTimeoutMs: {
    default: 30_000,
    ...number({ from: 0, orInfinity: true, of: 'milliseconds' }),
    doc: 'close() gives up waiting after this.',
  },
  windowedChangelogExtraMs: {
    default: 86_400_000,
    ...number({ from: 0, of: 'milliseconds' }),
    doc: 'How much longer than their windows windowed changelogs are kept.',
  },
  processId: {
    default: undefined,
    check: value => value === undefined || /^[A-Za-z0-9._-]{1,64}$/.test(value),
    expected: 'it has to be 1 to 64 letters, digits, dots, dashes or underscores',
    doc: 'Tells this process from the others of the application; two at once must never share it.',
  },
  logger: {
    default: () => consoleLogger(),
    check: value => hasMethods(value, 'debug', 'info', 'warn', 'error'),
    expected:
      'it has to be an object with the functions debug, info, warn and error, as consoleLogger() or one of pino',
    doc: 'Where Millrace logs to.',
  },
  clock: {
    default: () => systemClock,
    check: value => hasMethods(value, 'now', 'monotonic', 'sleep'),
    expected: 'it has to be an object with the functions now, monotonic and sleep, as systemClock',
    doc: 'Where time comes from.',
  },
}

/**
 * Options with every default filled in.
 * @throws MILLRACE_CONFIG_INVALID naming the option, its value and what would do
 */
export function resolveOptions(given: KafkaStreamsOptions): ResolvedOptions {
  const table = OPTION_TABLE as unknown as Readonly<Record<string, OptionRow<never>>>
  const values = given as unknown as Readonly<Record<string, unknown>>
  for (const option of Object.keys(values)) {
    if (option in table) continue
    const known = Object.keys(table).join(', ')
    throw millraceError('MILLRACE_CONFIG_INVALID', {
      option,
      value: shownOption(values[option]),
      expected: `there is no such option; the options are ${known}`,
    })
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
  return { ...(resolved as unknown as ResolvedOptions), logger: guardedLogger(resolved['logger'] as Logger) }
}
