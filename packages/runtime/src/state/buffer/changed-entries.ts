import { type BufferEntry, type EntryBefore, restoreEntry } from './buffer-entry.ts'
import { orderOf } from './radix-order.ts'

/**
 * The entries of a store that the next commit carries, in the order of their first or of their last change.
 *
 * A change gives its entry the next number and does nothing else, since most entries change more than once between two commits.
 * Entries are sorted by their numbers when they are read.
 */
export class ChangedEntries {
  /** In the order in which they were added, or were read last. */
  #list: BufferEntry[] = []
  #last = 0
  /** Numbers do not ascend in the list. */
  #moved = false
  /** Somebody reads the list. */
  #shared = false
  /** Something has changed since the list was read. */
  #changed = true
  #taken = 0

  /** What `changed` is of the clean entries that were taken last: negative, and another number each time. */
  get mark(): number {
    return -this.#taken
  }

  get size(): number {
    return this.#list.length
  }

  /** An entry that has not changed since the last commit. */
  add(entry: BufferEntry): void {
    entry.dirty = true
    entry.changed = ++this.#last
    this.#own()
    this.#list.push(entry)
    this.#changed = true
  }

  /** An entry that has changed before, and comes last now. */
  moveToEnd(entry: BufferEntry): void {
    entry.changed = ++this.#last
    this.#moved = true
    this.#changed = true
  }

  /** Takes back that an entry was added. */
  remove(entry: BufferEntry): void {
    if (!entry.dirty) return
    entry.dirty = false
    this.#own()
    // What is taken back was mostly added last.
    this.#list.splice(this.#list.lastIndexOf(entry), 1)
    this.#changed = true
  }

  /** Takes a change of an entry back, and with it the place that it has got. */
  restore(before: EntryBefore): void {
    const { entry, fields } = before
    if (entry.dirty && !fields.dirty) this.remove(entry)
    restoreEntry(before)
    this.#moved = true
    this.#changed = true
  }

  /** As they are now: the same list until one of them changes again, or another one changes. */
  inOrder(): readonly BufferEntry[] {
    if (this.#changed) {
      if (this.#moved) this.#list = sorted(this.#list, this.#last)
      else if (this.#shared) this.#list = this.#list.slice()
      this.#moved = false
      this.#changed = false
      this.#shared = true
    }
    return this.#list
  }

  /** All entries are clean now, and have the `mark`. They are the caller's, who may keep them. */
  take(): readonly BufferEntry[] {
    const taken = this.inOrder()
    this.#taken++
    for (const entry of taken) {
      entry.dirty = false
      entry.emitted = undefined
      entry.changed = this.mark
    }
    this.#list = []
    this.#last = 0
    this.#shared = false
    this.#changed = true
    return taken
  }

  /** Before the list gets longer or shorter. */
  #own(): void {
    if (!this.#shared) return
    this.#list = this.#list.slice()
    this.#shared = false
  }
}

function sorted(list: readonly BufferEntry[], last: number): BufferEntry[] {
  const inOrder: BufferEntry[] = []
  for (const index of orderOf(list.length, last, at => list[at]!.changed)) inOrder.push(list[index]!)
  return inOrder
}
