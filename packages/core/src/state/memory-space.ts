import { type FrozenMap, OrderedMap } from './ordered-map.ts'

/**
 * The entries of one store in memory, keys and values as latin1 text: that takes a fifth of the heap of as many small byte
 * arrays, and text compares as its bytes do.
 *
 * Point reads and writes go to a hash map. The order is kept from the first time on that somebody asks for it, so a store
 * that is only read by key never pays for it; that first time takes about a second for a million entries.
 */
export class MemorySpace {
  readonly #values = new Map<string, string>()
  #ordered: OrderedMap<string> | undefined

  get size(): number {
    return this.#values.size
  }

  get(key: string): string | undefined {
    return this.#values.get(key)
  }

  set(key: string, value: string): void {
    this.#values.set(key, value)
    this.#ordered?.set(key, value)
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#ordered?.delete(key)
  }

  /** Everything with `from <= key < to`. */
  deleteRange(from: string | undefined, to: string | undefined): void {
    if (from === undefined && to === undefined) {
      this.#values.clear()
      this.#ordered = undefined
      return
    }
    const doomed: string[] = []
    this.freeze().forward(from ?? '', to, key => doomed.push(key) > 0)
    for (const key of doomed) this.delete(key)
  }

  /** The entries as they are now; later changes do not reach them. */
  freeze(): FrozenMap<string> {
    this.#ordered ??= orderedBy(this.#values)
    return this.#ordered.freeze()
  }
}

function orderedBy(values: ReadonlyMap<string, string>): OrderedMap<string> {
  const ordered = new OrderedMap<string>()
  for (const key of [...values.keys()].sort()) ordered.set(key, values.get(key)!)
  return ordered
}
