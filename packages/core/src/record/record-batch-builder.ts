import { millraceError } from '../errors/millrace-error.ts'
import type { CompressionCodec } from '../ports/client.ts'
import type { Crc32c } from './crc32c.ts'
import { crc32c } from './crc32c.ts'
import type { Headers } from './headers.ts'
import { BATCH_HEADER_BYTES, writeBatchHeader } from './record-batch.ts'
import { ShortCopies, viewOf } from './short-copies.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

export interface RecordBatchBuilderOptions {
  /** The largest batch, header included and before compression. A batch's first record may exceed it. */
  readonly maxBytes: number
  /** What to allocate at first; it grows by doubling. @default 16 KiB or `maxBytes`, if that is less */
  readonly initialBytes?: number
}

/** What the header says besides what the builder knows. */
export interface FinishOptions {
  /** @default 0, for the broker to set */
  readonly baseOffset?: number
  /** @default -1: not idempotent */
  readonly producerId?: number
  /** @default -1 */
  readonly producerEpoch?: number
  /** The producer's number of the first record in this partition. @default -1 */
  readonly baseSequence?: number
  /** @default false */
  readonly transactional?: boolean
  /** @default false */
  readonly control?: boolean
  /** @default -1, for the broker to set */
  readonly partitionLeaderEpoch?: number
  /** All records get this timestamp, as a broker does for `message.timestamp.type=LogAppendTime`. @default none */
  readonly logAppendTime?: number
  /** @default none */
  readonly compression?: BatchCompression
  /** @default the one in JavaScript */
  readonly crc?: Crc32c
}

/** How to compress: the codec's name for the header, and the function that does it. */
export interface BatchCompression {
  readonly codec: CompressionCodec
  readonly compress: (records: Buffer) => Uint8Array
}

/**
 * A batch under construction (see `record-batch.ts` for the format). Appending copies bytes and allocates nothing but
 * the growth of the one buffer.
 */
export class RecordBatchBuilder {
  /** Records appended. */
  count = 0
  readonly #maxBytes: number
  #bytes: Buffer
  #view: DataView
  // Keys and values mostly come out of a buffer each.
  readonly #keys = new ShortCopies()
  readonly #values = new ShortCopies()
  #position = BATCH_HEADER_BYTES
  #nextDelta = 0
  #baseTimestamp = 0
  #maxTimestamp = -1

