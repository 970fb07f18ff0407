import type { Process, RecordCursor, SourceNode, TimestampExtractor } from '@millrace/core'
import { readerOf } from '../state/store-codec.ts'
import { type RecordContext, UNOPENED } from './record-context.ts'

/** How the records of one source topic enter a task. */
export interface CompiledSource {
  readonly node: SourceNode
  /** Sets the context to the record under the cursor, decodes what is looked at, and passes it on. */
  readonly process: (cursor: RecordCursor, partition: number, timestamp: number) => void | Promise<void>
  /** The record's timestamp; undefined when it is the one that Kafka has. */
  readonly timestampOf: ((cursor: RecordCursor, partition: number, partitionTime: number) => number) | undefined
  readonly readKey: (bytes: Buffer, start: number, end: number) => unknown
}

export interface SourceOptions {
  readonly node: SourceNode
  /** The topic's real name. */
  readonly topic: string
  readonly context: RecordContext
  readonly forward: Process
  /** Nobody downstream looks at the key, or the value, but sinks that can copy its bytes. */
  readonly keyUnopened: boolean
  readonly valueUnopened: boolean
  readonly timestampExtractor: TimestampExtractor | undefined
}

export function compileSource(options: SourceOptions): CompiledSource {
  const { node, topic, context, forward } = options
  const readKey = options.keyUnopened ? () => UNOPENED : readerOf(node.keySerde, topic)
  const readValue = options.valueUnopened ? () => UNOPENED : readerOf(node.valueSerde, topic)
  const decodes = !(options.keyUnopened && options.valueUnopened)
  const headersMatter = node.keySerde.read === undefined || node.valueSerde.read === undefined

  const readWithHeaders = (cursor: RecordCursor, which: 'key' | 'value'): unknown => {
    if (which === 'key') {
      if (node.keySerde.read !== undefined || options.keyUnopened) {
        return readKey(cursor.keyBytes, cursor.keyStart, cursor.keyEnd)
      }
      return node.keySerde.deserialize(cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd), topic, context.headers)
    }
    if (node.valueSerde.read !== undefined || options.valueUnopened) {
      return readValue(cursor.valueBytes, cursor.valueStart, cursor.valueEnd)
    }
    return node.valueSerde.deserialize(
      cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd),
      topic,
      context.headers,
    )
  }

  const enter = (cursor: RecordCursor, partition: number, timestamp: number): void => {
    context.cursor = cursor
    context.topic = topic
    context.partition = partition
    context.offset = cursor.offset
    context.timestamp = timestamp
    context.headers = cursor.headers()
  }

  const process: CompiledSource['process'] = (cursor, partition, timestamp) => {
    enter(cursor, partition, timestamp)
    let key: unknown = null
    let value: unknown = null
    if (!decodes) {
      if (cursor.keyStart >= 0) key = UNOPENED
      if (cursor.valueStart >= 0) value = UNOPENED
      return forward(key, value)
    }
    try {
      if (headersMatter) {
        if (cursor.keyStart >= 0) key = readWithHeaders(cursor, 'key')
        if (cursor.valueStart >= 0) value = readWithHeaders(cursor, 'value')
      } else {
        if (cursor.keyStart >= 0) key = readKey(cursor.keyBytes, cursor.keyStart, cursor.keyEnd)
        if (cursor.valueStart >= 0) value = readValue(cursor.valueBytes, cursor.valueStart, cursor.valueEnd)
      }
    } catch (error) {
      return context.fail(node.name, error)
    }
    return forward(key, value)
  }

  const { timestampExtractor } = options
  const timestampOf: CompiledSource['timestampOf'] =
    timestampExtractor === undefined
      ? undefined
      : (cursor, partition, partitionTime) => {
          const key =
            cursor.keyStart < 0 ? null : readerOf(node.keySerde, topic)(cursor.keyBytes, cursor.keyStart, cursor.keyEnd)
          const value =
            cursor.valueStart < 0
              ? null
              : readerOf(node.valueSerde, topic)(cursor.valueBytes, cursor.valueStart, cursor.valueEnd)
          return timestampExtractor(
            { key, value, timestamp: cursor.timestamp, topic, partition, offset: cursor.offset },
            partitionTime,
          )
        }

  return { node, process, timestampOf, readKey: readerOf(node.keySerde, topic) }
}
