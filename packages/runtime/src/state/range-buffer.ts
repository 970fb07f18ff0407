import {
  ByteSink,
  compareBytes,
  type KeyRange,
  type KeySpace,
  type MaybePromise,
  type RangeEntry,
  type StoreChanges,
  type StoredValue,
} from '@millrace/core'
import { BufferEntry, decodeContent } from './buffer-entry.ts'
import { type SegmentSpan, Segments } from './segments.ts'
import type { BufferContext, ChangelogWriter } from './store-buffer.ts'
import { asBuffer, type StoreCodec } from './store-codec.ts'
import type { TaskBuffer } from './task-buffer.ts'

export type RangeListener = (entry: RangeEntry, value: unknown, old: unknown) => void | Promise<void>

/** All that the heap has of one key. */
interface Group {
  readonly key: unknown
  /** Nothing of the key is in the backend that is not here. */
  loaded: boolean
  loading: Promise<void> | undefined
  /** Ascending by slot and tie. Those without content are deletions. */
  readonly entries: BufferEntry[]
}

/** What an entry and a key cost besides their bytes. Estimates for the budget. */
const ENTRY_OVERHEAD = 160
const KEY_OVERHEAD = 200
const NUMBERS_PER_RANGE = 4
const LAST_SEQUENCE = 0x7fffffff
const KEYS_PER_PREFETCH = 256

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
  readonly #log: ChangelogWriter | undefined
  readonly #scratch: ByteSink
  readonly #segments: Segments
  readonly #groups = new Map<unknown, Group>()
  /** In the order of their last change. */
  readonly #dirty = new Set<BufferEntry>()
  /** Nothing is in the backend that is not on the heap. */
  #complete: boolean
  #listener: RangeListener | undefined
  #sendOldValues = false
  /** By slot; made when somebody first asks for entries of all keys. */
  #bySlot: Map<number, Set<BufferEntry>> | undefined
  #sequence = 0
  #slab = new ByteSink(0)
  #ranges: number[] = []
  #flushed = 0
  /** The highest slot that was flushed. */
  #flushedTime = -1
  #sweepDue = false

  constructor(options: {
    readonly codec: StoreCodec
    readonly backend: KeySpace
    readonly empty: boolean
    readonly context: BufferContext
    readonly log: ChangelogWriter | undefined
    readonly scratch: ByteSink
  }) {
    this.codec = options.codec
    this.caching = options.codec.plan.caching
    this.backend = options.backend
    this.#complete = options.empty
    this.#context = options.context
    this.#log = options.log
    this.#scratch = options.scratch
    this.#segments = new Segments(options.codec.plan, options.codec.plan.caching)
  }

  get hasChanges(): boolean {
    return this.#dirty.size > 0
  }

  get canMiss(): boolean {
    return !this.#complete
  }

  get expiredBefore(): number {
    return this.#segments.expiredBefore
  }

  segmentsBetween(from: number, to: number): readonly SegmentSpan[] {
    return this.#segments.between(from, to)
  }

  onEmit(listener: RangeListener, sendOldValues: boolean): void {
    this.#listener = listener
    this.#sendOldValues = sendOldValues
  }

  /** Brings all entries of a key onto the heap. */
  load(key: unknown): void | Promise<void> {
    if (this.#complete) return
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
    const entry = group === undefined ? undefined : at(group.entries, slot, tie)
    return entry === undefined || entry.content === null ? undefined : entry
  }

  get(key: unknown, slot: number, tie = 0): MaybePromise<StoredValue | undefined> {
    const waiting = this.load(key)
    return waiting === undefined ? this.entry(key, slot, tie) : waiting.then(() => this.entry(key, slot, tie))
  }

  /** A null value deletes. */
  put(key: unknown, slot: number, value: unknown, timestamp: number, tie = 0): void {
    const content = this.codec.contentOf(value)
    if (!this.#segments.accepts(slot)) {
      // Kafka Streams logs what its store refuses.
      if (!this.caching) this.#logOnly(key, slot, tie, content, timestamp)
      return
    }
    const group = this.#groupOf(key)
    const index = placeOf(group.entries, slot, tie)
    let entry = group.entries[index]
    if (entry === undefined || entry.slot !== slot || entry.tie !== tie) {
      entry = this.#insert(group, index, slot, tie, content, timestamp)
      if (group.loaded) entry.emitted = null
      entry.dirty = true
    } else {
      if (!entry.dirty) {
        entry.emitted = entry.content
        entry.dirty = true
      }
      const change = sizeOf(content) - sizeOf(entry.content)
      entry.size += change
      this.bytes += change
      entry.content = content
      entry.timestamp = timestamp
      this.#dirty.delete(entry)
    }
    this.#dirty.add(entry)
    if (this.caching) {
      entry.keepOrigin(this.#context)
    } else if (this.#log !== undefined) {
      this.#scratch.position = 0
      this.#write(entry, this.#scratch, this.#log)
    }
  }

  /** Adds an entry beside those that have the same slot. Without a value it is only logged, as in Kafka Streams. */
  append(key: unknown, slot: number, value: unknown): void {
    this.#sequence = (this.#sequence + 1) & LAST_SEQUENCE
    const { timestamp } = this.#context
    if (value === null) this.#logOnly(key, slot, this.#sequence, null, timestamp)
    else this.put(key, slot, value, timestamp, this.#sequence)
  }

  /** Entries of all keys with `from <= slot <= to`, ascending by slot, tie and the bytes of the key. */
  all(from: number, to: number): MaybePromise<readonly RangeEntry[]> {
    const first = Math.max(from, this.#segments.emittedFrom)
    const onHeap = this.#heapBetween(first, to)
    if (this.#complete) return this.#inOrder(onHeap)
    return this.#backendBetween(first, to).then(others => this.#inOrder([...onHeap, ...others]))
  }

  lacks(key: unknown): boolean {
    return !this.#complete && this.#groups.get(this.mapKeyOf(key))?.loaded !== true
  }

  async prefetch(keys: readonly unknown[]): Promise<void> {
    for (let first = 0; first < keys.length; first += KEYS_PER_PREFETCH) {
      const some = keys.slice(first, first + KEYS_PER_PREFETCH).map(key => this.#groupOf(key))
      await Promise.all(some.filter(group => !group.loaded).map(group => this.#read(group)))
    }
  }

  async flush(): Promise<void> {
    const entries = [...this.#dirty]
    if (this.caching) {
      // The store behind a cache, whose time moves on when it is flushed, does not find what is too old by then: nothing
      // counts as emitted (as in Kafka Streams).
      for (const entry of entries) {
        if (entry.slot < this.#segments.agedBefore(this.#flushedTime)) entry.emitted = null
        this.#flushedTime = Math.max(this.#flushedTime, entry.slot)
      }
      await this.#learnEmitted(entries)
    }
    const slab = (this.#slab = new ByteSink(Math.max(1024, entries.length * 64)))
    this.#ranges = []
    this.#flushed = entries.length
    for (const entry of entries) {
      // What came and went between two commits was never there, and nobody is told.
      const unseen = entry.content === null && entry.emitted === null
      if (unseen && this.caching && this.#listener !== undefined) {
        this.#write(entry, slab, undefined)
        continue
      }
      this.#write(entry, slab, this.caching ? this.#log : undefined)
      if (this.caching && this.#listener !== undefined) {
        const waiting = this.#emit(entry, this.#listener)
        if (waiting !== undefined) await waiting
      }
    }
  }

  changes(): StoreChanges {
    const keys: Uint8Array[] = []
    const values: (Uint8Array | null)[] = []
    const bytes = this.#slab.buffer
    const ranges = this.#ranges
    for (let at = 0; at < ranges.length; at += NUMBERS_PER_RANGE) {
      keys.push(bytes.subarray(ranges[at], ranges[at + 1]))
      values.push(ranges[at + 2]! < 0 ? null : bytes.subarray(ranges[at + 2], ranges[at + 3]))
    }
    const store = this.codec.plan.name
    const expired = this.#segments.takeExpired()
    if (expired === undefined) return { store, keys, values }
    this.#sweepDue = true
    return { store, keys, values, deleteRanges: [expired] }
  }

  committed(): void {
    if (this.#flushed !== this.#dirty.size) throw new Error(`store ${this.codec.plan.name} changed during its commit`)
    for (const entry of this.#dirty) {
      entry.dirty = false
      entry.emitted = undefined
      if (entry.content !== null) continue
      // Where the key is not loaded the deletion has to stay, to hide what the backend has until it is written there.
      const group = this.#groups.get(this.mapKeyOf(entry.key))
      if (group?.loaded === true) this.#remove(group, placeOf(group.entries, entry.slot, entry.tie))
    }
    this.#dirty.clear()
    this.#flushed = 0
    this.#slab = new ByteSink(0)
    this.#ranges = []
    if (this.#sweepDue) this.#forgetExpired()
  }

  evict(limit: number): void {
    for (const [mapKey, group] of this.#groups) {
      if (this.bytes <= limit) return
      if (group.loading !== undefined || group.entries.some(({ dirty }) => dirty)) continue
      this.#forget(mapKey, group)
      this.#complete = false
    }
  }

  overlay(from: Uint8Array | undefined, to: Uint8Array | undefined): { key: Buffer; entry: BufferEntry }[] {
    return [...this.#groups.values()]
      .flatMap(({ entries }) => entries.filter(({ slot }) => this.#segments.isLive(slot)))
      .map(entry => ({ key: this.encodeKey(entry.key, entry.slot, entry.tie), entry }))
      .filter(({ key }) => (from === undefined || key.compare(from) >= 0) && (to === undefined || key.compare(to) < 0))
      .sort((a, b) => a.key.compare(b.key))
  }

  startAt(streamTime: number): void {
    this.#segments.streamTime = Math.max(this.#segments.streamTime, streamTime)
    this.#flushedTime = this.#segments.streamTime
  }

  mapKeyOf(key: unknown): unknown {
    if (this.codec.primitiveKeys) return key
    const sink = this.#scratch
    const start = sink.position
    this.codec.writeKey(sink, key, 0)
    const text = sink.buffer.toString('latin1', start, sink.position)
    sink.position = start
    return text
  }

  encodeKey(key: unknown, slot: number, tie = 0): Buffer {
    const sink = this.#scratch
    const start = sink.position
    this.codec.writeKey(sink, key, slot, tie)
    const copy = Buffer.from(sink.buffer.subarray(start, sink.position))
    sink.position = start
    return copy
  }

  #groupOf(key: unknown): Group {
    const mapKey = this.mapKeyOf(key)
    let group = this.#groups.get(mapKey)
    if (group === undefined) {
      group = { key, loaded: this.#complete, loading: undefined, entries: [] }
      this.#groups.set(mapKey, group)
      this.bytes += KEY_OVERHEAD
    }
    return group
  }

  #read(group: Group): Promise<void> {
    group.loading ??= this.#readEntries(group).finally(() => {
      group.loading = undefined
    })
    return group.loading
  }

  async #readEntries(group: Group): Promise<void> {
    const live = this.#segments.between(0, Number.MAX_SAFE_INTEGER)
    const found = await Promise.all(live.map(segment => this.#entriesIn(this.#rangeOf(group.key, segment))))
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
  }

  #rangeOf(key: unknown, segment: SegmentSpan): KeyRange {
    const lastTie = this.codec.plan.kind === 'session' ? Number.MAX_SAFE_INTEGER : LAST_SEQUENCE
    const last = this.encodeKey(key, segment.end - 1, lastTie)
    return { from: this.encodeKey(key, segment.start), to: Buffer.concat([last, Buffer.alloc(1)]) }
  }

  async #entriesIn(range: KeyRange): Promise<readonly BufferEntry[]> {
    const { codec } = this
    const entries: BufferEntry[] = []
    await using iterator = this.backend.iterate(range)
    for (let chunk = await iterator.nextChunk(); chunk.length > 0; chunk = await iterator.nextChunk()) {
      for (const [keyBytes, valueBytes] of chunk) {
        const { key, slot, tie } = codec.readKey(asBuffer(keyBytes))
        // A copy: the entry stays for longer than the chunk it came in.
        const { content, timestamp } = codec.readContent(Buffer.from(valueBytes))
        entries.push(new BufferEntry(key, slot, codec.contentSerde, content, timestamp, tie))
      }
    }
    return entries
  }

  #heapBetween(from: number, to: number): readonly BufferEntry[] {
    const found: BufferEntry[] = []
    for (const [slot, entries] of this.#slotIndex()) {
      if (slot < from || slot > to) continue
      for (const entry of entries) if (entry.content !== null) found.push(entry)
    }
    return found
  }

  #slotIndex(): Map<number, Set<BufferEntry>> {
    if (this.#bySlot === undefined) {
      this.#bySlot = new Map()
      for (const { entries } of this.#groups.values()) for (const entry of entries) this.#index(entry)
    }
    return this.#bySlot
  }

  #index(entry: BufferEntry): void {
    const there = this.#bySlot?.get(entry.slot)
    if (there === undefined) this.#bySlot?.set(entry.slot, new Set([entry]))
    else there.add(entry)
  }

  /** What only the backend has. */
  async #backendBetween(from: number, to: number): Promise<readonly BufferEntry[]> {
    const segments = this.#segments.between(from, to)
    const found = (await Promise.all(segments.map(({ range }) => this.#entriesIn(range)))).flat()
    return found.filter(({ key, slot, tie }) => {
      if (slot < from || slot > to) return false
      const group = this.#groups.get(this.mapKeyOf(key))
      return group === undefined || (!group.loaded && at(group.entries, slot, tie) === undefined)
    })
  }

  #inOrder(entries: readonly BufferEntry[]): readonly RangeEntry[] {
    if (entries.length < 2) return entries
    return entries
      .map(entry => ({ entry, bytes: this.encodeKey(entry.key, entry.slot, entry.tie) }))
      .sort((a, b) => a.entry.slot - b.entry.slot || a.entry.tie - b.entry.tie || compareBytes(a.bytes, b.bytes))
      .map(({ entry }) => entry)
  }

  #insert(group: Group, index: number, slot: number, tie: number, content: unknown, timestamp: number): BufferEntry {
    const entry = new BufferEntry(group.key, slot, this.codec.contentSerde, content, timestamp, tie)
    group.entries.splice(index, 0, entry)
    entry.size = ENTRY_OVERHEAD + sizeOf(content)
    this.bytes += entry.size
    if (this.#bySlot !== undefined) this.#index(entry)
    return entry
  }

  #remove(group: Group, index: number): void {
    const [entry] = group.entries.splice(index, 1)
    this.#unindex(entry!)
    this.bytes -= entry!.size
  }

  #unindex(entry: BufferEntry): void {
    const there = this.#bySlot?.get(entry.slot)
    there?.delete(entry)
    if (there?.size === 0) this.#bySlot?.delete(entry.slot)
  }

  #forget(mapKey: unknown, group: Group): void {
    this.#groups.delete(mapKey)
    this.bytes -= KEY_OVERHEAD
    for (const entry of group.entries) {
      this.#unindex(entry)
      this.bytes -= entry.size
    }
  }

  /** When a segment has gone: takes from the heap what is no longer shown, and keys of which nothing is left. */
  #forgetExpired(): void {
    this.#sweepDue = false
    const before = this.#segments.liveFrom
    for (const [mapKey, group] of this.#groups) {
      while (group.entries.length > 0 && group.entries[0]!.slot < before) this.#remove(group, 0)
      if (group.entries.length === 0 && group.loading === undefined) this.#forget(mapKey, group)
    }
  }

  /** Encodes an entry, notes where, and logs it. */
  #write(entry: BufferEntry, sink: ByteSink, log: ChangelogWriter | undefined): void {
    const { codec } = this
    const keyStart = sink.position
    codec.writeKey(sink, entry.key, entry.slot, entry.tie)
    const keyEnd = sink.position
    let valueStart = -1
    let valueEnd = -1
    if (entry.content !== null) {
      valueStart = keyEnd
      codec.writeValue(sink, entry.content, entry.timestamp)
      valueEnd = sink.position
    }
    // What expired before it was ever committed must not come back behind the range that drops its segment.
    const kept = sink !== this.#scratch && this.#segments.isLive(entry.slot)
    if (kept) this.#ranges.push(keyStart, keyEnd, valueStart, valueEnd)
    const loggedFrom = valueStart < 0 ? -1 : valueStart + codec.valuePrefix
    log?.(entry.timestamp, sink.buffer, keyStart + codec.keyPrefix, keyEnd, loggedFrom, valueEnd)
  }

  #logOnly(key: unknown, slot: number, tie: number, content: unknown, timestamp: number): void {
    if (this.#log === undefined) return
    this.#scratch.position = 0
    this.#write(new BufferEntry(key, slot, this.codec.contentSerde, content, timestamp, tie), this.#scratch, this.#log)
  }

  #emit(entry: BufferEntry, listener: RangeListener): void | Promise<void> {
    this.#context.timestamp = entry.timestamp
    entry.giveOrigin(this.#context)
    const old = this.#sendOldValues ? decodeContent(entry.emitted, entry.serde) : null
    return listener(entry, entry.value, old)
  }

  /** Asks the backend what was emitted before, for entries that were put without their key having been loaded. */
  async #learnEmitted(entries: readonly BufferEntry[]): Promise<void> {
    const unknown = entries.filter(
      ({ emitted, content }) => emitted === undefined && (content === null || this.#sendOldValues),
    )
    if (unknown.length === 0) return
    const found = await this.backend.getMany(unknown.map(({ key, slot, tie }) => this.encodeKey(key, slot, tie)))
    unknown.forEach((entry, index) => {
      const bytes = found[index]
      entry.emitted = bytes === undefined ? null : this.codec.readContent(Buffer.from(bytes)).content
    })
  }
}

/** The first index whose entry is not before slot and tie. */
function placeOf(entries: readonly BufferEntry[], slot: number, tie: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const entry = entries[middle]!
    if (entry.slot < slot || (entry.slot === slot && entry.tie < tie)) low = middle + 1
    else high = middle
  }
  return low
}

function at(entries: readonly BufferEntry[], slot: number, tie: number): BufferEntry | undefined {
  const entry = entries[placeOf(entries, slot, tie)]
  return entry?.slot === slot && entry.tie === tie ? entry : undefined
}

function sizeOf(content: unknown): number {
  if (typeof content === 'string') return content.length
  return content instanceof Uint8Array ? content.length : 8
}
