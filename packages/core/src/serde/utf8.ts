import type { ByteSink } from '../record/byte-sink.ts'

/**
 * Direct ways in and out of UTF-8 that arrays of Node.js have, a third faster than `toString` and `write`, which look the encoding up.
 * Plain arrays go through the encoder that every JavaScript has.
 */
interface Utf8Buffer {
  readonly utf8Slice?: (start: number, end: number) => string
  readonly utf8Write?: (text: string, position: number) => number
}

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Decodes `bytes[start, end)`. What is not UTF-8 becomes U+FFFD as in the WHATWG encoding standard; a byte order mark is
 * kept, as Java keeps it.
 *
 * Up to 16 bytes of ASCII, which most keys are, make a string in a third of the time that the call into native code takes.
 */
export function readUtf8(bytes: Buffer, start: number, end: number): string {
  const length = end - start
  return (
    (length <= 8 ? readAscii8(bytes, start, length) : length <= 16 ? readAscii16(bytes, start, length) : undefined) ??
    (bytes as Utf8Buffer).utf8Slice?.(start, end) ??
    DECODER.decode(bytes.subarray(start, end))
  )
}

/**
 * Appends `text` as UTF-8.
 * @returns false, and nothing is appended, where a surrogate is without its other half: UTF-8 has no form for it
 */
export function writeUtf8(text: string, sink: ByteSink): boolean {
  const length = text.length
  sink.reserve(length * 3)
  const bytes = sink.buffer
  let p = sink.position
  if (length <= 8) {
    let i = 0
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 127) break
      bytes[p++] = unit
    }
    if (i === length) {
      sink.position = p
      return true
    }
  }
  const written =
    (bytes as Utf8Buffer).utf8Write?.(text, sink.position) ??
    ENCODER.encodeInto(text, bytes.subarray(sink.position)).written
  // Of ASCII there are as many bytes as units.
  if (written !== length && !text.isWellFormed()) return false
  sink.position += written
  return true
}

const { fromCharCode } = String

function readAscii8(b: Buffer, p: number, length: number): string | undefined {
  if (length === 0) return ''
  const c0 = b[p]!
  if (length === 1) return c0 < 128 ? fromCharCode(c0) : undefined
  const c1 = b[p + 1]!
  if (length === 2) return (c0 | c1) < 128 ? fromCharCode(c0, c1) : undefined
  const c2 = b[p + 2]!
  if (length === 3) return (c0 | c1 | c2) < 128 ? fromCharCode(c0, c1, c2) : undefined
  const c3 = b[p + 3]!
  let all = c0 | c1 | c2 | c3
  if (length === 4) return all < 128 ? fromCharCode(c0, c1, c2, c3) : undefined
  const c4 = b[p + 4]!
  all |= c4
  if (length === 5) return all < 128 ? fromCharCode(c0, c1, c2, c3, c4) : undefined
  const c5 = b[p + 5]!
  all |= c5
  if (length === 6) return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5) : undefined
  const c6 = b[p + 6]!
  all |= c6
  if (length === 7) return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6) : undefined
  const c7 = b[p + 7]!
  all |= c7
  return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7) : undefined
}

function readAscii16(b: Buffer, p: number, length: number): string | undefined {
  const c0 = b[p]!
  const c1 = b[p + 1]!
  const c2 = b[p + 2]!
  const c3 = b[p + 3]!
  const c4 = b[p + 4]!
  const c5 = b[p + 5]!
  const c6 = b[p + 6]!
  const c7 = b[p + 7]!
  const c8 = b[p + 8]!
  let all = c0 | c1 | c2 | c3 | c4 | c5 | c6 | c7 | c8
  if (length === 9) return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7, c8) : undefined
  const c9 = b[p + 9]!
  all |= c9
  if (length === 10) return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9) : undefined
  const c10 = b[p + 10]!
  all |= c10
  if (length === 11) return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10) : undefined
  const c11 = b[p + 11]!
  all |= c11
  if (length === 12) return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11) : undefined
  const c12 = b[p + 12]!
  all |= c12
  if (length === 13) return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12) : undefined
  const c13 = b[p + 13]!
  all |= c13
  if (length === 14) {
    return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13) : undefined
  }
  const c14 = b[p + 14]!
  all |= c14
  if (length === 15) {
    return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14) : undefined
  }
  const c15 = b[p + 15]!
  all |= c15
  return all < 128 ? fromCharCode(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15) : undefined
}
