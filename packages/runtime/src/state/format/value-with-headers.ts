import { type Header, type Headers, NO_HEADERS, prepareOf, type Serde } from '@millrace/core'

/**
 * How a value lies in the backend with its headers. Without the headers it is what the changelog has, whose records have them as
 * their own.
 *
 *     value, header*, bytes of the headers int32
 *     header := length int32, key utf8, length int32 (-1: null), value
 */
export interface ValueWithHeaders {
  readonly value: unknown
  readonly headers: Headers
}

const LENGTH_BYTES = 4

/** Made of the serde of the value alone. */
export function withHeaders(serde: Serde<unknown>): Serde<unknown> {
  return {
    name: serde.name,
    ...prepareOf(serde),
    serialize(content, topic) {
      const { value, headers } = content as ValueWithHeaders
      return addHeaders(serde.serialize(value, topic), headers)
    },
    deserialize(bytes, topic) {
      const end = endOfValue(asBuffer(bytes), 0, bytes.length)
      return {
        value: serde.deserialize(bytes.subarray(0, end), topic),
        headers: headersOf(asBuffer(bytes), 0, bytes.length),
      }
    },
  }
}

export function addHeaders(value: Uint8Array, headers: Headers): Buffer {
  const parts: Uint8Array[] = [value]
  for (const header of headers) {
    const key = Buffer.from(header.key)
    parts.push(int32(key.length), key, int32(header.value?.length ?? -1), header.value ?? Buffer.alloc(0))
  }
  const length = parts.reduce((sum, part) => sum + part.length, 0) - value.length
  return Buffer.concat([...parts, int32(length)])
}

/** Where the value ends that begins at `start` and whose headers end at `end`. */
export function endOfValue(bytes: Buffer, start: number, end: number): number {
  return end <= start ? end : end - LENGTH_BYTES - bytes.readInt32BE(end - LENGTH_BYTES)
}

export function headersOf(bytes: Buffer, start: number, end: number): Headers {
  const last = end - LENGTH_BYTES
  const headers: Header[] = []
  for (let at = endOfValue(bytes, start, end); at < last;) {
    const keyEnd = at + LENGTH_BYTES + bytes.readInt32BE(at)
    const length = bytes.readInt32BE(keyEnd)
    const from = keyEnd + LENGTH_BYTES
    const to = from + Math.max(0, length)
    // A copy: headers are handed to user code, and the bytes may be used again.
    const value = length < 0 ? null : Buffer.from(bytes.subarray(from, to))
    headers.push({ key: bytes.toString('utf8', at + LENGTH_BYTES, keyEnd), value })
    at = to
  }
  return headers.length === 0 ? NO_HEADERS : headers
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(LENGTH_BYTES)
  bytes.writeInt32BE(value)
  return bytes
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
