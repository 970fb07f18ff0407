import {
  ByteSink,
  type Headers,
  isMillraceError,
  isPromise,
  MillraceError,
  millraceError,
  nameDefect,
  NO_HEADERS,
  partitionForKey,
  type Process,
  type Producer,
  readyAgain,
  type Serde,
  shownOption,
  type SinkNode,
  type TargetTopic,
  type TopicAppender,
  touchesHeaders,
  withRecordHeaders,
} from '@millrace/core'
import { writerOf } from '../state/format/store-codec.ts'
import type { RecordMeters, TopicTally } from './record-meters.ts'
import { type RecordContext, UNOPENED } from './record-context.ts'

/** Partition counts of the topics that are written; a promise for one that has to be asked for. */
export interface SinkTopics {
  /** From a plan's name to the real one. */
  decorate(topic: string): string
  partitions(topic: string): number | Promise<number>
}

interface Target extends TargetTopic {
  readonly appender: TopicAppender
  readonly produced: TopicTally
  readonly encode: Encoders
}

interface Encoders {
  readonly key: Writer
  readonly value: Writer
  /** In place of `key` and `value`, for serdes that have headers of their own. */
  readonly keyHeaders: HeaderWriter | undefined
  readonly valueHeaders: HeaderWriter | undefined
  /** Of a windowed key, what decides about the partition. */
  readonly inner: Writer | undefined
}

type Writer = ReturnType<typeof writerOf>

/** Like a writer, for a serde that has headers of its own: gives the headers of the record. */
type HeaderWriter = (value: unknown, sink: ByteSink, headers: Headers) => Headers

/** Records without a key stay on one partition for this many, which keeps batches full, then go to the next. */
const STICKY_RECORDS = 1000
/** A record may wait this often for its serdes. */
const MOST_WAITS = 8

