import {
  compareBytes,
  type KeyRange,
  type KeySpace,
  type MaybePromise,
  type RangeEntry,
  type StoreChanges,
  type StoredValue,
} from '@millrace/core'
import {
  BufferEntry,
  CACHE_KEEPS,
  ENTRY_OVERHEAD,
  type EntryBefore,
  isSettled,
  NOTHING_WRITTEN,
  sizeOf,
} from './buffer-entry.ts'
import { BackendKeys } from './backend-keys.ts'
import { ChangedEntries } from './changed-entries.ts'
import { entryAt, type KeyEntries, placeOf, readEntries } from './key-entries.ts'
import { type SegmentSpan, Segments } from './segments.ts'
import { withOwnKey } from './own-key.ts'
import { SlotIndex } from './slot-index.ts'
import type { StoreCodec } from '../format/store-codec.ts'
import type { Pause } from '../pause.ts'
import {
  type BufferContext,
  type StoreBufferOptions,
  type EmitListener,
  type OnlyKey,
  type Row,
  StoreOutput,
} from './store-output.ts'
import type { TaskBuffer } from './task-buffer.ts'

/** What a key costs besides its entries. An estimate for the budget. */
const KEY_OVERHEAD = 200
const LAST_SEQUENCE = 0x7fffffff
const KEYS_PER_PREFETCH = 256
/** A group is the whole of a key. */
const ALL_SLOTS = 0

/**
 * The write buffer of a store that is read by ranges of time: sessions, sliding windows, joins of streams. It is the
 * transaction as `StoreBuffer` is, but keeps the entries of a key together: a key comes from the backend as a whole, once,
 * and goes as a whole when memory is short.
 */
export class RangeBuffer implements TaskBuffer {
  readonly codec: StoreCodec
  readonly caching: boolean
  readonly backend: KeySpace
  bytes = 0
  misses = 0
  readonly #context: BufferContext
  readonly #output: StoreOutput
  readonly #segments: Segments
  readonly #groups = new Map<unknown, KeyEntries>()
  /** In the order of their last change. */
  readonly #changed = new ChangedEntries()
  /** Of the last commit: they hide what the backend has until it has written them. */
  #deletions: readonly BufferEntry[] = []
  /** Keys of groups that have left the heap, without their slots. */
  readonly #elsewhere: BackendKeys
  readonly #bySlot: SlotIndex
  #sequence = 0
  #sweepDue = false
  /**
   * As of the last commit, slots before are hidden from the operator. They stay in the backend until their segment goes, and are not worth
   * their memory: with a retention of seconds they are most of what a key has.
   */
  #hiddenBefore = -Infinity

  constructor(options: StoreBufferOptions) {
    const { plan } = options.codec
    this.codec = options.codec
    this.caching = plan.caching
    this.backend = options.backend
    this.#context = options.context
    this.#segments = new Segments(plan, plan.caching)
    this.#elsewhere = new BackendKeys(this.#segments.lastSlot(options), true)
    this.#output = new StoreOutput(options, this.#segments)
    this.#bySlot = new SlotIndex(() => [...this.#groups.values()].flatMap(({ entries }) => entries))
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0
  }

  get canMiss(): boolean {
    return !this.#elsewhere.none
  }

  get expiredBefore(): number {
    return this.#segments.expiredBefore
  }

  get forgottenBefore(): number {
    return this.#segments.expiredBefore
  }

  segmentsBetween(from: number, to: number): readonly SegmentSpan[] {
    return this.#segments.between(from, to)
  }

  onEmit(listener: EmitListener, sendOldValues: boolean): void {
    this.#output.onEmit(listener, sendOldValues)
  }

