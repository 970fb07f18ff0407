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
    const count = readVarint(this.keyBytes, this.#headersAt)
    if (count < 0 || count > this.#position - this.#headersAt) throw this.#overrun()
    return count === 0 ? NO_HEADERS : readHeaders(this.keyBytes, this.#headersAt, count)
  }

  /** Most lengths and deltas take one byte, so that case is written out and the calls are for the rest. */
  #read(): void {
    const bytes = this.keyBytes
    let p = this.#position
    let byte = bytes[p]!
    const length = byte < 128 ? unzigzag(byte) : readVarint(bytes, p)
    p = byte < 128 ? p + 1 : skipVarint(bytes, p)
    const end = p + length
    if (length < 0 || end > this.#end) throw this.#overrun()
    p++ // attributes, unused

    byte = bytes[p]!
    const timestampDelta = byte < 128 ? unzigzag(byte) : readVarlong(bytes, p)
    p = byte < 128 ? p + 1 : skipVarint(bytes, p)
    byte = bytes[p]!
    const offsetDelta = byte < 128 ? unzigzag(byte) : readVarint(bytes, p)
    p = byte < 128 ? p + 1 : skipVarint(bytes, p)

    byte = bytes[p]!
    const keyLength = byte < 128 ? unzigzag(byte) : readVarint(bytes, p)
    p = byte < 128 ? p + 1 : skipVarint(bytes, p)
    if (keyLength < 0) {
      this.keyStart = -1
      this.keyEnd = -1
    } else {
      this.keyStart = p
      p += keyLength
      this.keyEnd = p
    }

    byte = bytes[p]!
    const valueLength = byte < 128 ? unzigzag(byte) : readVarint(bytes, p)
    p = byte < 128 ? p + 1 : skipVarint(bytes, p)
    if (valueLength < 0) {
      this.valueStart = -1
      this.valueEnd = -1
    } else {
      this.valueStart = p
      p += valueLength
      this.valueEnd = p
    }
    if (p >= end) throw this.#overrun()

    const header = this.#header
    this.offset = header.baseOffset + offsetDelta
    this.timestamp = header.timestampType === 'create' ? header.baseTimestamp + timestampDelta : header.maxTimestamp
    this.#headersAt = p
    this.#position = end
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
