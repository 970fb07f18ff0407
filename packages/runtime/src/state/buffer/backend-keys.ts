import { hashOf, KeySet } from './key-set.ts'

const FIRST_CAPACITY = 4096
/** So much is always allowed. */
const LEAST_BYTES = 16_384

/**
 * Which keys the backend may have that are not on the heap. A read of any other key would find nothing: it is left out, and with it a
 * promise and the way to another thread and back. Keys come here when they leave the heap.
 *
 * Of what the backend had before, nothing is known but that none of it has a later slot than `until`.
 */
export class BackendKeys {
  /** Any key with such a slot may be there. */
  #until: number
  /** Of stores whose slots expire: a set goes when all in it has expired. */
  readonly #expires: boolean
  /** The latest comes last; each has the time of the store when the last key was added. */
  #sets: { readonly keys: KeySet; time: number }[] = []

  /** @param until -Infinity for an empty backend; Infinity where slots do not expire */
  constructor(until: number, expires: boolean) {
    this.#until = until
    this.#expires = expires
  }

  /** The heap has all. */
  get none(): boolean {
    return this.#until === -Infinity && this.#sets.length === 0
  }

  /** Of memory. */
  get bytes(): number {
    let bytes = 0
    for (const { keys } of this.#sets) bytes += keys.bytes
    return bytes
  }

  mayHave(mapKey: unknown, slot: number): boolean {
    if (slot <= this.#until) return true
    if (this.#sets.length === 0) return false
    const hash = hashOf(mapKey, slot)
    for (let index = this.#sets.length - 1; index >= 0; index--) if (this.#sets[index]!.keys.has(hash)) return true
    return false
  }

  /** @param time of the store: no slot of it is later */
  add(mapKey: unknown, slot: number, time: number): void {
    if (slot <= this.#until) return
    const hash = hashOf(mapKey, slot)
    let last = this.#sets.at(-1)
    if (!this.#expires && this.#sets.some(({ keys }) => keys.has(hash))) return
    if (last === undefined || last.keys.size >= last.keys.capacity) {
      const capacity = this.#sets.reduce((sum, { keys }) => sum + keys.capacity, 0)
      last = { keys: new KeySet(nextPowerOfTwo(Math.max(FIRST_CAPACITY, capacity))), time }
      this.#sets.push(last)
    }
    last.time = time
    if (!last.keys.has(hash)) last.keys.add(hash)
  }

  /** Slots before `liveFrom` are gone. */
  expire(liveFrom: number): void {
    if (this.#until < liveFrom) this.#until = -Infinity
    if (this.#sets.length > 0) this.#sets = this.#sets.filter(({ time }) => time >= liveFrom)
  }

  /** Gives the memory back where it is more than `bytes`, and not little. Then any key may be there again, with a slot up to `time`. */
  limit(bytes: number, time: number): void {
    if (this.bytes <= Math.max(bytes, LEAST_BYTES)) return
    this.#sets = []
    this.#until = Math.max(this.#until, this.#expires ? time : Infinity)
  }
}

function nextPowerOfTwo(number: number): number {
  return 2 ** Math.ceil(Math.log2(number))
}