  constructor(options: RecordBatchBuilderOptions) {
    this.#maxBytes = options.maxBytes
    const initial = options.initialBytes ?? Math.min(options.maxBytes, 16_384)
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(initial, BATCH_HEADER_BYTES))
    this.#view = viewOf(this.#bytes)
  }

  /** The batch's size so far, header included, uncompressed. */
  get byteLength(): number {
    return this.#position
  }

  /**
   * Copies one record in; a start of -1 stands for null. The first record is taken whatever its size: who knows a limit
   * asks `recordBatchBytesOfOne` first.
   *
   * @returns false, and nothing is changed, when the batch holds records already and has no room for another.
   */
  append(
    timestamp: number,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
    headers: Headers,
  ): boolean {
    const timestampDelta = this.count === 0 ? 0 : timestamp - this.#baseTimestamp
    const keyLength = keyStart < 0 ? -1 : keyEnd - keyStart
    const valueLength = valueStart < 0 ? -1 : valueEnd - valueStart
    const size =
      1 +
      varlongSize(timestampDelta) +
      varintSize(this.#nextDelta) +
      varintSize(keyLength) +
      (keyLength > 0 ? keyLength : 0) +
      varintSize(valueLength) +
      (valueLength > 0 ? valueLength : 0) +
      (headers.length === 0 ? 1 : headersSize(headers))
    const end = this.#position + varintSize(size) + size
    if (end > this.#maxBytes && this.count > 0) return false
    if (end > this.#bytes.length) this.#grow(end)

    const bytes = this.#bytes
    const view = this.#view
    let p = writeVarint(bytes, this.#position, size)
    bytes[p++] = 0
    p = writeVarlong(bytes, p, timestampDelta)
    p = writeVarint(bytes, p, this.#nextDelta)
    p = writeVarint(bytes, p, keyLength)
    if (keyLength > 0) p = this.#keys.copy(bytes, view, p, keyBytes, keyStart, keyEnd)
    p = writeVarint(bytes, p, valueLength)
    if (valueLength > 0) p = this.#values.copy(bytes, view, p, valueBytes, valueStart, valueEnd)
    if (headers.length === 0) bytes[p] = 0
    else writeHeaders(bytes, p, headers)

    this.#position = end
    if (this.count++ === 0) {
      this.#baseTimestamp = timestamp
      this.#maxTimestamp = timestamp
    } else if (timestamp > this.#maxTimestamp) this.#maxTimestamp = timestamp
    this.#nextDelta++
    return true
  }

  /** Leaves `offsets` offsets without a record, as compaction does. */
  skipOffsets(offsets: number): void {
    this.#nextDelta += offsets
  }

  /**
   * Writes the header and gives the batch: a view of the builder's buffer, or a new one when compressed. May be called
   * again with other options, for instance to send the batch again with another producer's epoch.
   */
  finish(options: FinishOptions = {}): Buffer {
    const compression = options.compression
    const batch =
      compression === undefined || compression.codec === 'none'
        ? this.#bytes.subarray(0, this.#position)
        : withCompressedRecords(compression.compress(this.#bytes.subarray(BATCH_HEADER_BYTES, this.#position)))
    writeBatchHeader(batch, {
      byteLength: batch.length,
      baseOffset: options.baseOffset ?? 0,
      partitionLeaderEpoch: options.partitionLeaderEpoch ?? -1,
      compression: compression?.codec ?? 'none',
      timestampType: options.logAppendTime === undefined ? 'create' : 'log-append',
      transactional: options.transactional ?? false,
      control: options.control ?? false,
      lastOffsetDelta: this.#nextDelta - 1,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: options.logAppendTime ?? this.#maxTimestamp,
      producerId: options.producerId ?? -1,
      producerEpoch: options.producerEpoch ?? -1,
      baseSequence: options.baseSequence ?? -1,
      count: this.count,
      crc32c: options.crc ?? crc32c,
    })
    return batch
  }

  /** Empties the builder so that its buffer is used again. What `finish` gave is overwritten by the next records. */
  reset(): void {
    this.count = 0
    this.#position = BATCH_HEADER_BYTES
    this.#nextDelta = 0
    this.#baseTimestamp = 0
    this.#maxTimestamp = -1
    this.#keys.forget()
    this.#values.forget()
  }

  #grow(needed: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#bytes.length * 2, this.#maxBytes)))
    this.#bytes.copy(grown, 0, 0, this.#position)
    this.#bytes = grown
    this.#view = viewOf(grown)
  }
}

/**
 * The exact size of a batch that holds one record and is not compressed. A record for which this is more than the
 * batch limit fits into no batch. Starts of -1 stand for null.
 */
export function recordBatchBytesOfOne(
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  headers: Headers,
): number {
  const keyLength = keyStart < 0 ? -1 : keyEnd - keyStart
  const valueLength = valueStart < 0 ? -1 : valueEnd - valueStart
  const size =
    3 + // attributes, timestampDelta 0, offsetDelta 0
    varintSize(keyLength) +
    Math.max(keyLength, 0) +
    varintSize(valueLength) +
    Math.max(valueLength, 0) +
    headersSize(headers)
  return BATCH_HEADER_BYTES + varintSize(size) + size
}

/** @throws MILLRACE_PRODUCE_RECORD_TOO_LARGE when a batch of this one record would have more than `limit` bytes. */
export function checkRecordFits(
  topic: string,
  limit: number,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  headers: Headers,
): void {
  const bytes = recordBatchBytesOfOne(keyStart, keyEnd, valueStart, valueEnd, headers)
  if (bytes > limit) throw millraceError('MILLRACE_PRODUCE_RECORD_TOO_LARGE', { topic, bytes, limit })
}

function headersSize(headers: Headers): number {
  let size = varintSize(headers.length)
  for (const { key, value } of headers) {
    const keyLength = Buffer.byteLength(key)
    size += varintSize(keyLength) + keyLength + varintSize(value === null ? -1 : value.length) + (value?.length ?? 0)
  }
  return size
}

function writeHeaders(bytes: Buffer, position: number, headers: Headers): void {
  let p = writeVarint(bytes, position, headers.length)
  for (const { key, value } of headers) {
    p = writeVarint(bytes, p, Buffer.byteLength(key))
    p += bytes.write(key, p, 'utf8')
    p = writeVarint(bytes, p, value === null ? -1 : value.length)
    if (value !== null) {
      bytes.set(value, p)
      p += value.length
    }
  }
}

function withCompressedRecords(records: Uint8Array): Buffer {
  const batch = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + records.length)
  batch.set(records, BATCH_HEADER_BYTES)
  return batch
}
