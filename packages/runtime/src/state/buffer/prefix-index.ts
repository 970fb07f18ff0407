import type { KeySpace, StoreRow } from '@millrace/core'
import { BackendKeys } from './backend-keys.ts'
import { type BufferEntry, isSettled } from './buffer-entry.ts'
import { mergedEntries } from './merged-entries.ts'
import { prefixRange } from '../format/prefix-range.ts'
import type { AheadReads, TaskBuffer } from './task-buffer.ts'

/** What a prefix costs besides its entries. An estimate for the budget. */
const GROUP_OVERHEAD = 160
const PREFIXES_PER_PREFETCH = 256
/** A prefix with more rows than that is not brought onto the heap. */
const ROWS_PER_PREFIX = 256
const NO_SLOT = 0
const NO_ROWS: readonly StoreRow[] = []

/** The buffer whose entries are indexed. */
export interface IndexedBuffer extends TaskBuffer {
  bytes: number
  /** Brings a row of the backend onto the heap, unless the heap knows better. */
  read(keyBytes: Buffer, valueBytes: Uint8Array): void
  /** Takes a clean entry from the heap. */
  forget(entry: BufferEntry): void
}

interface Group {
  entries: BufferEntry[]
  /** `entries` are in the order of the bytes of their keys. */
  sorted: boolean
  /** The backend has no row with this prefix that is not here. */
  loaded: boolean
  /** Too many rows to be read ahead. */
  large: boolean
}

/**
 * The entries of a write buffer by what their keys begin with. A read of a prefix opens an iterator of the backend only if the backend may
 * have rows that are not on the heap: it costs many times what the rest of a record does.
 */
export class PrefixIndex implements AheadReads {
  misses = 0
  readonly #buffer: IndexedBuffer
  readonly #backend: KeySpace
  readonly #lengthOf: (key: Buffer) => number
  readonly #groups = new Map<string, Group>()
  readonly #elsewhere: BackendKeys

  /**
   * Before anything is in the buffer.
   * @param lengthOf gives how long the prefix of a key is
   */
  constructor(buffer: IndexedBuffer, empty: boolean, lengthOf: (key: Buffer) => number) {
    this.#buffer = buffer
    this.#backend = buffer.backend
    this.#lengthOf = lengthOf
    this.#elsewhere = new BackendKeys(empty ? -Infinity : Infinity, false)
  }

  get canMiss(): boolean {
    return !this.#elsewhere.none
  }

  /** A list where the heap has all. */
  rows(prefix: Buffer): readonly StoreRow[] | AsyncIterable<StoreRow> {
    const text = this.mapKeyOf(prefix)
    const group = this.#groups.get(text)
    if (group === undefined ? !this.#elsewhere.mayHave(text, NO_SLOT) : group.loaded) {
      return group === undefined ? NO_ROWS : sorted(group).filter(({ content }) => content !== null)
    }
    this.misses++
    const overlay = group === undefined ? [] : sorted(group).map(entry => ({ key: entry.key as Buffer, entry }))
    const { from, to } = prefixRange(prefix)
    return mergedEntries(this.#buffer, from, to, false, overlay)
  }

  /** @param text the key's bytes, as a string */
  add(entry: BufferEntry, text: string): void {
    const group = this.#groupOf(text.slice(0, this.#lengthOf(entry.key as Buffer)))
    const last = group.entries.at(-1)
    group.sorted &&= last === undefined || isBefore(last, entry)
    group.entries.push(entry)
  }

  remove(entry: BufferEntry, text: string): void {
    const group = this.#groups.get(text.slice(0, this.#lengthOf(entry.key as Buffer)))
    const place = group?.entries.lastIndexOf(entry) ?? -1
    if (place >= 0) group!.entries.splice(place, 1)
  }

  mapKeyOf(prefix: unknown): string {
    return (prefix as Buffer).toString('latin1')
  }

  lacks(prefix: unknown): boolean {
    if (this.#elsewhere.none) return false
    const text = this.mapKeyOf(prefix)
    const group = this.#groups.get(text)
    return group === undefined ? this.#elsewhere.mayHave(text, NO_SLOT) : !group.loaded && !group.large
  }

  async prefetch(prefixes: readonly unknown[]): Promise<void> {
    for (let first = 0; first < prefixes.length; first += PREFIXES_PER_PREFETCH) {
      const some = prefixes.slice(first, first + PREFIXES_PER_PREFETCH)
      await Promise.all(some.map(prefix => this.#read(prefix as Buffer)))
    }
  }

  /** Drops entries that are clean and not `beingWritten`, until the buffer has no more than `limit` bytes. */
  evict(limit: number, beingWritten: number): void {
    this.#elsewhere.limit(limit, -1)
    for (const [text, group] of this.#groups) {
      if (this.#buffer.bytes <= limit) return
      const gone = group.entries.filter(entry => isSettled(entry, beingWritten))
      if (gone.length === 0 && group.entries.length > 0) continue
      for (const entry of gone) this.#buffer.forget(entry)
      if (gone.some(({ content }) => content !== null)) {
        this.#elsewhere.add(text, NO_SLOT, -1)
        group.loaded = false
      }
      if (gone.length < group.entries.length) {
        group.entries = group.entries.filter(entry => !isSettled(entry, beingWritten))
      } else {
        this.#groups.delete(text)
        this.#buffer.bytes -= GROUP_OVERHEAD
      }
    }
  }

  async #read(prefix: Buffer): Promise<void> {
    const { from, to } = prefixRange(prefix)
    await using iterator = this.#backend.iterate({
      ...(from && { from }),
      ...(to && { to }),
      limit: ROWS_PER_PREFIX + 1,
    })
    const found = []
    for (let chunk = await iterator.nextChunk(); chunk.length > 0; chunk = await iterator.nextChunk())
      found.push(...chunk)
    const group = this.#groupOf(this.mapKeyOf(prefix))
    if (found.length > ROWS_PER_PREFIX) {
      group.large = true
      return
    }
    for (const [key, value] of found) this.#buffer.read(Buffer.from(key), Buffer.from(value))
    group.loaded = true
  }

  #groupOf(text: string): Group {
    let group = this.#groups.get(text)
    if (group === undefined) {
      const loaded = !this.#elsewhere.mayHave(text, NO_SLOT)
      group = { entries: [], sorted: true, loaded, large: false }
      this.#groups.set(text, group)
      this.#buffer.bytes += GROUP_OVERHEAD
    }
    return group
  }
}

function sorted(group: Group): readonly BufferEntry[] {
  if (!group.sorted) group.entries.sort((a, b) => Buffer.compare(a.key as Buffer, b.key as Buffer))
  group.sorted = true
  return group.entries
}

function isBefore(a: BufferEntry, b: BufferEntry): boolean {
  return Buffer.compare(a.key as Buffer, b.key as Buffer) < 0
}
