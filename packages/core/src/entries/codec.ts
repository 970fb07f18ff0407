/* Kafka's record batches as bytes. It needs Node.js. */
import '../record/node-byte-arrays.ts'

export { ByteSink } from '../record/byte-sink.ts'
export { murmur2, partitionForKey } from '../record/murmur2.ts'
export { crc32c, type Crc32c } from '../record/crc32c.ts'
export {
  readVarint,
  readVarlong,
  skipVarint,
  varintSize,
  varlongSize,
  writeVarint,
  writeVarlong,
} from '../record/varint.ts'
export { readInt16, readInt32, readInt64, writeInt16, writeInt32, writeInt64 } from '../record/big-endian.ts'
export {
  readBatchHeader,
  rewriteBaseOffset,
  splitBatches,
  validateCrc,
  BATCH_HEADER_BYTES,
  type BatchHeader,
} from '../record/record-batch.ts'
export {
  RecordBatchBuilder,
  checkRecordFits,
  recordBatchBytesOfOne,
  type BatchCompression,
  type FinishOptions,
  type RecordBatchBuilderOptions,
} from '../record/record-batch-builder.ts'
export { controlBatch, readControlType, type ControlBatchOptions } from '../record/control-batch.ts'
export { BatchCursor, type RecordBytes } from '../record/batch-cursor.ts'
export {
  fetchedBatch,
  skippedBatch,
  type Decompress,
  type FetchedBatchOptions,
  type SkippedBatchOptions,
} from '../record/fetched-batch.ts'
export { fetchedBatches, type AbortedTransaction, type RawFetchedPartition } from '../record/fetched-batches.ts'
export {
  RecordListCursor,
  recordListBatch,
  type ListedRecord,
  type RecordListBatchOptions,
} from '../record/record-list.ts'
