const SEED = 0x9747b28c
const M = 0x5bd1e995

/**
 * MurmurHash2 of `bytes[start, end)` as Kafka's `Utils.murmur2`: seed 0x9747b28c, words little-endian.
 *
 * @returns a signed 32-bit integer
 */
export function murmur2(bytes: Uint8Array, start: number, end: number): number {
  let h = (SEED ^ (end - start)) | 0
  let p = start
  for (const last = end - 3; p < last; p += 4) {
    let k = bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const rest = end - p
  if (rest > 0) {
    if (rest === 3) h ^= bytes[p + 2]! << 16
    if (rest >= 2) h ^= bytes[p + 1]! << 8
    h = Math.imul(h ^ bytes[p]!, M)
  }
  h ^= h >>> 13
  h = Math.imul(h, M)
  return h ^ (h >>> 15)
}

/** The partition that Kafka's default partitioner gives a key (`BuiltInPartitioner.partitionForKey`). */
export function partitionForKey(bytes: Uint8Array, start: number, end: number, partitions: number): number {
  return (murmur2(bytes, start, end) & 0x7fffffff) % partitions
}