  /** Brings all entries of a key onto the heap. */
  load(key: unknown): void | Promise<void> {
    if (this.#elsewhere.none) return
    const group = this.#groupOf(key)
    if (group.loaded) return
    this.misses++
    return this.#read(group)
  }

  /** Of a loaded key: entries with `from <= slot <= to`, ascending. */
  range(key: unknown, from: number, to: number): readonly BufferEntry[] {
    const group = this.#groups.get(this.mapKeyOf(key))
    if (group === undefined) return []
    const { entries } = group
    const found: BufferEntry[] = []
    for (let at = placeOf(entries, Math.max(from, this.expiredBefore), 0); at < entries.length; at++) {
      const entry = entries[at]!
      if (entry.slot > to) break
      if (entry.content !== null) found.push(entry)
    }
    return found
  }

  /** Of a loaded key. */
  entry(key: unknown, slot: number, tie = 0): BufferEntry | undefined {
    if (slot < this.expiredBefore) return undefined
    const group = this.#groups.get(this.mapKeyOf(key))
    const entry = group === undefined ? undefined : entryAt(group.entries, slot, tie)
    return entry === undefined || entry.content === null ? undefined : entry
  }

  get(key: unknown, slot: number, tie = 0): MaybePromise<StoredValue | undefined> {
    const waiting = this.load(key)
    return waiting === undefined ? this.entry(key, slot, tie) : waiting.then(() => this.entry(key, slot, tie))
  }

  /** A null value deletes. */
  put(key: unknown, slot: number, value: unknown, timestamp: number, tie = 0): void {
    const content = this.codec.contentOf(value)
    if (!this.#segments.accepts(slot, this.#context.undo) && !this.caching) {
      // Kafka Streams logs what its store refuses.
      this.#logOnly(key, slot, tie, content, timestamp)
      return
    }
    const group = this.#groupOf(key)
    const index = placeOf(group.entries, slot, tie)
    let entry = group.entries[index]
    if (entry === undefined || entry.slot !== slot || entry.tie !== tie) {
      entry = this.#insert(group, index, slot, tie, content, timestamp)
      if (isWithin(group, slot)) entry.emitted = null
      else this.#output.hasUnread = true
      this.#changed.add(entry)
      this.#context.undo?.note(this.#takeOut, { entry, loaded: group.loaded })
    } else {
      this.#context.undo?.note(this.#restore, entry.before())
      if (!entry.dirty || entry.flushed) entry.emitted = entry.content
      if (entry.dirty) this.#changed.moveToEnd(entry)
      else this.#changed.add(entry)
      const change = sizeOf(content) - sizeOf(entry.content)
      entry.size += change
      this.bytes += change
      entry.content = content
      entry.timestamp = timestamp
    }
    if (this.caching) {
      entry.keepOrigin(this.#context)
    } else {
      this.#output.log(entry)
    }
  }

  /** Adds an entry beside those that have the same slot. Without a value it is only logged, as in Kafka Streams. */
  append(key: unknown, slot: number, value: unknown): void {
    this.#context.undo?.note(this.#setSequence, this.#sequence)
    this.#sequence = (this.#sequence + 1) & LAST_SEQUENCE
    const { timestamp } = this.#context
    if (value === null) this.#logOnly(key, slot, this.#sequence, null, timestamp)
    else this.put(key, slot, value, timestamp, this.#sequence)
  }

  /** Moves the store's time on, as an entry of that slot would. */
  advance(slot: number): void {
    this.#segments.accepts(slot, this.#context.undo)
  }

  /** Entries of all keys with `from <= slot <= to`, ascending by slot, tie and the bytes of the key. */
  all(from: number, to: number): MaybePromise<readonly RangeEntry[]> {
    const first = Math.max(from, this.#segments.emittedFrom)
    const onHeap = this.#bySlot.between(first, to)
    if (this.#elsewhere.none) return this.#inOrder(onHeap.map(entry => withOwnKey(entry, this.codec)))
    return this.#backendBetween(first, to).then(others =>
      this.#inOrder([...onHeap, ...others].map(entry => withOwnKey(entry, this.codec))),
    )
  }

  lacks(key: unknown): boolean {
    if (this.#elsewhere.none) return false
    const mapKey = this.mapKeyOf(key)
    const group = this.#groups.get(mapKey)
    return group === undefined ? this.#elsewhere.mayHave(mapKey, ALL_SLOTS) : !group.loaded
  }

  async prefetch(keys: readonly unknown[]): Promise<void> {
    for (let first = 0; first < keys.length; first += KEYS_PER_PREFETCH) {
      const some = keys.slice(first, first + KEYS_PER_PREFETCH).map(key => this.#groupOf(key))
      await Promise.all(some.filter(group => !group.loaded).map(group => this.#read(group)))
    }
  }

  flush(pause?: Pause): Promise<void> {
    return this.#output.flush(() => this.#changed.inOrder(), pause)
  }

  emit(): Promise<void> {
    return this.#output.emit(() => this.#changed.inOrder())
  }

  relog(): Promise<void> {
    return this.#output.relog(this.#changed.inOrder())
  }

  changes(): StoreChanges {
    const changes = this.#output.changes()
    if (changes.deleteRanges !== undefined) this.#sweepDue = true
    return changes
  }

  committed(): void {
    this.#output.committed(this.#changed.size)
    // The backend has those of the commit before.
    this.#dropDeletions()
    this.#deletions = this.#changed.take().filter(({ content }) => content === null)
    this.#elsewhere.expire(this.#segments.liveFrom)
    this.#hiddenBefore = Math.max(this.#hiddenBefore, this.#segments.forgottenBefore)
    if (this.#sweepDue) this.#forgetExpired()
  }

  evict(limit: number, written = true): void {
    if (this.bytes <= limit) return
    if (written) this.#dropDeletions()
    const beingWritten = written ? NOTHING_WRITTEN : this.#changed.mark
    this.#forgetHidden(beingWritten)
    const time = this.#segments.streamTime
    this.#elsewhere.limit(limit, time)
    for (const [mapKey, group] of this.#groups) {
      if (this.bytes <= limit) return
      if (group.loading !== undefined || !group.entries.every(entry => isSettled(entry, beingWritten))) continue
      if (group.entries.length > 0) this.#elsewhere.add(mapKey, ALL_SLOTS, time)
      this.#forget(mapKey, group)
    }
  }

  overlay(from: Uint8Array | undefined, to: Uint8Array | undefined): { key: Buffer; entry: BufferEntry }[] {
    return [...this.#groups.values()]
      .flatMap(({ entries }) => entries.filter(({ slot }) => this.#segments.isLive(slot)))
      .map(entry => ({ key: this.encodeKey(entry.key, entry.slot, entry.tie), entry }))
      .filter(({ key }) => (from === undefined || key.compare(from) >= 0) && (to === undefined || key.compare(to) < 0))
      .sort((a, b) => a.key.compare(b.key))
  }

  get streamTime(): number {
    return this.#segments.streamTime
  }

  dirtyRows(only?: OnlyKey): readonly Row[] {
    const entries =
      only === undefined ? this.#changed.inOrder() : (this.#groups.get(this.mapKeyOf(only.key))?.entries ?? [])
    return entries
      .filter(({ dirty, slot }) => dirty && this.#segments.isLive(slot))
      .map(entry => this.#output.rowOf(entry))
  }

  startAt(streamTime: number): void {
    this.#segments.streamTime = Math.max(this.#segments.streamTime, streamTime)
    this.#output.startAt(this.#segments.streamTime)
  }

  mapKeyOf(key: unknown): unknown {
    return this.codec.primitiveKeys ? key : this.#output.keyText(key)
  }

  encodeKey(key: unknown, slot: number, tie = 0): Buffer {
    return this.#output.encodeKey(key, slot, tie)
  }

  readonly #setSequence = (before: number) => {
    this.#sequence = before
  }

  readonly #takeOut = ({ entry, loaded }: { readonly entry: BufferEntry; readonly loaded: boolean }): void => {
    const group = this.#groups.get(this.mapKeyOf(entry.key))
    this.#changed.remove(entry)
    if (group === undefined) return
    this.#remove(group, placeOf(group.entries, entry.slot, entry.tie))
    // Loading has left out what it found in the place of this one.
    group.loaded &&= loaded
  }

  readonly #restore = (before: EntryBefore): void => {
    this.bytes += before.fields.size - before.entry.size
    this.#changed.restore(before)
  }

  #groupOf(key: unknown): KeyEntries {
    const mapKey = this.mapKeyOf(key)
    let group = this.#groups.get(mapKey)
    if (group === undefined) {
      const loaded = this.#elsewhere.none || !this.#elsewhere.mayHave(mapKey, ALL_SLOTS)
      group = { key: this.codec.keptKey(key), loaded, loadedFrom: -Infinity, loading: undefined, entries: [] }
      this.#groups.set(mapKey, group)
      this.bytes += KEY_OVERHEAD
    }
    return group
  }

  #read(group: KeyEntries): Promise<void> {
    group.loading ??= this.#readEntries(group).finally(() => {
      group.loading = undefined
    })
    return group.loading
  }

  async #readEntries(group: KeyEntries): Promise<void> {
    const from = this.#hiddenBefore
    const live = this.#segments.between(from, Number.MAX_SAFE_INTEGER)
    const found = await Promise.all(
      live.map(segment => readEntries(this.backend, this.codec, this.#rangeOf(group.key, segment, from))),
    )
    const mapKey = this.mapKeyOf(group.key)
    for (const entry of found.flat()) {
      // Entries of longer keys can lie between those of this one; and the heap knows better than the backend.
      if (this.mapKeyOf(entry.key) !== mapKey) continue
      const index = placeOf(group.entries, entry.slot, entry.tie)
      const there = group.entries[index]
      if (there?.slot === entry.slot && there.tie === entry.tie) continue
      this.#insert(group, index, entry.slot, entry.tie, entry.content, entry.timestamp)
    }
    group.loaded = true
    group.loadedFrom = from
  }

  #rangeOf(key: unknown, segment: SegmentSpan, from: number): KeyRange {
    const lastTie = this.codec.plan.kind === 'session' ? Number.MAX_SAFE_INTEGER : LAST_SEQUENCE
    const last = this.encodeKey(key, segment.end - 1, lastTie)
    return { from: this.encodeKey(key, Math.max(segment.start, from)), to: Buffer.concat([last, Buffer.alloc(1)]) }
  }

  /** What only the backend has. */
  async #backendBetween(from: number, to: number): Promise<readonly BufferEntry[]> {
    const segments = this.#segments.between(from, to)
    const found = (await Promise.all(segments.map(({ range }) => readEntries(this.backend, this.codec, range)))).flat()
    return found.filter(({ key, slot, tie }) => {
      if (slot < from || slot > to) return false
      const group = this.#groups.get(this.mapKeyOf(key))
      return group === undefined || (!isWithin(group, slot) && entryAt(group.entries, slot, tie) === undefined)
    })
  }

  #inOrder(entries: readonly BufferEntry[]): readonly RangeEntry[] {
    if (entries.length < 2) return entries
    return entries
      .map(entry => ({ entry, bytes: this.#keyBytes(entry) }))
      .sort((a, b) => a.entry.slot - b.entry.slot || a.entry.tie - b.entry.tie || compareBytes(a.bytes, b.bytes))
      .map(({ entry }) => entry)
  }

  /** Of the key alone: with what follows it, a longer key could come before one that it begins with. */
  #keyBytes({ key }: BufferEntry): Buffer {
    const bytes = this.encodeKey(key, 0)
    return bytes.subarray(this.codec.keyPrefix, bytes.length - this.codec.keySuffix)
  }

  #insert(
    group: KeyEntries,
    index: number,
    slot: number,
    tie: number,
    content: unknown,
    timestamp: number,
  ): BufferEntry {
    const entry = new BufferEntry(group.key, slot, this.codec.contentSerde, content, timestamp, tie)
    group.entries.splice(index, 0, entry)
    entry.size = ENTRY_OVERHEAD + sizeOf(content)
    this.bytes += entry.size
    this.#bySlot.add(entry)
    return entry
  }

  /** Where the key is not loaded a deletion has to stay, to hide what the backend has. */
  #dropDeletions(): void {
    for (const entry of this.#deletions) {
      const group = this.#groups.get(this.mapKeyOf(entry.key))
      if (entry.dirty || entry.content !== null || group?.loaded !== true) continue
      const index = placeOf(group.entries, entry.slot, entry.tie)
      if (group.entries[index] === entry) this.#remove(group, index)
    }
    this.#deletions = []
  }

  #remove(group: KeyEntries, index: number): void {
    const [entry] = group.entries.splice(index, 1)
    this.#dropped(entry!)
  }

  #dropped(entry: BufferEntry): void {
    this.#bySlot.remove(entry)
    this.bytes -= entry.size
  }

  #forget(mapKey: unknown, group: KeyEntries): void {
    this.#groups.delete(mapKey)
    this.bytes -= KEY_OVERHEAD
    for (const entry of group.entries) this.#dropped(entry)
  }

  /** When a segment has gone: takes from the heap what is no longer shown, and keys of which nothing is left. */
  #forgetExpired(): void {
    if (this.caching && this.bytes < CACHE_KEEPS) return
    this.#sweepDue = false
    const before = this.#segments.liveFrom
    for (const [mapKey, group] of this.#groups) {
      while (group.entries.length > 0 && group.entries[0]!.slot < before) this.#remove(group, 0)
      if (group.entries.length === 0 && group.loading === undefined) this.#forget(mapKey, group)
    }
  }

  /**
   * Takes from the heap what has grown too old to be shown, while its segment lives on. With a retention of seconds that is most of what
   * there is: a segment has at least a minute. What is hidden from the operator alone may still be emitted, from the backend.
   */
  #forgetHidden(beingWritten: number): void {
    const gone = Math.min(this.#segments.expiredBefore, this.#segments.emittedFrom)
    const before = Math.max(gone, this.#hiddenBefore)
    for (const [mapKey, group] of this.#groups) {
      if (group.loading !== undefined) continue
      let hidden = 0
      for (const entry of group.entries) {
        if (entry.slot >= before || !isSettled(entry, beingWritten)) break
        hidden++
      }
      if (hidden > 0) {
        const last = group.entries[hidden - 1]!.slot
        for (const entry of group.entries.splice(0, hidden)) this.#dropped(entry)
        if (last >= gone) {
          group.loadedFrom = Math.max(group.loadedFrom, last + 1)
          this.#elsewhere.add(mapKey, ALL_SLOTS, this.#segments.streamTime)
        }
      }
      if (group.entries.length === 0 && group.loaded) this.#forget(mapKey, group)
    }
  }

  #logOnly(key: unknown, slot: number, tie: number, content: unknown, timestamp: number): void {
    this.#output.log(new BufferEntry(key, slot, this.codec.contentSerde, content, timestamp, tie))
  }
}

/** Whether the heap has all that there is of a slot of the key. */
function isWithin({ loaded, loadedFrom }: KeyEntries, slot: number): boolean {
  return loaded && slot >= loadedFrom
}
