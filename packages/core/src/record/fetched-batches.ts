import { readControlType } from './control-batch.ts'
import { type Decompress, fetchedBatch, skippedBatch } from './fetched-batch.ts'
import { type BatchHeader, splitBatches, validateCrc } from './record-batch.ts'
import type { FetchedBatch } from '../ports/client.ts'

/** One partition of a fetch response. */
export interface RawFetchedPartition {
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  /** -1 where the broker does not say. */
  readonly lastStableOffset: number
  /** Empty unless committed records only were asked for. */
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** Record batches one after another; the last one may be cut off. */
  readonly records: Buffer
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/**
 * What a fetch at `position` gave of one partition, without control records and aborted records: nothing where no whole batch came.
 *
 * @throws MILLRACE_BATCH_UNREADABLE
 */
export function fetchedBatches(
  topic: string,
  position: number,
  raw: RawFetchedPartition,
  decompress: Decompress,
): FetchedBatch[] {
  const { partition, highWatermark, records: bytes } = raw
  const aborted = [...raw.abortedTransactions].sort((a, b) => a.firstOffset - b.firstOffset)
  const aborting = new Set<number>()
  const batches: FetchedBatch[] = []
  let nextAborted = 0
  for (const header of splitBatches(bytes)) {
    try {
      validateCrc(bytes, header)
    } catch (error) {
      // Those before it are good, and it comes again as the first one.
      if (batches.length > 0) break
      throw error
    }
    const end = header.baseOffset + header.lastOffsetDelta
    for (let next = aborted[nextAborted]; next !== undefined && next.firstOffset <= end; next = aborted[nextAborted]) {
      aborting.add(next.producerId)
      nextAborted++
    }
    if (end < position) continue
    if (isHidden(bytes, header, aborting)) {
      const { partitionLeaderEpoch: leaderEpoch } = header
      batches.push(skippedBatch({ topic, partition, nextOffset: end + 1, highWatermark, leaderEpoch }))
    } else {
      batches.push(fetchedBatch({ topic, partition, bytes, header, fromOffset: position, highWatermark, decompress }))
    }
  }
  return batches
}

function isHidden(bytes: Buffer, header: BatchHeader, aborting: Set<number>): boolean {
  if (!header.control) return header.transactional && aborting.has(header.producerId)
  if (readControlType(bytes, header) === 'abort') aborting.delete(header.producerId)
  return true
}
