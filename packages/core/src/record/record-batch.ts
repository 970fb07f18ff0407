import { millraceError } from '../errors/millrace-error.ts'
import type { CompressionCodec } from '../ports/client.ts'
import { readInt16, readInt32, readInt64, writeInt32, writeInt64 } from './big-endian.ts'
import { crc32c, type Crc32c } from './crc32c.ts'

/*
 * A record batch, format v2 (Kafka 0.11 and later; KIP-98). Integers are big-endian.
 *
 *   batch := baseOffset:int64 length:int32 partitionLeaderEpoch:int32 magic:int8=2 crc:uint32
 *            attributes:int16 lastOffsetDelta:int32 baseTimestamp:int64 maxTimestamp:int64
 *            producerId:int64 producerEpoch:int16 baseSequence:int32 count:int32 records
 *
 *   length counts from partitionLeaderEpoch on; the CRC-32C covers from attributes on, so that a broker may set
 *   baseOffset and partitionLeaderEpoch without computing it again.
 *   attributes: bits 0–2 compression of `records`, 3 timestamps are the broker's, 4 transactional, 5 control,
 *   6 baseTimestamp is a delete horizon (deltas still count from it).
 *
 *   records := record*count, together compressed
 *   record  := length:varint attributes:int8 timestampDelta:varlong offsetDelta:varint
 *              keyLength:varint key valueLength:varint value headerCount:varint header*headerCount
 *   header  := keyLength:varint key:utf8 valueLength:varint value
 *
 *   A length of -1 stands for null.
 */
const LENGTH_AT = 8
const LEADER_EPOCH_AT = 12
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const PRODUCER_ID_AT = 43
const PRODUCER_EPOCH_AT = 51
const BASE_SEQUENCE_AT = 53
const COUNT_AT = 57

/** Bytes before a batch's first record. */
export const BATCH_HEADER_BYTES = 61
/** Bytes that `length` does not count. */
const UNCOUNTED_BYTES = 12

const CODECS: readonly CompressionCodec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const TIMESTAMP_TYPE_BIT = 8
const TRANSACTIONAL_BIT = 16
const CONTROL_BIT = 32

