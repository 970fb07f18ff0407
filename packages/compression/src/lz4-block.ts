import type { GrowingBuffer } from './growing-buffer.ts'

/*
 * An LZ4 block (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md): sequences of
 *
 *   token:byte literalLength:byte* literals distance:uint16le matchLength:byte*
 *
 * The token has the literals' length in its upper four bits and the match's length - 4 in its lower ones; 15 says that bytes
 * follow which are added, up to one that is not 255. The last sequence ends after its literals.
 */
const MIN_MATCH = 4
/** The last bytes of a block are literals, and no match begins within the last twelve. */
const LAST_LITERALS = 5
const LAST_MATCH = 12
const MAX_DISTANCE = 65_535
const HASH_BITS = 14

/** Appends what the block in `bytes[start, end)` stands for, `maxBytes` at most. Its copies may begin in earlier blocks of `out`. */
export function decompressLz4Block(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: GrowingBuffer,
  maxBytes: number,
): void {
  const limit = out.length + maxBytes
  let p = start
  const next = () => {
    if (p >= end) throw new Error('the block ends within a sequence')
    return bytes[p++]!
  }
  const lengthFrom = (nibble: number) => {
    if (nibble < 15) return nibble
    let length = nibble
    for (let byte = 255; byte === 255; length += byte) byte = next()
    return length
  }
  while (p < end) {
    const token = next()
    const literals = lengthFrom(token >>> 4)
    if (literals > end - p) throw new Error('literals are longer than their block')
    if (out.length + literals > limit) throw new Error(`a block gives more than the ${maxBytes} bytes of its frame`)
    out.append(bytes, p, p + literals)
    p += literals
    if (p === end) return
    const distance = next() | (next() << 8)
    const length = lengthFrom(token & 15) + MIN_MATCH
    if (out.length + length > limit) throw new Error(`a block gives more than the ${maxBytes} bytes of its frame`)
    out.repeat(distance, length)
  }
  if (end > start) throw new Error('the block ends with a match')
}

/** One block of `bytes[start, end)`, which does not depend on others. */
export function compressLz4Block(bytes: Uint8Array, start: number, end: number, out: GrowingBuffer): void {
  // Positions where four bytes were seen last, as distances from `start` + 1; 0 stands for never.
  const seen = new Uint32Array(1 << HASH_BITS)
  let literal = start
  let p = start
  let misses = 64
  while (p < end - LAST_MATCH) {
    const slot = hash(bytes, p)
    const before = seen[slot]! - 1 + start
    seen[slot] = p - start + 1
    if (before < start || p - before > MAX_DISTANCE || !sameFour(bytes, before, p)) {
      p += misses++ >>> 6
      continue
    }
    misses = 64
    let length = MIN_MATCH
    while (p + length < end - LAST_LITERALS && bytes[before + length] === bytes[p + length]) length++
    writeSequence(bytes, literal, p, p - before, length, out)
    p += length
    literal = p
  }
  writeSequence(bytes, literal, end, 0, 0, out)
}

/** A `length` of 0 stands for the last sequence, which has no match. */
function writeSequence(
  bytes: Uint8Array,
  literal: number,
  literalEnd: number,
  distance: number,
  length: number,
  out: GrowingBuffer,
): void {
  const literals = literalEnd - literal
  const match = length === 0 ? 0 : length - MIN_MATCH
  out.reserve(1)
  out.bytes[out.length++] = (Math.min(literals, 15) << 4) | Math.min(match, 15)
  writeRest(literals, out)
  out.append(bytes, literal, literalEnd)
  if (length === 0) return
  out.reserve(2)
  out.bytes[out.length++] = distance & 0xff
  out.bytes[out.length++] = distance >>> 8
  writeRest(match, out)
}

function writeRest(length: number, out: GrowingBuffer): void {
  if (length < 15) return
  let rest = length - 15
  out.reserve(Math.floor(rest / 255) + 1)
  for (; rest >= 255; rest -= 255) out.bytes[out.length++] = 255
  out.bytes[out.length++] = rest
}

function hash(bytes: Uint8Array, at: number): number {
  const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  return Math.imul(four, 0x9e3779b1) >>> (32 - HASH_BITS)
}

function sameFour(bytes: Uint8Array, a: number, b: number): boolean {
  return (
    bytes[a] === bytes[b] &&
    bytes[a + 1] === bytes[b + 1] &&
    bytes[a + 2] === bytes[b + 2] &&
    bytes[a + 3] === bytes[b + 3]
  )
}
