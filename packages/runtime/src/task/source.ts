import {
  isMillraceError,
  MillraceError,
  type Process,
  readyAgain,
  type RecordCursor,
  type Serde,
  type SourceNode,
  type TimestampExtractor,
  isUnawaited,
  millraceError,
  shownOption,
} from '@millrace/core'
import { readerOf } from '../state/format/store-codec.ts'
import type { RecordMeters } from './record-meters.ts'
import { type RecordContext, UNOPENED } from './record-context.ts'

/** A record may wait this often for its serdes. */
const MOST_WAITS = 8

/** How the records of one source topic enter a task. */
export interface CompiledSource {
  readonly node: SourceNode
  /** Sets the context to the record under the cursor, decodes what is looked at, and passes it on. */
  readonly process: (cursor: RecordCursor, partition: number, timestamp: number) => void | Promise<void>
  /** The record's timestamp; undefined when it is the one that Kafka has. */
  readonly timestampOf: ((cursor: RecordCursor, partition: number, partitionTime: number) => number) | undefined
  /** Makes the record under the cursor the one at hand. */
  readonly enter: (cursor: RecordCursor, partition: number, timestamp: number) => void
  readonly readKey: (bytes: Buffer, start: number, end: number) => unknown
}

export interface SourceOptions {
  readonly node: SourceNode
  /** The topic's real name. */
  readonly topic: string
  readonly context: RecordContext
  readonly meters: RecordMeters
  readonly forward: Process
  /** Nobody downstream looks at the key, or the value, but sinks that can copy its bytes. */
  readonly keyUnopened: boolean
  readonly valueUnopened: boolean
  readonly timestampExtractor: TimestampExtractor<never, never> | undefined
}

/** Says of which half of the record the bytes are: the same bytes may fit one serde and not the other. */
function ofSide(side: string, error: unknown): unknown {
  if (!isMillraceError(error, 'record')) return error
  const message = `In the ${side}: ${error.problem}`
  return new MillraceError(error.code, message, { cause: error.cause, hint: error.hint })
}

export function compileSource(options: SourceOptions): CompiledSource {
  const { node, topic, context, meters } = options
  const forward = meters.counted(node.name, options.forward)
  const consumed = meters.topic('consumed', node.name, topic)
  const latency = meters.endToEnd(node.name)
  // A serde without a hot path is told the record's headers, which `enter` has set by then.
  const reader = (serde: Serde<unknown>): ReturnType<typeof readerOf> =>
    serde.read ??
    ((bytes, start, end) => decoded(serde, serde.deserialize(bytes.subarray(start, end), topic, context.headers)))
  const readKey = options.keyUnopened ? () => UNOPENED : reader(node.keySerde)
  const readValue = options.valueUnopened ? () => UNOPENED : reader(node.valueSerde)
  const decodes = !(options.keyUnopened && options.valueUnopened)
  const enter = (cursor: RecordCursor, partition: number, timestamp: number): void => {
    context.cursor = cursor
    context.topic = topic
    context.partition = partition
    context.offset = cursor.offset
    context.timestamp = timestamp
    context.headers = cursor.headers()
  }

  // A key and a value may each wait once; what waits again and again has a serde that breaks its promise.
  let waits = 0
  const process: CompiledSource['process'] = (cursor, partition, timestamp) => {
    enter(cursor, partition, timestamp)
    if (waits === 0) consumed.read(cursor, context.headers)
    let key: unknown = null
    let value: unknown = null
    if (!decodes) {
      if (cursor.keyStart >= 0) key = UNOPENED
      if (cursor.valueStart >= 0) value = UNOPENED
      latency.add(context.wallTime - timestamp)
      return forward(key, value)
    }
    let side = 'key'
    try {
      if (cursor.keyStart >= 0) key = readKey(cursor.keyBytes, cursor.keyStart, cursor.keyEnd)
      side = 'value'
      if (cursor.valueStart >= 0) value = readValue(cursor.valueBytes, cursor.valueStart, cursor.valueEnd)
    } catch (error) {
      const ready = readyAgain(error)
      if (ready === undefined || waits >= MOST_WAITS) {
        waits = 0
        return context.fail(node.name, ofSide(side, error))
      }
      waits += 1
      return ready.then(() => process(cursor, partition, timestamp))
    }
    waits = 0
    latency.add(context.wallTime - timestamp)
    return forward(key, value)
  }

  // What looks at a record before its turn, to stamp it or to read ahead, decodes it by itself.
  const lookKey = readerOf(node.keySerde, topic)
  const lookAt = (serde: Serde<unknown>, cursor: RecordCursor, bytes: Buffer, start: number, end: number): unknown =>
    serde.read === undefined
      ? decoded(serde, serde.deserialize(bytes.subarray(start, end), topic, cursor.headers()))
      : serde.read(bytes, start, end)
  const { timestampExtractor } = options
  const timestampOf: CompiledSource['timestampOf'] =
    timestampExtractor === undefined
      ? undefined
      : (cursor, partition, partitionTime) => {
          const key =
            cursor.keyStart < 0 ? null : lookAt(node.keySerde, cursor, cursor.keyBytes, cursor.keyStart, cursor.keyEnd)
          const value =
            cursor.valueStart < 0
              ? null
              : lookAt(node.valueSerde, cursor, cursor.valueBytes, cursor.valueStart, cursor.valueEnd)
          return timestampExtractor(
            {
              key: key as never,
              value: value as never,
              timestamp: cursor.timestamp,
              topic,
              partition,
              offset: cursor.offset,
            },
            partitionTime,
          )
        }

  return { node, process: meters.entered(process, entryTime), timestampOf, enter, readKey: lookKey }
}

function entryTime(...[, , timestamp]: Parameters<CompiledSource['process']>): number {
  return timestamp
}

/** What a serde of the user has decoded. `undefined` would be taken for a function that forgot to return. */
function decoded(serde: Serde<unknown>, value: unknown): unknown {
  if (value !== undefined && !isUnawaited(value)) return value
  const reason = `deserialize returned ${shownOption(value)}, but it must return the value itself, or null`
  throw millraceError('MILLRACE_SERDE_DECODE', { serde: serde.name, reason })
}