/** A batch's header. 64-bit fields are numbers, exact to ±2^53. */
export interface BatchHeader {
  /** Where the batch begins in the bytes it was read from. */
  readonly position: number
  /** The whole batch's size, so that the next one begins at `position + byteLength`. */
  readonly byteLength: number
  readonly baseOffset: number
  readonly partitionLeaderEpoch: number
  readonly crc: number
  readonly compression: CompressionCodec
  /** Whether a record's timestamp is its producer's, or the broker's of the whole batch. */
  readonly timestampType: 'create' | 'log-append'
  readonly transactional: boolean
  readonly control: boolean
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  /** -1 when the producer is not idempotent. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly count: number
}

/**
 * Reads the header of the batch at `position`, of which at least the header must be there.
 *
 * @throws MILLRACE_BATCH_UNREADABLE for another format
 */
export function readBatchHeader(bytes: Uint8Array, position: number): BatchHeader {
  const baseOffset = readInt64(bytes, position)
  const magic = bytes[position + MAGIC_AT]!
  if (magic !== 2) throw unreadable(baseOffset, `its format is v${magic}, and only v2 (Kafka 0.11 and later) is known`)
  const attributes = readInt16(bytes, position + ATTRIBUTES_AT)
  const compression = CODECS[attributes & 7]
  if (compression === undefined) throw unreadable(baseOffset, `compression codec ${attributes & 7} is unknown`)
  return {
    position,
    byteLength: readInt32(bytes, position + LENGTH_AT) + UNCOUNTED_BYTES,
    baseOffset,
    partitionLeaderEpoch: readInt32(bytes, position + LEADER_EPOCH_AT),
    crc: readInt32(bytes, position + CRC_AT) >>> 0,
    compression,
    timestampType: attributes & TIMESTAMP_TYPE_BIT ? 'log-append' : 'create',
    transactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    control: (attributes & CONTROL_BIT) !== 0,
    lastOffsetDelta: readInt32(bytes, position + LAST_OFFSET_DELTA_AT),
    baseTimestamp: readInt64(bytes, position + BASE_TIMESTAMP_AT),
    maxTimestamp: readInt64(bytes, position + MAX_TIMESTAMP_AT),
    producerId: readInt64(bytes, position + PRODUCER_ID_AT),
    producerEpoch: readInt16(bytes, position + PRODUCER_EPOCH_AT),
    baseSequence: readInt32(bytes, position + BASE_SEQUENCE_AT),
    count: readInt32(bytes, position + COUNT_AT),
  }
}

/**
 * The batches that lie one after another in `bytes[start, end)`, as in a fetch response. A broker cuts the response at a
 * number of bytes, so the last batch may be incomplete: it is left out.
 *
 * @throws MILLRACE_BATCH_UNREADABLE
 */
export function splitBatches(bytes: Uint8Array, start = 0, end: number = bytes.length): BatchHeader[] {
  const batches: BatchHeader[] = []
  let p = start
  while (p + MAGIC_AT < end) {
    const byteLength = readInt32(bytes, p + LENGTH_AT) + UNCOUNTED_BYTES
    if (byteLength < BATCH_HEADER_BYTES && bytes[p + MAGIC_AT] === 2) {
      throw unreadable(readInt64(bytes, p), `its length field says ${byteLength} bytes, less than a header has`)
    }
    if (p + byteLength > end) break
    batches.push(readBatchHeader(bytes, p))
    p += byteLength
  }
  return batches
}

/** @throws MILLRACE_BATCH_UNREADABLE when the bytes are not those that the batch's CRC was computed over. */
export function validateCrc(bytes: Uint8Array, header: BatchHeader, crc: Crc32c = crc32c): void {
  const computed = crc(bytes, header.position + ATTRIBUTES_AT, header.position + header.byteLength)
  if (computed !== header.crc) {
    throw unreadable(header.baseOffset, `its CRC-32C is ${hex(computed)} where the header says ${hex(header.crc)}`)
  }
}

/** Gives a batch its place in a log, in place, as a broker does at append. The CRC does not cover what is changed. */
export function rewriteBaseOffset(batch: Uint8Array, baseOffset: number, partitionLeaderEpoch?: number): void {
  writeInt64(batch, 0, baseOffset)
  if (partitionLeaderEpoch !== undefined) writeInt32(batch, LEADER_EPOCH_AT, partitionLeaderEpoch)
}

/** What `writeBatchHeader` needs; the batch begins at byte 0 and ends at `byteLength`. */
export interface BatchHeaderFields extends Omit<BatchHeader, 'position' | 'crc'> {
  readonly crc32c: Crc32c
}

/** Writes the header before records that are in place already, its CRC last. */
export function writeBatchHeader(batch: Buffer, fields: BatchHeaderFields): void {
  const attributes =
    CODECS.indexOf(fields.compression) |
    (fields.timestampType === 'log-append' ? TIMESTAMP_TYPE_BIT : 0) |
    (fields.transactional ? TRANSACTIONAL_BIT : 0) |
    (fields.control ? CONTROL_BIT : 0)
  writeInt64(batch, 0, fields.baseOffset)
  writeInt32(batch, LENGTH_AT, fields.byteLength - UNCOUNTED_BYTES)
  writeInt32(batch, LEADER_EPOCH_AT, fields.partitionLeaderEpoch)
  batch[MAGIC_AT] = 2
  batch.writeInt16BE(attributes, ATTRIBUTES_AT)
  writeInt32(batch, LAST_OFFSET_DELTA_AT, fields.lastOffsetDelta)
  writeInt64(batch, BASE_TIMESTAMP_AT, fields.baseTimestamp)
  writeInt64(batch, MAX_TIMESTAMP_AT, fields.maxTimestamp)
  writeInt64(batch, PRODUCER_ID_AT, fields.producerId)
  batch.writeInt16BE(fields.producerEpoch, PRODUCER_EPOCH_AT)
  writeInt32(batch, BASE_SEQUENCE_AT, fields.baseSequence)
  writeInt32(batch, COUNT_AT, fields.count)
  writeInt32(batch, CRC_AT, fields.crc32c(batch, ATTRIBUTES_AT, fields.byteLength))
}

function unreadable(offset: number, reason: string) {
  return millraceError('MILLRACE_BATCH_UNREADABLE', { offset, reason })
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`
}
