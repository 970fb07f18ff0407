import type { Headers, RecordCursor } from '@millrace/core'
import type { RecordContext, RecordUnit } from './record-context.ts'

/** The record that a task had in hand, kept for when its turn comes again. */
export interface RecordSnapshot {
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly headers: Headers
  readonly cursor: RecordCursor | undefined
  readonly unit: RecordUnit
}

export function takeSnapshot(context: RecordContext): RecordSnapshot {
  const { topic, partition, offset, timestamp, headers, cursor } = context
  const unit = (context.unit ??= { leavesTraces: context.held?.holds !== true })
  return { topic, partition, offset, timestamp, headers, cursor: cursor && standing(cursor, headers), unit }
}

/** Makes it the record at hand again. */
export function returnTo(snapshot: RecordSnapshot, context: RecordContext): void {
  context.topic = snapshot.topic
  context.partition = snapshot.partition
  context.offset = snapshot.offset
  context.timestamp = snapshot.timestamp
  context.headers = snapshot.headers
  context.cursor = snapshot.cursor
  context.unit = snapshot.unit
}

/** A cursor that stays where it is: the bytes that it points to do not change, the fields of the other one do. */
function standing(cursor: RecordCursor, headers: Headers): RecordCursor {
  const { offset, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor
  return {
    advance: () => false,
    offset,
    timestamp,
    keyBytes,
    keyStart,
    keyEnd,
    valueBytes,
    valueStart,
    valueEnd,
    headers: () => headers,
  }
}
