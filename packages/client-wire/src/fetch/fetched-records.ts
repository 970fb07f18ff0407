import { decompress } from '@millrace/compression'
import {
  type CompressionCodec,
  type FetchedBatch,
  fetchedBatches,
  readInt32,
  type TopicPartition,
} from '@millrace/core'
import type { FetchableTopicResponse, FetchResponsePartitionData } from '../protocol/messages/fetch.ts'

/** The most bytes that one batch may hold uncompressed. Compressed bytes that would give more are taken for damaged. */
const MAX_BATCH_BYTES = 1024 * 1024 * 1024

export interface FetchedRecords {
  readonly batches: readonly FetchedBatch[]
  /** The offset after the last batch. */
  readonly nextOffset: number
  /** The leader epoch of the last whole batch. */
  readonly lastEpoch: number
}

/**
 * The batches of one partition from `offset` on; undefined if the answer has none.
 *
 * @param answerBytes the bytes of all partitions in the answer
 * @throws if they are damaged
 */
export function fetchedRecords(
  { topic, partition }: TopicPartition,
  offset: number,
  data: FetchResponsePartitionData,
  { readCommitted, answerBytes }: { readonly readCommitted: boolean; readonly answerBytes: number },
): FetchedRecords | undefined {
  if (data.records === null || data.records.length === 0) return undefined
  const view = Buffer.from(data.records.buffer, data.records.byteOffset, data.records.length)
  // The batches of one partition must not keep those of all others in memory, unless the others are small.
  const records = view.length * 8 < answerBytes ? Buffer.from(view) : view
  const raw = {
    partition,
    errorCode: data.errorCode,
    highWatermark: data.highWatermark,
    lastStableOffset: data.lastStableOffset,
    abortedTransactions: readCommitted ? (data.abortedTransactions ?? []) : [],
    records,
  }
  const batches = fetchedBatches(topic, offset, raw, decompressBatch)
  const nextOffset = batches.at(-1)?.nextOffset
  if (nextOffset === undefined || nextOffset <= offset) return undefined
  return { batches: withoutRepeatedSkips(batches), nextOffset, lastEpoch: lastEpochOf(records) }
}

export function bytesOf(partitions: FetchableTopicResponse['partitions']): number {
  return partitions.reduce((sum, { records }) => sum + (records?.length ?? 0), 0)
}

function decompressBatch(codec: CompressionCodec, bytes: Buffer): Buffer {
  return decompress(codec, bytes, MAX_BATCH_BYTES)
}

/** Of consecutive batches without records only the last one is needed. */
function withoutRepeatedSkips(batches: readonly FetchedBatch[]): readonly FetchedBatch[] {
  return batches.filter(({ recordCount }, i) => recordCount > 0 || batches[i + 1]?.recordCount !== 0)
}

/** Leader epoch of the last whole batch; see `record-batch.ts` of core for the format. */
function lastEpochOf(records: Buffer): number {
  let epoch = -1
  for (let p = 0; p + 16 <= records.length;) {
    const next = p + 12 + readInt32(records, p + 8)
    if (next <= p || next > records.length) break
    epoch = readInt32(records, p + 12)
    p = next
  }
  return epoch
}
