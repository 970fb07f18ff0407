import { type FetchedBatch, type ListedRecord, NO_HEADERS, recordListBatch } from '@millrace/core'
import { fromKafkajsHeaders, type KafkajsHeaders } from './message-headers.ts'

/** A record as kafkajs decodes it; its types know only some of these fields. */
export interface RawMessage {
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: KafkajsHeaders
  /** The three are absent in the formats before 0.11. */
  readonly isControlRecord?: boolean
  readonly batchContext?: RawBatchContext
}

/** What kafkajs keeps of the record batch that a message came in: one object for all its messages. */
export interface RawBatchContext {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly producerId: string
  readonly inTransaction: boolean
}

/** One partition of a fetch response of kafkajs. */
export interface RawPartition {
  readonly partition: number
  readonly highWatermark: string
  /** Absent in responses before version 4. */
  readonly lastStableOffset?: string
  readonly abortedTransactions?: readonly RawAbortedTransaction[]
  readonly messages: readonly RawMessage[]
}

export interface RawAbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

/** Key of a control record that ends an aborted transaction: version 0, type 0. */
const ABORT_TYPE = 0

/**
 * What a fetch at `position` gave of one partition, without control records and aborted records.
 *
 * kafkajs' own filter is not used: it takes any record with the key 00 00 00 00 for an abort marker, and starts at most
 * one aborted transaction per record.
 */
export function fetchedMessages(topic: string, position: number, raw: RawPartition): FetchedBatch {
  const highWatermark = Number(raw.highWatermark)
  const records = visibleMessages(position, raw)
  const nextOffset = Math.max(position, offsetAfter(raw.messages.at(-1)))
  return recordListBatch({ topic, partition: raw.partition, records, nextOffset, highWatermark })
}

/** The offset after the record batch of `message`: compaction may have taken the records behind it. */
export function offsetAfter(message: RawMessage | undefined): number {
  if (message === undefined) return -1
  const batch = message.batchContext
  return batch === undefined ? Number(message.offset) + 1 : Number(batch.firstOffset) + batch.lastOffsetDelta + 1
}

function visibleMessages(position: number, raw: RawPartition): readonly ListedRecord[] {
  const { messages } = raw
  const aborted = (raw.abortedTransactions ?? [])
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: Number(firstOffset) }))
    .sort((a, b) => a.firstOffset - b.firstOffset)
  const aborting = new Set<string>()
  const visible: ListedRecord[] = []
  let nextAborted = 0
  let batch: RawBatchContext | undefined
  let dropped = false
  for (const message of messages) {
    const { batchContext } = message
    if (batchContext !== undefined && batchContext !== batch) {
      batch = batchContext
      const last = offsetAfter(message) - 1
      for (
        let next = aborted[nextAborted];
        next !== undefined && next.firstOffset <= last;
        next = aborted[nextAborted]
      ) {
        aborting.add(next.producerId)
        nextAborted++
      }
      dropped = batch.inTransaction && aborting.has(batch.producerId)
    }
    if (message.isControlRecord === true) {
      if (batch !== undefined && message.key?.readInt16BE(2) === ABORT_TYPE) aborting.delete(batch.producerId)
    } else if (!dropped && Number(message.offset) >= position) {
      visible.push(listed(message))
    }
  }
  return visible
}

function listed({ offset, timestamp, key, value, headers }: RawMessage): ListedRecord {
  return {
    offset: Number(offset),
    timestamp: Number(timestamp),
    key,
    value,
    headers: headers === undefined ? NO_HEADERS : () => fromKafkajsHeaders(headers),
  }
}
