import { type BufferEntry, type EntryBefore, restoreEntry } from './buffer-entry.ts'

/** Of a new list of numbers. */
const FIRST_PLACES = 16
/** Numbers that are kept from commit to commit, so that the next one does not touch new pages. */
const KEPT_PLACES = 1 << 17
/** Places that are given up before the list is closed up. */
const SPARE_PLACES = 1024

/**
 * The entries of a store that the next commit carries, in the order of their first or of their last change.
 *
 * An entry that changes again gets a place at the end of the list, and its old place is passed over when the list is read. So a
 * change costs one append, where an entry that is taken out of a `Set` and put in again costs several times as much. The list is
 * closed up when three of four places are given up, or when it is read.
 */
export class ChangedEntries {
  #list: BufferEntry[] = []
  /** Of each place, the number of the change: it is given up when the entry has another one. */
  #numbers = new Float64Array(FIRST_PLACES)
  #size = 0
  #last = 0
  #taken = 0
  /** A change was taken back, so that an entry may have two places, and one out of order. */
  #takenBack = false

  /** What `changed` is of the clean entries that were taken last: negative, and another number each time. */
  get mark(): number {
    return -this.#taken
  }

  get size(): number {
    return this.#size
  }

  /** An entry that has not changed since the last commit. */
  add(entry: BufferEntry): void {
    this.#size++
    entry.dirty = true
    this.#append(entry, ++this.#last)
  }

  /** An entry that has changed before, and comes last now. */
  moveToEnd(entry: BufferEntry): void {
    if (entry.changed === this.#last) return
    this.#append(entry, ++this.#last)
    if (this.#list.length > 4 * this.#size + SPARE_PLACES) this.#closeUp()
  }

  /** Takes back that an entry was added. */
  remove(entry: BufferEntry): void {
    if (!entry.dirty) return
    entry.dirty = false
    this.#size--
  }

  /** Takes a change of an entry back, and with it the place that it has got. */
  restore(before: EntryBefore): void {
    const { entry } = before
    const { dirty, changed } = entry
    restoreEntry(before)
    if (dirty && !entry.dirty) this.#size--
    if (!entry.dirty || entry.changed === changed) return
    this.#append(entry, entry.changed)
    this.#takenBack = true
  }

  /** Not to be kept: later changes may show in it or not. */
  inOrder(): readonly BufferEntry[] {
    if (this.#list.length > this.#size || this.#takenBack) this.#closeUp()
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
    if (this.#numbers.length > KEPT_PLACES) this.#numbers = new Float64Array(FIRST_PLACES)
    this.#size = 0
    this.#last = 0
    return taken
  }

  #append(entry: BufferEntry, number: number): void {
    entry.changed = number
    const place = this.#list.push(entry) - 1
    if (place === this.#numbers.length) {
      const longer = new Float64Array(2 * place)
      longer.set(this.#numbers)
      this.#numbers = longer
    }
    this.#numbers[place] = number
  }

  /** Into another list: somebody may be reading this one. */
  #closeUp(): void {
    const before = this.#list
    const numbers = this.#numbers
    let list: BufferEntry[] = []
    for (let place = 0; place < before.length; place++) {
      const entry = before[place]!
      if (entry.changed === numbers[place] && entry.dirty) list.push(entry)
    }
    if (this.#takenBack) list = [...new Set(list)].sort((a, b) => a.changed - b.changed)
    this.#takenBack = false
    for (let place = 0; place < list.length; place++) numbers[place] = list[place]!.changed
    this.#list = list
  }
}
