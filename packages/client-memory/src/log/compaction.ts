import { BatchCursor, RecordBatchBuilder, readBatchHeader, type Crc32c } from '@millrace/core'
import type { StoredBatch } from './stored-batch.ts'

export interface CompactionOptions {
  /** Nothing at or past this offset is touched. */
  readonly end: number
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly deleteRetentionMs: number
  readonly crc: Crc32c
}

/**
 * The batches with only the last record of each key, offsets unchanged. Tombstones stay for `deleteRetentionMs` after the
 * compaction that first met them; records without a key, aborted records and old control batches go.
 */
export function compactBatches(batches: readonly StoredBatch[], options: CompactionOptions): StoredBatch[] {
  const lastOffsets = lastOffsetByKey(batches, options.end)
  return batches.flatMap(batch => {
    if (batch.lastOffset >= options.end) return [batch]
    if (batch.aborted || batch.header.control) return []
    const deleteHorizonMs = batch.deleteHorizonMs ?? options.now + options.deleteRetentionMs
    const dropTombstones = options.now >= deleteHorizonMs
    return keep(batch, { lastOffsets, dropTombstones, deleteHorizonMs, crc: options.crc }) ?? []
  })
}

function lastOffsetByKey(batches: readonly StoredBatch[], end: number): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>()
  for (const batch of batches) {
    if (batch.aborted || batch.header.control || batch.lastOffset >= end) continue
    const cursor = new BatchCursor(batch.bytes, batch.header)
    while (cursor.advance()) {
      if (cursor.keyStart >= 0)
        offsets.set(cursor.keyBytes.toString('latin1', cursor.keyStart, cursor.keyEnd), cursor.offset)
    }
  }
  return offsets
}

interface KeepOptions {
  readonly lastOffsets: ReadonlyMap<string, number>
  readonly dropTombstones: boolean
  readonly deleteHorizonMs: number
  readonly crc: Crc32c
}

/** The batch with what stays of it; itself when all stays, undefined when nothing does. */
function keep(batch: StoredBatch, options: KeepOptions): StoredBatch | undefined {
  const { header } = batch
  const builder = new RecordBatchBuilder({ maxBytes: Number.MAX_SAFE_INTEGER, initialBytes: batch.bytes.length })
  const cursor = new BatchCursor(batch.bytes, header)
  let next = header.baseOffset
  while (cursor.advance()) {
    const { keyBytes, keyStart, keyEnd, valueStart } = cursor
    if (keyStart < 0 || (valueStart < 0 && options.dropTombstones)) continue
    if (options.lastOffsets.get(keyBytes.toString('latin1', keyStart, keyEnd)) !== cursor.offset) continue
    builder.skipOffsets(cursor.offset - next)
    next = cursor.offset + 1
    builder.append(
      cursor.timestamp,
      keyBytes,
      keyStart,
      keyEnd,
      cursor.valueBytes,
      valueStart,
      cursor.valueEnd,
      cursor.headers(),
    )
  }
  if (builder.count === 0) return undefined
  if (builder.count === header.count) return { ...batch, deleteHorizonMs: options.deleteHorizonMs }
  builder.skipOffsets(batch.lastOffset + 1 - next)
  const bytes = Buffer.from(
    builder.finish({
      baseOffset: header.baseOffset,
      producerId: header.producerId,
      producerEpoch: header.producerEpoch,
      baseSequence: header.baseSequence,
      transactional: header.transactional,
      partitionLeaderEpoch: header.partitionLeaderEpoch,
      crc: options.crc,
      ...(header.timestampType === 'log-append' && { logAppendTime: header.maxTimestamp }),
    }),
  )
  return { ...batch, bytes, header: readBatchHeader(bytes, 0), deleteHorizonMs: options.deleteHorizonMs }
}
