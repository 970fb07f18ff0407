import { millraceError } from '../errors/millrace-error.ts'
import type { CompressionCodec, FetchedBatch } from '../ports/client.ts'
import { BatchCursor, type RecordBytes } from './batch-cursor.ts'
import { BATCH_HEADER_BYTES, type BatchHeader } from './record-batch.ts'
import { RecordListCursor } from './record-list.ts'

/** Gives a batch's records back as they were before compression. */
export type Decompress = (codec: CompressionCodec, bytes: Buffer) => Buffer

export interface FetchedBatchOptions {
  readonly topic: string
  readonly partition: number
  /** What the header was read from. Kept, not copied. */
  readonly bytes: Buffer
  readonly header: BatchHeader
  /** What was asked for: a broker gives whole batches, and the records before it are passed over. */
  readonly fromOffset: number
  readonly highWatermark: number
  /** @default compressed batches are refused */
  readonly decompress?: Decompress
}

/**
 * A batch as a broker sent it. Of a control batch nothing is shown but where to go on.
 *
 * @throws MILLRACE_BATCH_UNREADABLE when it is compressed and cannot be decompressed
 */
export function fetchedBatch(options: FetchedBatchOptions): FetchedBatch {
  const { topic, partition, bytes, header, fromOffset, highWatermark } = options
  const nextOffset = header.baseOffset + header.lastOffsetDelta + 1
  const { partitionLeaderEpoch: leaderEpoch } = header
  if (header.control || header.count === 0 || fromOffset >= nextOffset) {
    return skippedBatch({ topic, partition, nextOffset: Math.max(nextOffset, fromOffset), highWatermark, leaderEpoch })
  }
  const records = header.compression === 'none' ? undefined : decompressed(options)
  const cursor = () => new BatchCursor(bytes, header, fromOffset, records)
  return {
    topic,
    partition,
    nextOffset,
    highWatermark,
    recordCount: countFrom(header, fromOffset, cursor),
    byteLength: records?.bytes.length ?? header.byteLength,
    leaderEpoch,
    producerId: header.transactional ? header.producerId : -1,
    producerEpoch: header.transactional ? header.producerEpoch : -1,
    cursor,
  }
}

export interface SkippedBatchOptions {
  readonly topic: string
  readonly partition: number
  readonly nextOffset: number
  readonly highWatermark: number
  readonly leaderEpoch?: number
}

/** A batch without records that only moves the position: for aborted transactions, and for control batches. */
export function skippedBatch(options: SkippedBatchOptions): FetchedBatch {
  return { ...options, recordCount: 0, byteLength: 0, cursor: () => new RecordListCursor([]) }
}

function decompressed({ bytes, header, decompress }: FetchedBatchOptions): RecordBytes {
  const codec = header.compression
  if (decompress === undefined)
    throw unreadable(header, `it is compressed with ${codec}, which this client cannot read`)
  const start = header.position + BATCH_HEADER_BYTES
  try {
    const records = decompress(codec, bytes.subarray(start, header.position + header.byteLength))
    return { bytes: records, start: 0, end: records.length }
  } catch (cause) {
    throw unreadable(header, `it could not be decompressed with ${codec}`, cause)
  }
}

/** Exact without a walk, save for a compacted batch of which only the end was asked for. */
function countFrom(header: BatchHeader, fromOffset: number, newCursor: () => BatchCursor): number {
  const skipped = fromOffset - header.baseOffset
  if (skipped <= 0) return header.count
  if (header.lastOffsetDelta === header.count - 1) return header.count - skipped
  const cursor = newCursor()
  let count = 0
  while (cursor.advance()) count++
  return count
}

function unreadable(header: BatchHeader, reason: string, cause?: unknown) {
  return millraceError('MILLRACE_BATCH_UNREADABLE', { offset: header.baseOffset, reason }, { cause })
}
