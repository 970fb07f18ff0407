const MASK = 0xffff_ffff_ffff_ffffn
const SEED = 104729n
const C1 = 0x87c3_7b91_1142_53d5n
const C2 = 0x4cf5_ad43_2745_937fn

/**
 * The 128-bit MurmurHash3 (x64) of `bytes` as Kafka Streams' `Murmur3.hash128`: seed 104729.
 *
 * @returns 16 bytes, both halves big-endian
 */
export function murmur3(bytes: Uint8Array): Buffer {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let h1 = SEED
  let h2 = SEED
  const tail = bytes.length & ~15
  for (let at = 0; at < tail; at += 16) {
    h1 = rotate(h1 ^ mixFirst(data.readBigUInt64LE(at)), 27n)
    h1 = ((h1 + h2) * 5n + 0x52dc_e729n) & MASK
    h2 = rotate(h2 ^ mixSecond(data.readBigUInt64LE(at + 8)), 31n)
    h2 = ((h2 + h1) * 5n + 0x3849_5ab5n) & MASK
  }
  if (tail < bytes.length) {
    const last = Buffer.alloc(16)
    data.copy(last, 0, tail)
    h2 ^= mixSecond(last.readBigUInt64LE(8))
    h1 ^= mixFirst(last.readBigUInt64LE(0))
  }
  h1 ^= BigInt(bytes.length)
  h2 ^= BigInt(bytes.length)
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  h1 = finish(h1)
  h2 = finish(h2)
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  const hash = Buffer.allocUnsafe(16)
  hash.writeBigUInt64BE(h1, 0)
  hash.writeBigUInt64BE(h2, 8)
  return hash
}

function mixFirst(k: bigint): bigint {
  return (rotate((k * C1) & MASK, 31n) * C2) & MASK
}

function mixSecond(k: bigint): bigint {
  return (rotate((k * C2) & MASK, 33n) * C1) & MASK
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK
}

function finish(h: bigint): bigint {
  h = ((h ^ (h >> 33n)) * 0xff51_afd7_ed55_8ccdn) & MASK
  h = ((h ^ (h >> 33n)) * 0xc4ce_b9fe_1a85_ec53n) & MASK
  return h ^ (h >> 33n)
}
