import { ByteSink, type UndoLog } from '@millrace/core'
import { asBuffer, type StoreCodec } from '../format/store-codec.ts'

interface Use {
  readonly key: unknown
  /** Counts uses of all keys. */
  readonly at: number
}

/** In which order the entries of a store were used last, and which has to go when there is one too many. */
export class LruOrder {
  readonly #codec: StoreCodec
  readonly #maxEntries: number
  /** By what tells one key from another, the one used longest ago first. */
  readonly #keys = new Map<unknown, Use>()
  /** Where records may be given up: notes what they use. */
  undo: UndoLog | undefined
  #uses = 0
  /** Uses were taken back, and the keys are not in order. */
  #outOfOrder = false
  readonly #restore = ({ mapKey, use }: { readonly mapKey: unknown; readonly use: Use | undefined }) => {
    if (use === undefined) this.#keys.delete(mapKey)
    else this.#keys.set(mapKey, use)
    this.#outOfOrder = true
  }

  constructor(codec: StoreCodec) {
    this.#codec = codec
    this.#maxEntries = codec.plan.maxEntries!
  }

  /** A key that is there was read. */
  read(mapKey: unknown): void {
    const use = this.#keys.get(mapKey)
    if (use !== undefined) this.#use(mapKey, use.key)
  }

  /** A key was put. Gives the key that has to go for it. */
  put(mapKey: unknown, key: unknown): { readonly key: unknown } | undefined {
    this.#use(mapKey, key)
    if (this.#keys.size <= this.#maxEntries) return undefined
    if (this.#outOfOrder) this.#sort()
    const [[eldest, use]] = this.#keys.entries().take(1).toArray() as [[unknown, Use]]
    this.remove(eldest)
    return { key: use.key }
  }

  remove(mapKey: unknown): undefined {
    this.undo?.note(this.#restore, { mapKey, use: this.#keys.get(mapKey) })
    this.#keys.delete(mapKey)
  }

  #use(mapKey: unknown, key: unknown): void {
    this.undo?.note(this.#restore, { mapKey, use: this.#keys.get(mapKey) })
    this.#keys.delete(mapKey)
    this.#keys.set(mapKey, { key, at: ++this.#uses })
  }

  #sort(): void {
    const inOrder = [...this.#keys].sort(([, one], [, other]) => one.at - other.at)
    this.#keys.clear()
    for (const [mapKey, use] of inOrder) this.#keys.set(mapKey, use)
    this.#outOfOrder = false
  }

  clear(): void {
    this.#keys.clear()
  }

  /**
   * Restored records, and the deletions that come of them: restoring puts in the order of the changelog, and that is the order
   * of use from then on.
   */
  restored(
    keys: readonly Uint8Array[],
    values: readonly (Uint8Array | null)[],
  ): { readonly keys: readonly Uint8Array[]; readonly values: readonly (Uint8Array | null)[] } {
    const codec = this.#codec
    const [allKeys, allValues]: [Uint8Array[], (Uint8Array | null)[]] = [[], []]
    keys.forEach((plain, index) => {
      const bytes = asBuffer(plain)
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
