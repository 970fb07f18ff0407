import {
  type Clock,
  type DropReason,
  type ErrorCode,
  type Headers,
  isMillraceError,
  type Logger,
  nameOfThrown,
  type Producer,
  reasonOf,
  type RecordCursor,
  stackOfThrown,
  type TopicAppender,
} from '@millrace/core'
import type { BadRecordPolicy } from '../config/bad-record-policy.ts'
import type { Metrics, MetricTags } from '../observe/metrics.ts'
import type { Sensor } from '../observe/sensor.ts'
import { encodingOperator } from '../state/format/store-encoding.ts'
import { cutLetter, type Letter } from './cut-letter.ts'
import { RecordGivenUp } from './given-up.ts'
import { processingFailed } from './processing-failed.ts'

/** The record that a policy decides about, as its task has it in hand. */
export interface RecordAtHand {
  readonly taskId: string
  /** Null if it comes from no topic, for example from a punctuation. */
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly headers: Headers
  /** Where its bytes are. */
  readonly cursor: RecordCursor | undefined
  /** What a record that `node` appends now is made of. */
  origin(node: string): unknown
}

/** What a task does about a record that failed or was left out. */
export interface RecordPolicy {
  /** Records that fail are given up, and the application continues. */
  readonly givesUp: boolean
  /** Always throws: the failure that ends the application, or `RecordGivenUp`. */
  fail(node: string, error: unknown, record: RecordAtHand): never
  /** Counts and reports a record whose changes were taken back. Writes it to the dead-letter topic if there is one. */
  giveUp(node: string, error: unknown, record: RecordAtHand): void
  isFatal(error: unknown): boolean
  drop(node: string, reason: DropReason, record: RecordAtHand): void
  count(node: string, metric: string, by: number, record: RecordAtHand): void
}

export interface RecordPolicyOptions {
  readonly onBadRecord: BadRecordPolicy
  readonly logger: Logger
  readonly metrics: Metrics
  /** Of the task, if it has one: counts what is left out, for whatever reason. */
  readonly dropped: (() => Sensor) | undefined
  /**
   * Undefined where every instance reads the records, and would put them into the dead-letter topic: they are left out then, as in
   * Kafka Streams 4.3.
   */
  readonly producer: Producer | undefined
  /** Of the dead-letter topic; 1 where there is none. */
  readonly deadLetterPartitions: number
  /** The largest batch that it takes: a copy that is larger is cut. */
  readonly deadLetterBytes: number
  readonly clock: Clock
  /** How often each operator was warned of, by kind: of all tasks of the instance. */
  readonly warned: Map<string, number>
}

/** What a function of the user has called wrongly, such as a store with a time that it took from the record. */
const OF_CALLS: ReadonlySet<string> = new Set<ErrorCode>(['MILLRACE_ARGUMENT_INVALID', 'MILLRACE_QUERY_INVALID'])

/** Logged at warning level this many times for each operator, then at debug: a flood of bad records must not be one of logs. */
const WARNINGS = 10
/** Late records are a matter of course: what counts is that there are some, and how many is in the metric. */
const WARNINGS_OF_LATE = 1
const NO_BYTES = Buffer.alloc(0)
const NO_DEAD_LETTER =
  'record skipped: it could not be processed; it is not in the dead-letter topic, because every instance reads the topics of global tables and stores'
const FAILED_AGAIN = 'record skipped: it comes from the dead-letter topic, failed again and stays there'

/**
 * The header names are those of KIP-1034, so that what reads a dead-letter topic of Kafka Streams reads ours; `node` and
 * `task` are Millrace's own.
 */
function failureHeaders(node: string, error: unknown, context: RecordAtHand): Headers {
  return [
    header('exception', isMillraceError(error) ? error.code : nameOfThrown(error)),
    header('message', reasonOf(error)),
    header('stacktrace', stackOfThrown(error)),
    header('topic', context.topic ?? ''),
    header('partition', String(context.partition)),
    header('offset', String(context.offset)),
    header('node', node),
    header('task', context.taskId),
  ]
}

function header(name: string, text: string) {
  return { key: `__streams.errors.${name}`, value: Buffer.from(text) }
}

function letterOf(node: string, error: unknown, context: RecordAtHand): Letter {
  const { cursor, headers } = context
  return {
    key: cursor === undefined || cursor.keyStart < 0 ? null : cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd),
    value:
      cursor === undefined || cursor.valueStart < 0
        ? null
        : cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd),
    headers,
    failure: failureHeaders(node, error, context),
  }
}

