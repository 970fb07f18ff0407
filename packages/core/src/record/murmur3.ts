import { writeInt32 } from './big-endian.ts'

const SEED = 104729
const BLOCK_BYTES = 16
// The constants of the function, in halves.
const C1_HIGH = 0x87c3_7b91
const C1_LOW = 0x1142_53d5
const C2_HIGH = 0x4cf5_ad43
const C2_LOW = 0x2745_937f
const FINISH_1_HIGH = 0xff51_afd7
const FINISH_1_LOW = 0xed55_8ccd
const FINISH_2_HIGH = 0xc4ce_b9fe
const FINISH_2_LOW = 0x1a85_ec53

/** What is mixed in for a block: high and low half of the first number, then of the second. */
const mixed = new Int32Array(4)

/**
 * The 128-bit MurmurHash3 (x64) of the first `length` bytes as Kafka Streams' `Murmur3.hash128`: seed 104729.
 *
 * Its numbers of 64 bits are halves of 32 here (`h` and `l`). As a bigint, each step would make an object.
 *
 * @returns 16 bytes, both numbers big-endian
 */
export function murmur3(bytes: Uint8Array, length = bytes.length): Buffer {
  let h1 = 0
  let l1 = SEED
  let h2 = 0
  let l2 = SEED
  const tail = length & ~(BLOCK_BYTES - 1)
  for (let at = 0; at < tail; at += BLOCK_BYTES) {
    mix(bytes, at)
    // one = (rotate(one ^ mixed one, 27) + two) * 5 + 0x52dce729
    h1 ^= mixed[0]!
    l1 ^= mixed[1]!
    let high = (h1 << 27) | (l1 >>> 5)
    let low = (l1 << 27) | (h1 >>> 5)
    l1 = (low + l2) | 0
    h1 = (high + h2 + carry(l1, low)) | 0
    high = highProduct(h1, l1, 0, 5)
    low = Math.imul(l1, 5)
    l1 = (low + 0x52dc_e729) | 0
    h1 = (high + carry(l1, low)) | 0
    // two = (rotate(two ^ mixed two, 31) + one) * 5 + 0x38495ab5
    h2 ^= mixed[2]!
    l2 ^= mixed[3]!
    high = (h2 << 31) | (l2 >>> 1)
    low = (l2 << 31) | (h2 >>> 1)
    l2 = (low + l1) | 0
    h2 = (high + h1 + carry(l2, low)) | 0
    high = highProduct(h2, l2, 0, 5)
    low = Math.imul(l2, 5)
    l2 = (low + 0x3849_5ab5) | 0
    h2 = (high + carry(l2, low)) | 0
  }
  if (tail < length) {
    const last = new Uint8Array(BLOCK_BYTES)
    for (let at = tail; at < length; at++) last[at - tail] = bytes[at]!
    mix(last, 0)
    h1 ^= mixed[0]!
    l1 ^= mixed[1]!
    h2 ^= mixed[2]!
    l2 ^= mixed[3]!
  }
  l1 ^= length
  l2 ^= length
  // one += two, two += one; before and after each is finished.
  for (const finished of [false, true]) {
    let low = l1
    l1 = (low + l2) | 0
    h1 = (h1 + h2 + carry(l1, low)) | 0
    low = l2
    l2 = (low + l1) | 0
    h2 = (h2 + h1 + carry(l2, low)) | 0
    if (finished) break
    finish(h1, l1)
    h1 = mixed[0]!
    l1 = mixed[1]!
    finish(h2, l2)
    h2 = mixed[0]!
    l2 = mixed[1]!
  }
  const hash = Buffer.allocUnsafe(BLOCK_BYTES)
  writeInt32(hash, 0, h1)
  writeInt32(hash, 4, l1)
  writeInt32(hash, 8, h2)
  writeInt32(hash, 12, l2)
  return hash
}

/** `rotate(one * C1, 31) * C2` and `rotate(two * C2, 33) * C1` of a block. */
function mix(bytes: Uint8Array, at: number): void {
  let low = wordAt(bytes, at)
  let high = highProduct(wordAt(bytes, at + 4), low, C1_HIGH, C1_LOW)
  low = Math.imul(low, C1_LOW)
  let rotated = (low << 31) | (high >>> 1)
  mixed[0] = highProduct((high << 31) | (low >>> 1), rotated, C2_HIGH, C2_LOW)
  mixed[1] = Math.imul(rotated, C2_LOW)

  low = wordAt(bytes, at + 8)
  high = highProduct(wordAt(bytes, at + 12), low, C2_HIGH, C2_LOW)
  low = Math.imul(low, C2_LOW)
  rotated = (high << 1) | (low >>> 31)
  mixed[2] = highProduct((low << 1) | (high >>> 31), rotated, C1_HIGH, C1_LOW)
  mixed[3] = Math.imul(rotated, C1_LOW)
}

/** Shifted by 33 bits, which are the high half and one, and multiplied, twice; the result is in `mixed`. */
function finish(high: number, low: number): void {
  low ^= high >>> 1
  high = highProduct(high, low, FINISH_1_HIGH, FINISH_1_LOW)
  low = Math.imul(low, FINISH_1_LOW)
  low ^= high >>> 1
  high = highProduct(high, low, FINISH_2_HIGH, FINISH_2_LOW)
  low = Math.imul(low, FINISH_2_LOW)
  mixed[0] = high
  mixed[1] = low ^ (high >>> 1)
}

/** Little-endian. */
function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/** The high half of a product of 64 bits. The low one is `Math.imul` of the low halves. */
function highProduct(high: number, low: number, otherHigh: number, otherLow: number): number {
  const [a, b] = [low & 0xffff, low >>> 16]
  const [c, d] = [otherLow & 0xffff, otherLow >>> 16]
  const middle = b * c + ((a * c) >>> 16)
  const carried = (a * d + (middle & 0xffff)) >>> 16
  return (b * d + (middle >>> 16) + carried + Math.imul(high, otherLow) + Math.imul(low, otherHigh)) | 0
}

/** Of a sum of low halves and one of its parts. */
function carry(sum: number, part: number): number {
  return sum >>> 0 < part >>> 0 ? 1 : 0
}
