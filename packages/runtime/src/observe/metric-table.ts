/** From which level on a metric is recorded: Kafka's `metrics.recording.level`. */
export const RECORDING_LEVELS = ['INFO', 'DEBUG', 'TRACE'] as const
export type RecordingLevel = (typeof RECORDING_LEVELS)[number]

/** What a metric tells of what its sensor has recorded. `value` and `text` are read when somebody asks. */
export type Statistic =
  | 'calls'
  | 'calls-per-second'
  | 'total'
  | 'per-second'
  | 'average'
  | 'minimum'
  | 'maximum'
  | 'value'
  | 'text'

export interface MetricRow {
  readonly statistic: Statistic
  readonly description: string
  /** Only ever grows while the application, the thread or the task lives. */
  readonly counter?: true
  /** Kafka Streams has no such metric. */
  readonly own?: true
}

export interface SensorRow {
  readonly recording: RecordingLevel
  readonly metrics: Readonly<Record<string, MetricRow>>
}

/** Groups and tags of the levels, as in Kafka Streams. */
export const METRIC_LEVELS = {
  client: { group: 'stream-metrics', tags: ['client-id'] },
  thread: { group: 'stream-thread-metrics', tags: ['thread-id'] },
  task: { group: 'stream-task-metrics', tags: ['thread-id', 'task-id'] },
  node: { group: 'stream-processor-node-metrics', tags: ['thread-id', 'task-id', 'processor-node-id'] },
  topic: { group: 'stream-topic-metrics', tags: ['thread-id', 'task-id', 'processor-node-id', 'topic'] },
  store: { group: 'stream-state-metrics', tags: ['thread-id', 'task-id', '(type of store)-state-id'] },
  cache: { group: 'stream-record-cache-metrics', tags: ['thread-id', 'task-id', 'record-cache-id'] },
} as const
export type MetricLevel = keyof typeof METRIC_LEVELS

/** The group of counters that processors make with `context.count()`. */
export const CUSTOM_GROUP = 'custom-metrics'

const PER_SECOND = 'per second, over the last 30 to 60 seconds'

/** Calls of something, or events, one by one. */
function calls(name: string, of: string) {
  return {
    [`${name}-rate`]: { statistic: 'calls-per-second', description: `${of} ${PER_SECOND}` },
    [`${name}-total`]: { statistic: 'calls', description: of, counter: true },
  } as const
}

/** Amounts of something. */
function amounts(name: string, of: string) {
  return {
    [`${name}-rate`]: { statistic: 'per-second', description: `${of} ${PER_SECOND}` },
    [`${name}-total`]: { statistic: 'total', description: of, counter: true },
  } as const
}

function averageAndMaximum(name: string, of: string) {
  return {
    [`${name}-avg`]: { statistic: 'average', description: `average of ${of}` },
    [`${name}-max`]: { statistic: 'maximum', description: `maximum of ${of}` },
  } as const
}

function minimum(name: string, of: string) {
  return { [`${name}-min`]: { statistic: 'minimum', description: `minimum of ${of}` } } as const
}

function value(name: string, description: string, own?: 'own') {
  const row: MetricRow = { statistic: 'value', description, ...(own === 'own' && { own: true }) }
  return { [name]: row }
}

function text(name: string, description: string) {
  return { [name]: { statistic: 'text', description } } as const
}

const LATENESS = 'how far records are behind the stream time of their task, in milliseconds'
const END_TO_END = 'the time from the timestamp of a record until it is at the node, in milliseconds'
const PROCESS_LATENCY = 'the time to process a record, in milliseconds'
const ratio = (of: string) => `the share of ${of} in the time of the thread, over the last 30 to 60 seconds`

function storeCalls(name: string, of: string): SensorRow {
  const { [`${name}-rate`]: rate } = calls(name, of)
  return {
    recording: 'DEBUG',
    metrics: { [`${name}-rate`]: rate!, ...averageAndMaximum(`${name}-latency`, `the time of ${of}, in nanoseconds`) },
  }
}

/**
 * Every metric, by level and sensor. Names, tags, values, readings and documentation are made from it; `npm run docs:metrics` writes
 * docs/metrics.md, the dashboard and the alerts. Names and recording levels are those of Kafka Streams 4.3.1, and the comparison with it
 * (test/differential/metrics) lists where they are not.
 */