export function recordPolicy(options: RecordPolicyOptions): RecordPolicy {
  const { onBadRecord, logger, metrics, producer, warned, dropped } = options
  const fatal = new WeakSet<object>()
  let round = 0

  const where = (node: string, context: RecordAtHand) => ({
    operator: node,
    task: context.taskId,
    topic: context.topic ?? '(none)',
    partition: context.partition,
    offset: context.offset,
  })

  const say = (key: string, fields: Record<string, unknown>, message: string, most = WARNINGS) => {
    const times = (warned.get(key) ?? 0) + 1
    warned.set(key, times)
    if (times > most) return logger.debug(fields, message)
    logger.warn(fields, times === most ? `${message} (further ones of this kind at debug level)` : message)
  }

  /** A copy that the topic takes, whatever it is of: what is too large is cut, and a time that is refused is the present one. */
  function deadLetter(appender: TopicAppender, node: string, error: unknown, context: RecordAtHand): void {
    const letter = letterOf(node, error, context)
    const partition = round++ % options.deadLetterPartitions
    const timestamp = Math.max(0, context.timestamp)
    const fitting = (failure: Headers) => cutLetter({ ...letter, failure }, options.deadLetterBytes)
    const appendNow = () => {
      const stamped = fitting([...letter.failure, header('timestamp', String(timestamp))])
      append(appender, partition, options.clock.now(), stamped)
    }
    // What a broker has refused may have been refused for its time, and this topic would refuse that, too.
    if (isMillraceError(error) && error.code === 'MILLRACE_PRODUCE_RECORD_REFUSED') return appendNow()
    try {
      append(appender, partition, timestamp, fitting(letter.failure))
    } catch (failure) {
      if (!isMillraceError(failure) || failure.code !== 'MILLRACE_PRODUCE_TIMESTAMP') throw failure
      appendNow()
    }
  }

  function append(appender: TopicAppender, partition: number, timestamp: number, letter: Letter): void {
    const { key, value } = letter
    const headers = [...letter.headers, ...letter.failure]
    const [keyStart, keyEnd] = key === null ? [-1, -1] : [0, key.length]
    const [valueStart, valueEnd] = value === null ? [-1, -1] : [0, value.length]
    appender.append(
      ...([partition, timestamp, key ?? NO_BYTES, keyStart, keyEnd] as const),
      ...([value ?? NO_BYTES, valueStart, valueEnd, headers] as const),
    )
  }

  /** What concerns more than this record (a fenced producer, a lost broker) is not the policy's to decide. */
  const refuse = (error: unknown) => {
    if (!isMillraceError(error, 'retriable', 'fenced', 'fatal', 'config', 'bug') || OF_CALLS.has(error.code)) return
    fatal.add(error)
    throw error
  }

  const failure = (node: string, error: unknown, context: RecordAtHand) => {
    metrics.leftOut('failed-records', tagsOf(node, context))
    const { taskId: task, topic, partition, offset } = context
    const failed = processingFailed({ node, task, topic, partition, offset }, error)
    fatal.add(failed)
    return failed
  }

  return {
    givesUp: onBadRecord !== 'fail',
    isFatal: error =>
      error instanceof RecordGivenUp || (typeof error === 'object' && error !== null && fatal.has(error)),
    count: (node, metric, by, record) => metrics.count(metric, tagsOf(node, record), by),
    fail(at, error, context) {
      if (error instanceof RecordGivenUp) throw error
      const node = encodingOperator(error) ?? at
      refuse(error)
      throw onBadRecord === 'fail' ? failure(node, error, context) : new RecordGivenUp(node, error)
    },
    giveUp(at, error, context) {
      const node = encodingOperator(error) ?? at
      refuse(error)
      if (onBadRecord === 'fail') throw failure(node, error, context)
      metrics.leftOut('failed-records', tagsOf(node, context))
      dropped?.().record()
      const skipped = { ...where(node, context), error }
      if (onBadRecord === 'continue') return say(`fail ${node}`, skipped, 'record skipped: it could not be processed')
      if (producer === undefined) return say(`fail ${node}`, skipped, NO_DEAD_LETTER)
      // A copy would be read as well, and fail again, without end. The record is not lost: it is in the topic that it was read from.
      if (context.topic === onBadRecord.deadLetterTopic) return say(`fail ${node}`, skipped, FAILED_AGAIN)
      const origin = () => context.origin(node)
      deadLetter(producer.topic(onBadRecord.deadLetterTopic, { origin }), node, error, context)
      say(
        `fail ${node}`,
        { ...skipped, deadLetterTopic: onBadRecord.deadLetterTopic },
        'record sent to the dead-letter topic',
      )
    },
    drop(node: string, reason: DropReason, context) {
      metrics.leftOut('dropped-records', { ...tagsOf(node, context), reason })
      dropped?.().record()
      const fields = { ...where(node, context), reason, timestamp: context.timestamp }
      say(`drop ${node} ${reason}`, fields, DROP_TEXTS[reason], reason === 'late' ? WARNINGS_OF_LATE : WARNINGS)
    },
  }
}

function tagsOf(node: string, { taskId }: RecordAtHand): MetricTags {
  return { 'task-id': taskId, 'processor-node-id': node }
}

const DROP_TEXTS: Readonly<Record<DropReason, string>> = {
  'null-key': 'record dropped: it has no key',
  'null-value': 'record dropped: it has no value',
  late: 'record dropped because it is late: its window and grace period are over',
  'bad-timestamp': 'record dropped: its timestamp is negative or cannot be extracted',
  'no-partition': 'record dropped: the partitioner chose no partition',
  'out-of-order': 'update dropped: a later version of the row was processed before it',
  stale: 'response dropped: the row has changed since the request',
}
