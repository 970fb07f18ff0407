import { millraceError } from '../errors/millrace-error.ts'
import type { RecordCursor } from '../ports/client.ts'
import { NO_HEADERS, type Header, type Headers } from './headers.ts'
import { BATCH_HEADER_BYTES, type BatchHeader } from './record-batch.ts'
import { readVarint, readVarlong, skipVarint } from './varint.ts'

/** Where a batch's uncompressed records lie. */
export interface RecordBytes {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/**
 * Walks over a batch in place (see `record-batch.ts` for the format). Key and value bytes are both the batch's buffer.
 */
export class BatchCursor implements RecordCursor {
  offset = -1
  timestamp = -1
  keyStart = -1
  keyEnd = -1
  valueStart = -1
  valueEnd = -1
  readonly keyBytes: Buffer
  readonly valueBytes: Buffer
  readonly #header: BatchHeader
  readonly #fromOffset: number
  readonly #end: number
  #position: number
  #headersAt = -1
  #left: number

  /**
   * @param bytes what the header was read from
   * @param fromOffset records before it are passed over
   * @param records where the records are, when they were compressed
   */
  constructor(bytes: Buffer, header: BatchHeader, fromOffset = 0, records?: RecordBytes) {
    this.#header = header
    this.#fromOffset = fromOffset
    this.keyBytes = records?.bytes ?? bytes
    this.valueBytes = this.keyBytes
    this.#position = records?.start ?? header.position + BATCH_HEADER_BYTES
    this.#end = records?.end ?? header.position + header.byteLength
    this.#left = header.count
  }

  advance(): boolean {
    while (this.#left > 0) {
      this.#left--
      this.#read()
      if (this.offset >= this.#fromOffset) return true
    }
    return false
  }

  headers(): Headers {
    if (this.keyBytes[this.#headersAt] === 0) return NO_HEADERS
    const count = readVarint(this.keyBytes, this.#headersAt)
    if (count < 0 || count > this.#position - this.#headersAt) throw this.#overrun()
    return readHeaders(this.keyBytes, this.#headersAt, count)
  }

  #read(): void {
    const length = this.#varint()
    const end = this.#position + length
    if (length < 0 || end > this.#end) throw this.#overrun()
    this.#position++ // attributes, unused
    const timestampDelta = this.#varlong()
    const offsetDelta = this.#varint()

    const keyLength = this.#varint()
    this.keyStart = keyLength < 0 ? -1 : this.#position
    this.keyEnd = keyLength < 0 ? -1 : (this.#position += keyLength)

    const valueLength = this.#varint()
    this.valueStart = valueLength < 0 ? -1 : this.#position
    this.valueEnd = valueLength < 0 ? -1 : (this.#position += valueLength)
    if (this.#position >= end) throw this.#overrun()

    const header = this.#header
    this.offset = header.baseOffset + offsetDelta
    this.timestamp = header.timestampType === 'create' ? header.baseTimestamp + timestampDelta : header.maxTimestamp
    this.#headersAt = this.#position
    this.#position = end
  }

  /** Most lengths and deltas take one byte or two, so these cases are written out and the calls are for the rest. */
  #varint(): number {
    const bytes = this.keyBytes
    const p = this.#position
    const byte = bytes[p]!
    if (byte < 128) {
      this.#position = p + 1
      return unzigzag(byte)
    }
    const next = bytes[p + 1]!
    if (next < 128) {
      this.#position = p + 2
      return unzigzag((byte & 127) | (next << 7))
    }
    this.#position = skipVarint(bytes, p)
    return readVarint(bytes, p)
  }

  #varlong(): number {
    const bytes = this.keyBytes
    const p = this.#position
    const byte = bytes[p]!
    const next = bytes[p + 1]!
    if (byte < 128 || next < 128) return this.#varint()
    const last = bytes[p + 2]!
    if (last < 128) {
      this.#position = p + 3
      return unzigzag((byte & 127) | ((next & 127) << 7) | (last << 14))
    }
    this.#position = skipVarint(bytes, p)
    return readVarlong(bytes, p)
  }

  #overrun() {
    const reason = `record ${this.#header.count - this.#left} of ${this.#header.count} is longer than its bytes`
    return millraceError('MILLRACE_BATCH_UNREADABLE', { offset: this.#header.baseOffset, reason })
  }
}

function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1)
}

function readHeaders(bytes: Buffer, position: number, count: number): Headers {
  const headers: Header[] = []
  let p = skipVarint(bytes, position)
  for (let i = 0; i < count; i++) {
    const keyLength = readVarint(bytes, p)
    const keyStart = skipVarint(bytes, p)
    const key = bytes.toString('utf8', keyStart, keyStart + keyLength)
    p = keyStart + keyLength
    const valueLength = readVarint(bytes, p)
    p = skipVarint(bytes, p)
    headers.push({ key, value: valueLength < 0 ? null : bytes.subarray(p, p + valueLength) })
    if (valueLength > 0) p += valueLength
  }
  return headers
}
