import { ByteSink } from '@millrace/core'
import type { StoreCodec } from './store-codec.ts'

/** In which order the entries of a store were used last, and which has to go when there is one too many. */
export class LruOrder {
  readonly #codec: StoreCodec
  readonly #maxEntries: number
  /** By what tells one key from another, the one used longest ago first. */
  readonly #keys = new Map<unknown, unknown>()

  constructor(codec: StoreCodec) {
    this.#codec = codec
    this.#maxEntries = codec.plan.maxEntries!
  }

  /** A key that is there was read. */
  read(mapKey: unknown): void {
    if (!this.#keys.has(mapKey)) return
    const key = this.#keys.get(mapKey)
    this.#keys.delete(mapKey)
    this.#keys.set(mapKey, key)
  }

  /** A key was put. Gives the key that has to go for it. */
  put(mapKey: unknown, key: unknown): { readonly key: unknown } | undefined {
    this.#keys.delete(mapKey)
    this.#keys.set(mapKey, key)
    if (this.#keys.size <= this.#maxEntries) return undefined
    const [[eldest, eldestKey]] = this.#keys.entries().take(1).toArray() as [[unknown, unknown]]
    this.#keys.delete(eldest)
    return { key: eldestKey }
  }

  remove(mapKey: unknown): undefined {
    this.#keys.delete(mapKey)
  }

  clear(): void {
    this.#keys.clear()
  }

  /**
   * Restored records, and the deletions that come of them: restoring puts in the order of the changelog, and that is the order
   * of use from then on.
   */
  restored(
    keys: readonly Buffer[],
    values: readonly (Buffer | null)[],
  ): { readonly keys: readonly Buffer[]; readonly values: readonly (Buffer | null)[] } {
    const codec = this.#codec
    const [allKeys, allValues]: [Buffer[], (Buffer | null)[]] = [[], []]
    keys.forEach((bytes, index) => {
      const value = values[index]!
      const { key } = codec.readKey(bytes)
      const mapKey = codec.primitiveKeys ? key : bytes.toString('latin1')
      allKeys.push(bytes)
      allValues.push(value)
      if (value === null) return this.remove(mapKey)
      const gone = this.put(mapKey, key)
      if (gone === undefined) return
      allKeys.push(this.#keyBytes(gone.key))
      allValues.push(null)
    })
    return { keys: allKeys, values: allValues }
  }

  #keyBytes(key: unknown): Buffer {
    const sink = new ByteSink(64)
    this.#codec.writeKey(sink, key, 0)
    return sink.buffer.subarray(0, sink.position)
  }
}
