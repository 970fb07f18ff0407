/** Bits for each key, and how many of them it sets: one answer in four hundred is a wrong yes. */
const BITS_PER_KEY = 16
const PROBES = 4
const WORD_BITS = 32

/**
 * A set of keys that may say yes to a key that was never added, and never says no to one that was (a Bloom filter). A key is what tells
 * keys of a store apart, with a slot.
 */
export class KeySet {
  readonly capacity: number
  size = 0
  readonly #words: Uint32Array
  readonly #mask: number

  /** `capacity` is a power of two: with more keys than that, the set should be followed by another one. */
  constructor(capacity: number) {
    this.capacity = capacity
    this.#words = new Uint32Array((capacity * BITS_PER_KEY) / WORD_BITS)
    this.#mask = capacity * BITS_PER_KEY - 1
  }

  get bytes(): number {
    return this.#words.byteLength
  }

  add(hash: number): void {
    const step = stepOf(hash)
    for (let probe = 0, at = hash; probe < PROBES; probe++, at = (at + step) | 0) {
      const bit = at & this.#mask
      this.#words[bit >>> 5]! |= 1 << (bit & 31)
    }
    this.size++
  }

  has(hash: number): boolean {
    const step = stepOf(hash)
    for (let probe = 0, at = hash; probe < PROBES; probe++, at = (at + step) | 0) {
      const bit = at & this.#mask
      if ((this.#words[bit >>> 5]! & (1 << (bit & 31))) === 0) return false
    }
    return true
  }
}

/** Equal for what is the same key of a Map. */
export function hashOf(mapKey: unknown, slot: number): number {
  let hash = mixed((slot | 0) ^ Math.imul(Math.floor(slot / 2 ** 32) | 0, 0x9e3779b1))
  if (typeof mapKey === 'number' && (mapKey | 0) === mapKey) return mixed(hash ^ (mapKey | 0))
  const text = typeof mapKey === 'string' ? mapKey : String(mapKey)
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return mixed(hash)
}

/** The end of murmur3: all bits of the result depend on all bits of `hash`. */
function mixed(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Odd, so that the bits of a key are different ones. */
function stepOf(hash: number): number {
  return mixed(hash ^ 0x9e3779b9) | 1
}
