import type { GrowingBuffer } from './growing-buffer.ts'

/*
 * A snappy block (https://github.com/google/snappy/blob/main/format_description.txt). Integers are little-endian.
 *
 *   block   := plainLength:varint element*
 *   element := tag:byte …   the two lowest bits of the tag say what it is:
 *   00  literal: length - 1 in the upper six bits, from 60 on in the 1 to 4 bytes that follow; then the bytes
 *   01  copy: length - 4 in 3 bits, the distance in 3 bits of the tag and 8 of the next byte
 *   10  copy: length - 1 in the upper six bits, distance:uint16
 *   11  copy: length - 1 in the upper six bits, distance:uint32
 */
const LITERAL = 0
const COPY_1 = 1
const COPY_2 = 2

/** A copy takes at least two bytes and gives at most 64: no block stands for more than this many times its own length. */
const MAX_EXPANSION = 32
/** Blocks are compressed in pieces, so that a distance fits into 16 bits. */
const PIECE_BYTES = 65_536
const HASH_BITS = 14
const MIN_MATCH = 4
const MAX_COPY = 64

/** Appends what the block in `bytes[start, end)` stands for. */
export function decompressSnappyBlock(bytes: Uint8Array, start: number, end: number, out: GrowingBuffer): void {
  let p = start
  const next = () => {
    if (p >= end) throw new Error('the block ends within an element')
    return bytes[p++]!
  }
  const plainLength = readVarint(next)
  if (plainLength > (end - start) * MAX_EXPANSION) {
    throw new Error(`the block claims ${plainLength} bytes, more than ${end - start} bytes can stand for`)
  }
  out.reserve(plainLength)
  const blockStart = out.length
  const blockEnd = blockStart + plainLength
  while (p < end) {
    const tag = next()
    const kind = tag & 3
    let length = tag >>> 2
    if (kind === LITERAL) {
      if (length >= 60) length = readInteger(next, length - 59)
      length++
      if (length > end - p) throw new Error('a literal is longer than its block')
      if (length > blockEnd - out.length) throw new Error('the block gives more bytes than it claims')
      out.append(bytes, p, p + length)
      p += length
      continue
    }
    let distance: number
    if (kind === COPY_1) {
      distance = ((tag >>> 5) << 8) | next()
      length = (length & 7) + 4
    } else {
      distance = readInteger(next, kind === COPY_2 ? 2 : 4)
      length++
    }
    if (length > blockEnd - out.length) throw new Error('the block gives more bytes than it claims')
    if (distance > out.length - blockStart) throw new Error('a copy begins before its block')
    out.repeat(distance, length)
  }
  if (out.length !== blockEnd)
    throw new Error(`the block claims ${plainLength} bytes and gives ${out.length - blockStart}`)
}

/** One block of `bytes[start, end)`. */
export function compressSnappyBlock(bytes: Uint8Array, start: number, end: number, out: GrowingBuffer): void {
  writeVarint(out, end - start)
  for (let at = start; at < end; at += PIECE_BYTES) compressPiece(bytes, at, Math.min(at + PIECE_BYTES, end), out)
}

function compressPiece(bytes: Uint8Array, start: number, end: number, out: GrowingBuffer): void {
  // Positions where four bytes were seen last, as distances from `start` + 1; 0 stands for never.
  const seen = new Uint32Array(1 << HASH_BITS)
  let literal = start
  let p = start
  // The further the search goes without a match, the larger its steps: what cannot be compressed is passed over quickly.
  let misses = 32
  while (p + MIN_MATCH <= end) {
    const slot = hash(bytes, p)
    const before = seen[slot]! - 1 + start
    seen[slot] = p - start + 1
    if (before < start || !sameFour(bytes, before, p)) {
      p += misses++ >>> 5
      continue
    }
    misses = 32
    if (p > literal) writeLiteral(bytes, literal, p, out)
    let length = MIN_MATCH
    while (p + length < end && bytes[before + length] === bytes[p + length]) length++
    writeCopy(p - before, length, out)
    p += length
    literal = p
  }
  if (end > literal) writeLiteral(bytes, literal, end, out)
}

function writeLiteral(bytes: Uint8Array, start: number, end: number, out: GrowingBuffer): void {
  const rest = end - start - 1
  out.reserve(5)
  if (rest < 60) {
    out.bytes[out.length++] = rest << 2
  } else {
    const size = rest < 1 << 8 ? 1 : rest < 1 << 16 ? 2 : 3
    out.bytes[out.length++] = (59 + size) << 2
    for (let n = 0; n < size; n++) out.bytes[out.length++] = (rest >>> (8 * n)) & 0xff
  }
  out.append(bytes, start, end)
}

function writeCopy(distance: number, total: number, out: GrowingBuffer): void {
  for (let rest = total; rest > 0;) {
    // No piece of less than four bytes is left over: the short form takes none.
    const length = rest > MAX_COPY ? Math.min(MAX_COPY, rest - MIN_MATCH) : rest
    out.reserve(3)
    if (length >= 4 && length < 12 && distance < 1 << 11) {
      out.bytes[out.length++] = COPY_1 | ((length - 4) << 2) | ((distance >>> 8) << 5)
      out.bytes[out.length++] = distance & 0xff
    } else {
      out.bytes[out.length++] = COPY_2 | ((length - 1) << 2)
      out.bytes[out.length++] = distance & 0xff
      out.bytes[out.length++] = distance >>> 8
    }
    rest -= length
  }
}

function hash(bytes: Uint8Array, at: number): number {
  const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  return Math.imul(four, 0x1e35a7bd) >>> (32 - HASH_BITS)
}

function sameFour(bytes: Uint8Array, a: number, b: number): boolean {
  return (
    bytes[a] === bytes[b] &&
    bytes[a + 1] === bytes[b + 1] &&
    bytes[a + 2] === bytes[b + 2] &&
    bytes[a + 3] === bytes[b + 3]
  )
}

function readInteger(next: () => number, size: number): number {
  let value = 0
  for (let n = 0; n < size; n++) value += next() * 2 ** (8 * n)
  return value
}

function readVarint(next: () => number): number {
  let value = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = next()
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return value
  }
  throw new Error('the length of a block has more than five bytes')
}

function writeVarint(out: GrowingBuffer, value: number): void {
  out.reserve(5)
  let rest = value
  while (rest >= 0x80) {
    out.bytes[out.length++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  out.bytes[out.length++] = rest
}
