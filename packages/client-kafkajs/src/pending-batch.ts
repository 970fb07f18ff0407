import { checkRecordFits, varintSize, type Headers } from '@millrace/core'
import type { Message } from 'kafkajs'
import { toKafkajsHeaders } from './message-headers.ts'

/** Batch header of record format v2, in bytes. */
const BATCH_HEADER_BYTES = 61
/**
 * The most that a record can take besides key, value and headers: attributes, length, timestamp and offset deltas, and
 * the lengths of key and value.
 */
const RECORD_OVERHEAD_BYTES = 1 + 5 + 10 + 5 + 5 + 5
/** kafkajs sorts its messages by partition in a time that grows with the square of their number. */
const MAX_MESSAGES = 500
const SLAB_BYTES = 64 * 1024

/**
 * Messages for one partition, under construction. Keys and values are copied into slabs, and the messages are views of
 * them: one allocation for many records.
 */
export class PendingBatch {
  readonly topic: string
  readonly partition: number
  readonly messages: Message[] = []
  /** What each message was made of, as the appender's `origin` said. */
  readonly origins: unknown[] = []
  readonly #sizes: number[] = []
  /** No less than the batch will have on the wire, uncompressed. */
  byteLength = BATCH_HEADER_BYTES
  #slab: Buffer = NO_BYTES
  #used = 0

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** False when the record must go into the next batch. The first record is always taken. */
  hasRoom(bytes: number, maxBatchBytes: number): boolean {
    if (this.messages.length === 0) return true
    return this.messages.length < MAX_MESSAGES && this.byteLength + bytes <= maxBatchBytes
  }

  append(
    bytes: number,
    timestamp: number,
    key: Buffer | null,
    value: Buffer | null,
    headers: Headers,
    origin?: unknown,
  ): void {
    const kafkajsHeaders = toKafkajsHeaders(headers)
    this.byteLength += bytes
    this.#sizes.push(bytes)
    this.origins.push(origin)
    this.messages.push({
      partition: this.partition,
      key: this.#copy(key),
      value: this.#copy(value),
      timestamp: timestampText(timestamp),
      ...(kafkajsHeaders === undefined ? {} : { headers: kafkajsHeaders }),
    })
  }

  /** Two batches, each with half of the messages: for a broker that does not take them as one. */
  halves(): readonly [PendingBatch, PendingBatch] {
    const middle = this.messages.length >>> 1
    return [this.#part(0, middle), this.#part(middle, this.messages.length)]
  }

  #part(start: number, end: number): PendingBatch {
    const part = new PendingBatch(this.topic, this.partition)
    for (let i = start; i < end; i++) {
      part.messages.push(this.messages[i]!)
      part.origins.push(this.origins[i])
      part.#sizes.push(this.#sizes[i]!)
      part.byteLength += this.#sizes[i]!
    }
    return part
  }

  #copy(bytes: Buffer | null): Buffer | null {
    if (bytes === null) return null
    if (this.#used + bytes.length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes.length))
      this.#used = 0
    }
    const start = this.#used
    bytes.copy(this.#slab, start)
    this.#used += bytes.length
    return this.#slab.subarray(start, this.#used)
  }
}

const NO_BYTES = Buffer.alloc(0)

/**
 * What a record takes in a batch at the most; starts of -1 stand for null.
 *
 * @throws MILLRACE_PRODUCE_RECORD_TOO_LARGE when it fits into no batch
 */
export function recordBytes(
  topic: string,
  maxBatchBytes: number,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  headers: Headers,
): number {
  checkRecordFits(topic, maxBatchBytes, keyStart, keyEnd, valueStart, valueEnd, headers)
  let bytes = RECORD_OVERHEAD_BYTES + varintSize(headers.length)
  if (keyStart >= 0) bytes += keyEnd - keyStart
  if (valueStart >= 0) bytes += valueEnd - valueStart
  for (const { key, value } of headers) bytes += 10 + Buffer.byteLength(key) + (value?.length ?? 0)
  return bytes
}

/**
 * Thirteen digits, as current time has. kafkajs takes 0 for "now" and compares timestamps as text when it looks for a
 * batch's first and last: neither goes wrong with text of one length.
 */
export function timestampText(timestamp: number): string {
  return String(timestamp).padStart(13, '0')
}