/** Compiles a sink: encodes into a scratch buffer, chooses the partition, and copies into the outgoing batch. */
export function compileSink(
  node: SinkNode,
  context: RecordContext,
  producer: Pick<Producer, 'topic'>,
  topics: SinkTopics,
  meters: RecordMeters,
): Process {
  const scratch = new ByteSink()
  const latency = meters.endToEnd(node.name)
  const targets = new Map<string, Target>()
  let sticky = 0
  /** Of a sink with one topic, once it is open. */
  let only: Target | undefined

  const open = (topic: string): Target | Promise<Target> => {
    const name = topics.decorate(topic)
    const add = (partitions: number) => {
      const appender = producer.topic(name, { origin: context.originsOf(node.name) })
      const produced = meters.topic('produced', node.name, appender.topic)
      const target = { topic: appender.topic, partitions, appender, produced, encode: encoders(appender.topic) }
      targets.set(topic, target)
      if (typeof node.topic === 'string') only = target
      return target
    }
    const partitions = topics.partitions(name)
    return typeof partitions === 'number' ? add(partitions) : partitions.then(add)
  }

  const encoders = (topic: string): Encoders => ({
    key: writerOf(node.keySerde, topic),
    value: writerOf(node.valueSerde, topic),
    keyHeaders: headerWriterOf(node.keySerde, topic),
    valueHeaders: headerWriterOf(node.valueSerde, topic),
    inner: node.keySerde.inner === undefined ? undefined : writerOf(node.keySerde.inner, topic),
  })

  function send(target: Target, key: unknown, value: unknown): void {
    const { appender, partitions, encode, produced } = target
    const { cursor, timestamp } = context
    let { headers } = context
    scratch.position = 0
    let keyStart = -1
    let keyEnd = -1
    let valueStart = -1
    let valueEnd = -1
    if (key === UNOPENED) {
      keyStart = cursor!.keyStart
      keyEnd = cursor!.keyEnd
    } else if (key !== null && key !== undefined) {
      keyStart = 0
      if (encode.keyHeaders === undefined) encode.key(key, scratch)
      else headers = encode.keyHeaders(key, scratch, headers)
      keyEnd = scratch.position
    }
    if (value === UNOPENED) {
      valueStart = cursor!.valueStart
      valueEnd = cursor!.valueEnd
    } else if (value === undefined) {
      // A tombstone would delete a row that nobody asked to delete.
      const reason = 'the value is undefined, such as a missing optional property: return null to delete the row'
      throw millraceError('MILLRACE_SERDE_ENCODE', { serde: node.valueSerde.name, reason })
    } else if (value !== null) {
      valueStart = scratch.position
      if (encode.valueHeaders === undefined) encode.value(value, scratch)
      else headers = encode.valueHeaders(value, scratch, headers)
      valueEnd = scratch.position
    }
    let hashStart = keyStart
    let hashEnd = keyEnd
    if (encode.inner !== undefined && keyStart >= 0 && key !== UNOPENED) {
      // A windowed key goes where its inner key goes, so that windowed results stay with their inputs.
      hashStart = scratch.position
      encode.inner((key as { readonly key: unknown }).key, scratch)
      hashEnd = scratch.position
    }
    // Only now: the scratch buffer is another one after it has grown.
    const keyBytes = key === UNOPENED ? cursor!.keyBytes : scratch.buffer
    const valueBytes = value === UNOPENED ? cursor!.valueBytes : scratch.buffer

    latency.add(context.wallTime - timestamp)
    const chosen = node.partitioner === undefined ? undefined : choose(target, key, value)
    if (chosen !== undefined) {
      if (chosen.length === 0) context.drop(node.name, 'no-partition')
      for (const partition of chosen) {
        appender.append(partition, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers)
        produced.add(keyEnd - keyStart, valueEnd - valueStart, headers)
      }
      return
    }
    const partition =
      hashStart < 0
        ? Math.floor(sticky++ / STICKY_RECORDS) % partitions
        : partitionForKey(keyBytes, hashStart, hashEnd, partitions)
    appender.append(partition, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers)
    produced.add(keyEnd - keyStart, valueEnd - valueStart, headers)
  }

  /** The user's choice as a list; undefined leaves it to the key. */
  function choose(target: Target, key: unknown, value: unknown): readonly number[] | undefined {
    const partitioner = node.partitioner as (value: unknown, key: unknown, target: TargetTopic) => unknown
    const chosen = partitioner(value, key, target)
    if (chosen === undefined || chosen === null) return undefined
    const list = (Array.isArray(chosen) ? chosen : [chosen]) as readonly number[]
    for (const partition of list) {
      if (Number.isInteger(partition) && partition >= 0 && partition < target.partitions) continue
      throw millraceError('MILLRACE_SINK_PARTITION', {
        partition: shownOption(partition),
        topic: target.appender.topic,
        partitions: target.partitions,
      })
    }
    return list
  }

  const fail = (key: unknown, error: unknown): never =>
    context.fail(node.name, ofKey(key === UNOPENED ? context.showKey() : shownKey(key), error))

  const guardedSend = (target: Target, key: unknown, value: unknown, waits = 0): void | Promise<void> => {
    try {
      send(target, key, value)
    } catch (error) {
      // A topic that is chosen for each record has not been prepared.
      const ready = waits < MOST_WAITS ? readyAgain(error) : undefined
      if (ready === undefined) return fail(key, error)
      return ready.then(
        () => guardedSend(target, key, value, waits + 1),
        (failure: unknown) => fail(key, failure),
      )
    }
  }

  return (key, value): void | Promise<void> => {
    if (only !== undefined) return guardedSend(only, key, value)
    let topic: string
    try {
      topic =
        typeof node.topic === 'string'
          ? node.topic
          : (node.topic as (value: unknown, key: unknown, record: unknown) => string)(value, key, context.metadata())
    } catch (error) {
      return context.fail(node.name, error)
    }
    const known = targets.get(topic)
    if (known === undefined && typeof node.topic !== 'string') {
      const reason = nameDefect(topic)
      if (reason !== undefined) {
        return fail(key, millraceError('MILLRACE_SINK_TOPIC', { topic: shownOption(topic), reason }))
      }
    }
    const target = known ?? open(topic)
    if (isPromise(target)) {
      return target.then(
        opened => guardedSend(opened, key, value),
        (error: unknown): void => context.fail(node.name, error),
      )
    }
    return guardedSend(target, key, value)
  }
}

function headerWriterOf(serde: Serde<unknown>, topic: string): HeaderWriter | undefined {
  if (!touchesHeaders(serde)) return undefined
  const write = writerOf(serde, topic)
  return (value, sink, headers) => {
    if (serde.serializeRecord === undefined) {
      write(value, sink)
      return withRecordHeaders(headers, serde.headerKeys, NO_HEADERS)
    }
    const part = serde.serializeRecord(value, topic)
    sink.append(part.bytes)
    return withRecordHeaders(headers, serde.headerKeys, part.headers)
  }
}

/** Says of which record the error is: where it came from is known, and what became of it on the way is not. */
function ofKey(key: string, error: unknown): unknown {
  if (!isMillraceError(error, 'record')) return error
  return new MillraceError(error.code, `${error.problem} (record key: ${key})`, {
    cause: error.cause,
    hint: error.hint,
  })
}

const LONGEST_KEY = 80

function shownKey(key: unknown): string {
  if (key === null || key === undefined) return '(none)'
  const text = shownOption(key)
  return text.length <= LONGEST_KEY ? text : `${text.slice(0, LONGEST_KEY)}…`
}
