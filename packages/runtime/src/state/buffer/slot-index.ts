import type { BufferEntry } from './buffer-entry.ts'

/** Entries of all keys by their slot. Made when somebody first asks, so that it costs nothing where nobody does. */
export class SlotIndex {
  readonly #entries: () => Iterable<BufferEntry>
  #bySlot: Map<number, Set<BufferEntry>> | undefined

  /** `entries` returns the entries at the time the index is created. */
  constructor(entries: () => Iterable<BufferEntry>) {
    this.#entries = entries
  }

  add(entry: BufferEntry): void {
    if (this.#bySlot === undefined) return
    const there = this.#bySlot.get(entry.slot)
    if (there === undefined) this.#bySlot.set(entry.slot, new Set([entry]))
    else there.add(entry)
  }

  remove(entry: BufferEntry): void {
    const there = this.#bySlot?.get(entry.slot)
    there?.delete(entry)
    if (there?.size === 0) this.#bySlot?.delete(entry.slot)
  }

  /** Entries that have content, with `from <= slot <= to`. */
  between(from: number, to: number): readonly BufferEntry[] {
    if (this.#bySlot === undefined) {
      this.#bySlot = new Map()
      for (const entry of this.#entries()) this.add(entry)
    }
    const found: BufferEntry[] = []
    for (const [slot, entries] of this.#bySlot) {
      if (slot < from || slot > to) continue
      for (const entry of entries) if (entry.content !== null) found.push(entry)
    }
    return found
  }
}