export const METRIC_TABLE = {
  'client.state': {
    recording: 'INFO',
    metrics: { ...text('state', 'the state of the application') },
  },
  'client.client-state': {
    recording: 'INFO',
    metrics: value(
      'client-state',
      'the state: 0 CREATED, 1 REBALANCING, 2 RUNNING, 3 PENDING_SHUTDOWN, 4 NOT_RUNNING, 5 PENDING_ERROR, 6 ERROR',
    ),
  },
  'client.application-id': { recording: 'INFO', metrics: text('application-id', 'the id of the application') },
  'client.alive-stream-threads': {
    recording: 'INFO',
    metrics: value('alive-stream-threads', 'the number of threads while the application runs, otherwise 0'),
  },
  'client.failed-stream-threads': {
    recording: 'INFO',
    metrics: {
      'failed-stream-threads': { statistic: 'calls', description: 'threads that have failed', counter: true },
    },
  },
  'client.recording-level': {
    recording: 'INFO',
    metrics: value('recording-level', 'the recording level of metrics: 0 INFO, 1 DEBUG, 2 TRACE'),
  },
  'thread.state': { recording: 'INFO', metrics: text('state', 'the state of the thread') },
  'thread.thread-state': {
    recording: 'INFO',
    metrics: value('thread-state', 'the state: 1 STARTING, 3 PARTITIONS_ASSIGNED (tasks are restored), 4 RUNNING'),
  },
  'thread.thread-start-time': {
    recording: 'INFO',
    metrics: value('thread-start-time', 'when the thread was started, in milliseconds since the epoch'),
  },
  'thread.blocked-time': {
    recording: 'INFO',
    metrics: {
      'blocked-time-ns-total': {
        statistic: 'value',
        description: 'the time in which the thread was in polls and commits, in nanoseconds',
        counter: true,
      },
    },
  },
  'thread.poll': {
    recording: 'INFO',
    metrics: {
      ...calls('poll', 'polls of the consumer'),
      ...averageAndMaximum('poll-latency', 'the time of a poll, in milliseconds'),
    },
  },
  'thread.poll-records': {
    recording: 'INFO',
    metrics: averageAndMaximum('poll-records', 'the number of records of a poll that has brought any'),
  },
  'thread.poll-ratio': { recording: 'INFO', metrics: value('poll-ratio', ratio('polls')) },
  'thread.process': { recording: 'INFO', metrics: amounts('process', 'processed records') },
  'thread.process-latency': { recording: 'INFO', metrics: averageAndMaximum('process-latency', PROCESS_LATENCY) },
  'thread.process-records': {
    recording: 'INFO',
    metrics: averageAndMaximum('process-records', 'the number of records that are processed between two polls'),
  },
  'thread.process-ratio': { recording: 'INFO', metrics: value('process-ratio', ratio('processing')) },
  'thread.punctuate': {
    recording: 'INFO',
    metrics: {
      ...calls('punctuate', 'punctuations'),
      ...averageAndMaximum('punctuate-latency', 'the time of a punctuation, in milliseconds'),
    },
  },
  'thread.punctuate-ratio': { recording: 'INFO', metrics: value('punctuate-ratio', ratio('punctuations')) },
  'thread.commit': {
    recording: 'INFO',
    metrics: {
      ...calls('commit', 'commits'),
      ...averageAndMaximum('commit-latency', 'the time of a commit, in milliseconds'),
    },
  },
  'thread.commit-ratio': { recording: 'INFO', metrics: value('commit-ratio', ratio('commits')) },
  'thread.task-created': { recording: 'INFO', metrics: calls('task-created', 'tasks that were created') },
  'thread.task-closed': { recording: 'INFO', metrics: calls('task-closed', 'tasks that were closed') },
  'task.process': { recording: 'INFO', metrics: amounts('process', 'processed records since the task started here') },
  'task.process-latency': { recording: 'DEBUG', metrics: averageAndMaximum('process-latency', PROCESS_LATENCY) },
  'task.active-process-ratio': {
    recording: 'INFO',
    metrics: value(
      'active-process-ratio',
      'the share of the task in the time that the thread has last spent on processing',
    ),
  },
  'task.active-buffer-count': {
    recording: 'INFO',
    metrics: value('active-buffer-count', 'fetched records that are not yet processed'),
  },
  'task.input-buffer-bytes': {
    recording: 'INFO',
    metrics: value('input-buffer-bytes', 'bytes of the fetched batches that are not yet processed', 'own'),
  },
  'task.cache-size-bytes-total': {
    recording: 'INFO',
    metrics: value('cache-size-bytes-total', 'bytes of the write buffers and caches of the task, by estimate'),
  },
  'task.stream-time': {
    recording: 'INFO',
    metrics: value('stream-time', 'the highest timestamp so far, -1 before the first record', 'own'),
  },
  'task.records-lag': {
    recording: 'INFO',
    metrics: value('records-lag', 'records of an input partition that are known and not yet processed', 'own'),
  },
  'task.dropped-records': {
    recording: 'INFO',
    metrics: calls('dropped-records', 'records that were left out, for whatever reason'),
  },
  'task.enforced-processing': {
    recording: 'DEBUG',
    metrics: calls('enforced-processing', 'times that the task has processed while an input partition was empty'),
  },
  'task.record-lateness': { recording: 'DEBUG', metrics: averageAndMaximum('record-lateness', LATENESS) },
  'task.punctuate': {
    recording: 'DEBUG',
    metrics: {
      ...calls('punctuate', 'punctuations'),
      ...averageAndMaximum('punctuate-latency', 'the time of a punctuation, in milliseconds'),
    },
  },
  'task.restore': { recording: 'DEBUG', metrics: amounts('restore', 'restored records') },
  'task.restore-remaining-records': {
    recording: 'INFO',
    metrics: value('restore-remaining-records-total', 'changelog records that are not yet restored'),
  },
  'task.update': { recording: 'DEBUG', metrics: amounts('update', 'records that a standby has taken over') },
  'node.process': { recording: 'DEBUG', metrics: calls('process', 'records that reached the node') },
  'node.suppression-emit': {
    recording: 'DEBUG',
    metrics: calls('suppression-emit', 'results that `suppress` has let go'),
  },
  'node.window-aggregate-final-emit': {
    recording: 'DEBUG',
    metrics: calls('window-aggregate-final-emit', 'final results of windows that have closed'),
  },
  'node.record-e2e-latency': {
    recording: 'INFO',
    metrics: {
      ...averageAndMaximum('record-e2e-latency', END_TO_END),
      ...minimum('record-e2e-latency', END_TO_END),
    },
  },
  'node.dropped-records': {
    recording: 'INFO',
    metrics: {
      'dropped-records': {
        statistic: 'calls',
        description: 'records that the node has left out, by `reason`',
        counter: true,
        own: true,
      },
    },
  },
  'node.failed-records': {
    recording: 'INFO',
    metrics: {
      'failed-records': {
        statistic: 'calls',
        description: 'records that failed: skipped, sent to the dead-letter topic, or what the application stopped at',
        counter: true,
        own: true,
      },
    },
  },
  'topic.records-consumed': {
    recording: 'INFO',
    metrics: {
      'records-consumed-total': { statistic: 'value', description: 'records taken from the topic', counter: true },
    },
  },
  'topic.bytes-consumed': {
    recording: 'INFO',
    metrics: {
      'bytes-consumed-total': {
        statistic: 'value',
        description: 'their bytes, with headers, topic name, offset and timestamp',
        counter: true,
      },
    },
  },
  'topic.records-produced': {
    recording: 'INFO',
    metrics: {
      'records-produced-total': { statistic: 'value', description: 'records written to the topic', counter: true },
    },
  },
  'topic.bytes-produced': {
    recording: 'INFO',
    metrics: {
      'bytes-produced-total': {
        statistic: 'value',
        description: 'their bytes, with headers, topic name, offset and timestamp',
        counter: true,
      },
    },
  },
  'store.get': storeCalls('get', 'reads of a key'),
  'store.put': storeCalls('put', 'puts'),
  'store.put-if-absent': storeCalls('put-if-absent', 'puts of absent keys'),
  'store.delete': storeCalls('delete', 'deletions'),
  'store.fetch': storeCalls('fetch', 'reads of windows or sessions'),
  'store.range': storeCalls('range', 'walks over ranges'),
  'store.all': storeCalls('all', 'walks over everything'),
  'store.prefix-scan': storeCalls('prefix-scan', 'walks over prefixes'),
  'store.commit': storeCalls('commit', 'flushes of the write buffer at commits'),
  'store.iterator-duration': {
    recording: 'DEBUG',
    metrics: averageAndMaximum(
      'iterator-duration',
      'the time from the making of an iterator until its end, in nanoseconds',
    ),
  },
  'store.num-open-iterators': {
    recording: 'DEBUG',
    metrics: value('num-open-iterators', 'iterators that processors have opened and not yet ended'),
  },
  'store.oldest-iterator-open-since-ms': {
    recording: 'DEBUG',
    metrics: value(
      'oldest-iterator-open-since-ms',
      'when the oldest open iterator was made, in milliseconds since the epoch; 0 if none is open',
    ),
  },
  'store.record-e2e-latency': {
    recording: 'TRACE',
    metrics: {
      ...averageAndMaximum(
        'record-e2e-latency',
        'the time from the timestamp of a record until it is put, in milliseconds',
      ),
      ...minimum('record-e2e-latency', 'the time from the timestamp of a record until it is put, in milliseconds'),
    },
  },
  'cache.hit-ratio': {
    recording: 'DEBUG',
    metrics: {
      ...averageAndMaximum('hit-ratio', 'the share of reads that the write buffer or the cache answers'),
      ...minimum('hit-ratio', 'the share of reads that the write buffer or the cache answers'),
    },
  },
} as const satisfies Readonly<Record<`${MetricLevel}.${string}`, SensorRow>>

export type SensorName = keyof typeof METRIC_TABLE

export function levelOf(sensor: SensorName): MetricLevel {
  return sensor.slice(0, sensor.indexOf('.')) as MetricLevel
}

export function isRecorded(sensor: SensorName, level: RecordingLevel): boolean {
  return RECORDING_LEVELS.indexOf(METRIC_TABLE[sensor].recording) <= RECORDING_LEVELS.indexOf(level)
}

/** The metrics of a sensor, by name. */
export function metricsOf(sensor: SensorName): readonly (readonly [name: string, row: MetricRow])[] {
  const { metrics }: SensorRow = METRIC_TABLE[sensor]
  return Object.entries(metrics)
}
