import { readInt16, writeInt16, writeInt32 } from './big-endian.ts'
import { BatchCursor } from './batch-cursor.ts'
import type { Crc32c } from './crc32c.ts'
import { NO_HEADERS } from './headers.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import type { BatchHeader } from './record-batch.ts'

/*
 * The end of a transaction in a partition: a control batch of one record (KIP-98, EndTxnMarker.json).
 *
 *   key   := version:int16=0 type:int16     type 0 abort, 1 commit
 *   value := version:int16=0 coordinatorEpoch:int32
 */
const ABORT = 0
const COMMIT = 1

export interface ControlBatchOptions {
  readonly type: 'commit' | 'abort'
  readonly baseOffset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  /** @default 0 */
  readonly coordinatorEpoch?: number
  /** @default -1 */
  readonly partitionLeaderEpoch?: number
  readonly crc?: Crc32c
}

/** The marker that a broker writes into each partition of a transaction when it ends. */
export function controlBatch(options: ControlBatchOptions): Buffer {
  const record = Buffer.alloc(10)
  writeInt16(record, 2, options.type === 'commit' ? COMMIT : ABORT)
  writeInt32(record, 6, options.coordinatorEpoch ?? 0)
  const builder = new RecordBatchBuilder({ maxBytes: 128 })
  builder.append(options.timestamp, record, 0, 4, record, 4, 10, NO_HEADERS)
  return builder.finish({
    baseOffset: options.baseOffset,
    producerId: options.producerId,
    producerEpoch: options.producerEpoch,
    partitionLeaderEpoch: options.partitionLeaderEpoch ?? -1,
    transactional: true,
    control: true,
    ...(options.crc && { crc: options.crc }),
  })
}

/** What a control batch says; `other` for the markers of KRaft, which no client has to know. */
export function readControlType(bytes: Buffer, header: BatchHeader): 'commit' | 'abort' | 'other' {
  const cursor = new BatchCursor(bytes, header)
  if (!cursor.advance() || cursor.keyEnd - cursor.keyStart < 4) return 'other'
  const type = readInt16(cursor.keyBytes, cursor.keyStart + 2)
  return type === COMMIT ? 'commit' : type === ABORT ? 'abort' : 'other'
}
