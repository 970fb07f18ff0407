import type { KeySpace, MaybePromise, StoreChanges, StoredValue } from '@millrace/core'
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
import { type SegmentSpan, Segments } from './segments.ts'
import { asBuffer, type StoreCodec } from '../format/store-codec.ts'
import type { Pause } from '../pause.ts'
import {
  type BufferContext,
  type StoreBufferOptions,
  type EmitListener,
  type OnlyKey,
  type Row,
  StoreOutput,
} from './store-output.ts'
import { type IndexedBuffer, PrefixIndex } from './prefix-index.ts'
import type { PrefixBuffer } from './task-buffer.ts'

/**
 * One store of a task: a map on the heap over the backend's key space. It holds what the next commit will carry
 * (`dirty`), and as a cache what it has read or committed before. It is the transaction: the backend sees nothing of it
 * before Kafka has committed, and dropping the buffer is the rollback.
 *
 * With caching it is the record cache too: updates are logged and emitted by `flush`, once for each key.
 */
export class StoreBuffer implements PrefixBuffer, IndexedBuffer {
  readonly codec: StoreCodec
  readonly caching: boolean
  /** Bytes of all entries, by estimate. */
  bytes = 0
  /** Reads that the heap could not answer since the last `resetMisses`. */
  misses = 0
  readonly #backend: KeySpace
  readonly #syncReads: boolean
  readonly #context: BufferContext
  readonly #output: StoreOutput
  readonly #slots = new Map<number, Map<unknown, BufferEntry>>()
  #lastSlot = Number.NaN
  #lastMap: Map<unknown, BufferEntry> | undefined
  #lastFound: BufferEntry | undefined
  /** What `#lastFound` was found by: an equal key of its own, which is the same object as long as one record is at hand. */
  #lastKey: unknown
  /**
   * In the order in which a cache emits them: that of their last change (as in Kafka Streams, where what is put again goes to
   * the end). Without a cache nobody sees the order, and it is that of the first change.
   */
  readonly #changed = new ChangedEntries()
  /** A miss of any other key is an absence. */
  readonly #elsewhere: BackendKeys
  /** What the last commit has made clean: the backend may still be writing it. */
  #justCommitted: readonly BufferEntry[] = []
  /** Of window stores. */
  readonly #segments: Segments | undefined
  #prefixes: PrefixIndex | undefined
  readonly #empty: boolean
  /** Told of each put of a value, where entries expire. */
  onPut: ((entry: BufferEntry) => void) | undefined

  constructor(options: StoreBufferOptions & { readonly syncReads: boolean }) {
    const { plan } = options.codec
    this.codec = options.codec
    this.caching = plan.caching
    this.#backend = options.backend
    this.#syncReads = options.syncReads
    this.#context = options.context
    this.#empty = options.empty
    this.#segments = plan.kind === 'window' ? new Segments(plan, false) : undefined
    const until = this.#segments?.lastSlot(options) ?? (options.empty ? -Infinity : Infinity)
    this.#elsewhere = new BackendKeys(until, this.#segments !== undefined)
    this.#output = new StoreOutput(options, this.#segments)
  }

  get prefixes(): PrefixIndex | undefined {
    return this.#prefixes
  }

  indexPrefixes(lengthOf: (key: Buffer) => number): PrefixIndex {
    this.#prefixes = new PrefixIndex(this, this.#empty, lengthOf)
    return this.#prefixes
  }

  read(keyBytes: Buffer, valueBytes: Uint8Array): void {
    const { key, slot } = this.codec.readKey(keyBytes)
    if (this.#find(key, slot) === undefined) this.#insertRead(key, slot, valueBytes)
  }

  forget(entry: BufferEntry): void {
    this.#forget(this.#slots.get(entry.slot)!, this.mapKeyOf(entry.key), entry)
  }

  get hasChanges(): boolean {
    return this.#changed.size > 0
  }

  onEmit(listener: EmitListener, sendOldValues: boolean): void {
    this.#output.onEmit(listener, sendOldValues)
  }

  get(key: unknown, slot = 0): MaybePromise<StoredValue | undefined> {
    const mapKey = this.mapKeyOf(key)
    const entry = this.#lookUp(mapKey, slot)
    if (entry !== undefined) return entry.content === null ? undefined : entry
    if (!this.#isElsewhere(mapKey, slot)) return undefined
    this.misses++
    return this.#load(key, slot)
  }

  /** A null value deletes. */
  put(key: unknown, slot: number, value: unknown, timestamp: number): void {
    const { codec } = this
    const content = codec.contentOf(value)
    if (this.#segments?.accepts(slot, this.#context.undo) === false && !this.caching) {
      // Kafka Streams logs what its store refuses.
      this.#output.log(new BufferEntry(key, slot, codec.contentSerde, content, timestamp))
      return
    }
    const mapKey = this.mapKeyOf(key)
    let entry = this.#lookUp(mapKey, slot)
    if (entry === undefined) {
      entry = this.#insert(key, slot, content, timestamp, mapKey)
      if (this.#isElsewhere(mapKey, slot)) this.#output.hasUnread = true
      else entry.emitted = null
      this.#changed.add(entry)
      this.#context.undo?.note(this.#takeOut, entry)
    } else {
      this.#context.undo?.note(this.#restore, entry.before())
      if (!entry.dirty || entry.flushed) entry.emitted = entry.content
      if (!entry.dirty) this.#changed.add(entry)
      else if (this.caching) this.#changed.moveToEnd(entry)
      if (entry.serde !== null) this.#resize(entry, content)
      entry.content = content
      entry.timestamp = timestamp
    }
    if (this.caching) {
      entry.keepOrigin(this.#context)
    } else {
      this.#output.log(entry)
    }
    if (this.onPut !== undefined && content !== null) this.onPut(entry)
  }

  /** Takes an entry away, and emits nothing. */
  drop(key: unknown, timestamp: number, logs: boolean): void {
    let entry = this.#find(key, 0)
    if (entry === undefined) {
      entry = this.#insert(key, 0, null, timestamp)
      this.#context.undo?.note(this.#takeOut, entry)
    } else {
      this.#context.undo?.note(this.#restore, entry.before())
    }
    if (!entry.dirty) this.#changed.add(entry)
    if (entry.serde !== null) this.#resize(entry, null)
    entry.content = null
    entry.timestamp = timestamp
    entry.emitted = null
    // What a cache has emitted and logged is left alone by its flush.
    entry.flushed = this.caching
    if (logs) this.#output.log(entry)
  }

  readonly #takeOut = (entry: BufferEntry): void => {
    const mapKey = this.mapKeyOf(entry.key)
    this.#slots.get(entry.slot)?.delete(mapKey)
    this.#prefixes?.remove(entry, mapKey as string)
    this.bytes -= entry.size
    this.#lastFound = undefined
    this.#changed.remove(entry)
  }

  readonly #restore = (before: EntryBefore): void => {
    this.bytes += before.fields.size - before.entry.size
    this.#changed.restore(before)
  }

  /** What the next commit carries; with a cache, in the order of the last change. */
  get changed(): readonly BufferEntry[] {
    return this.#changed.inOrder()
  }

  /**
   * Deletes what is there as of `timestamp`, and sees that it is emitted. Of an entry that has just been read.
   * @returns the deletion, on its way to those below
   */
  expire(key: unknown, timestamp: number): void | Promise<void> {
    const entry = this.#find(key, 0)!
    const old = this.caching ? null : entry.value
    this.#context.timestamp = timestamp
    this.put(key, 0, null, timestamp)
    if (!this.caching) return this.#output.tell(entry, old)
  }

  /** The entry of a key, a deletion too, once it has been read. */
  entryOf(key: unknown): BufferEntry | undefined {
    return this.#find(key, 0)
  }

  /**
   * Whether a read of this key would have to go to the backend, so that it is worth prefetching.
   */
  lacks(key: unknown, slot: number): boolean {
    if (this.#elsewhere.none) return false
    const mapKey = this.mapKeyOf(key)
    return this.#lookUp(mapKey, slot) === undefined && this.#isElsewhere(mapKey, slot)
  }

  /** As the backend counts, with the changes that it has not seen. */
  async approximateCount(): Promise<number> {
    const unread = this.changed.filter(({ emitted }) => emitted === undefined)
    const [committed, found] = await Promise.all([
      this.#backend.approximateCount(),
      this.#backend.getMany(unread.map(({ key, slot }) => this.encodeKey(key, slot))),
    ])
    let count = committed
    for (const { content, emitted } of this.changed) {
      if (emitted !== undefined) count += Number(content !== null) - Number(emitted !== null)
    }
    unread.forEach(({ content }, index) => {
      count += Number(content !== null) - Number(found[index] !== undefined)
    })
    return Math.max(0, count)
  }

  /** Whether reads can miss at all. */
  get canMiss(): boolean {
    return !this.#elsewhere.none && !this.#syncReads
  }

  /** Brings keys that the buffer lacks onto the heap, in one read. */
  async prefetch(keys: readonly unknown[], slots: readonly number[]): Promise<void> {
    const found = await this.#backend.getMany(keys.map((key, index) => this.encodeKey(key, slots[index] ?? 0)))
    for (let index = 0; index < keys.length; index++) {
      const slot = slots[index] ?? 0
      if (this.#find(keys[index], slot) === undefined) this.#insertRead(keys[index], slot, found[index])
    }
  }

  /**
   * Makes the commit's data: encodes what changed, and for a caching store logs and emits it.
   * Emitting may change stores further down; those are flushed after this one.
   */
  flush(pause?: Pause): Promise<void> {
    return this.#output.flush(() => this.#changed.inOrder(), pause)
  }

  emit(): Promise<void> {
    return this.#output.emit(() => this.#changed.inOrder())
  }

  relog(): Promise<void> {
    return this.#output.relog(this.changed)
  }

  /** What the last `flush` encoded, for the backend. */
  changes(): StoreChanges {
    return this.#output.changes()
  }

  /** The flushed changes are committed: they are clean now. */
  committed(): void {
    this.#output.committed(this.#changed.size)
    this.#justCommitted = this.#changed.take()
    if (this.#segments !== undefined) this.#elsewhere.expire(this.#segments.liveFrom)
    this.#forgetExpired()
  }

  /** Drops clean entries, oldest first. */
  evict(limit: number, written = true): void {
    if (this.bytes <= limit) return
    this.#lastFound = undefined
    // The backend has them, and an iterator must not show them beside what may be put for the same keys from now on.
    if (written) this.#justCommitted = []
    const beingWritten = written ? NOTHING_WRITTEN : this.#changed.mark
    this.#elsewhere.limit(limit, this.streamTime)
    if (this.#prefixes !== undefined) return this.#prefixes.evict(limit, beingWritten)
    for (const [slot, map] of this.#slots) {
      for (const [mapKey, entry] of map) {
        if (this.bytes <= limit) return
        if (isSettled(entry, beingWritten)) this.#forget(map, mapKey, entry)
      }
      if (map.size === 0) this.#forgetSlot(slot)
    }
  }

  /** Entries that the backend may not have, by backend key in byte order: what an iterator lays over the backend. */
  overlay(from: Uint8Array | undefined, to: Uint8Array | undefined): { key: Buffer; entry: BufferEntry }[] {
    const committed = this.#justCommitted.filter(({ dirty, slot }) => !dirty && this.#segments?.isLive(slot) !== false)
    return [...this.changed, ...committed]
      .map(entry => ({ key: this.encodeKey(entry.key, entry.slot), entry }))
      .filter(({ key }) => (from === undefined || key.compare(from) >= 0) && (to === undefined || key.compare(to) < 0))
      .sort((a, b) => a.key.compare(b.key))
  }

  get streamTime(): number {
    return this.#segments?.streamTime ?? -1
  }

  dirtyRows(only?: OnlyKey): readonly Row[] {
    return this.#dirtyEntries(only)
      .filter(({ slot }) => this.#segments?.isLive(slot) !== false)
      .map(entry => this.#output.rowOf(entry))
  }

  heldRow({ key }: OnlyKey): Row | undefined {
    const entry = this.#slots.get(0)?.get(this.mapKeyOf(key))
    return entry === undefined ? undefined : this.#output.rowOf(entry)
  }

  #dirtyEntries(only: OnlyKey | undefined): readonly BufferEntry[] {
    if (only === undefined) return this.changed
    const mapKey = this.mapKeyOf(only.key)
    return [...this.#slots.values()].flatMap(map => {
      const entry = map.get(mapKey)
      return entry?.dirty === true ? [entry] : []
    })
  }

  get backend(): KeySpace {
    return this.#backend
  }

  /** Window stores: what starts before is expired and not shown. -1 for others. */
  get expiredBefore(): number {
    return this.#segments === undefined ? -1 : this.#segments.expiredBefore
  }

  /** Window stores: what starts before is hidden from the operator too, unless a cache holds it. */
  get forgottenBefore(): number {
    return this.#segments === undefined || this.caching ? -1 : this.#segments.forgottenBefore
  }

  segmentsBetween(from: number, to: number): readonly SegmentSpan[] {
    return this.#segments?.between(from, to) ?? []
  }

  /** What tells one key from another. */
  mapKeyOf(key: unknown): unknown {
    return this.codec.primitiveKeys ? key : this.#output.keyText(key)
  }

  /** After a restore: the highest window start that was restored. */
  startAt(streamTime: number): void {
    if (this.#segments === undefined) return
    this.#segments.streamTime = Math.max(this.#segments.streamTime, streamTime)
    this.#output.startAt(this.#segments.streamTime)
  }

  #find(key: unknown, slot: number): BufferEntry | undefined {
    return this.#lookUp(this.mapKeyOf(key), slot)
  }

  #lookUp(mapKey: unknown, slot: number): BufferEntry | undefined {
    // A put mostly follows the get of its key, and a look-up in a large map misses the processor's caches.
    const last = this.#lastFound
    if (last !== undefined && last.slot === slot && this.#lastKey === mapKey) return last
    const found = this.#mapOf(slot)?.get(mapKey)
    this.#lastFound = found
    this.#lastKey = mapKey
    return found
  }

  /** Of a key that is not on the heap. */
  #isElsewhere(mapKey: unknown, slot: number): boolean {
    return !this.#elsewhere.none && this.#elsewhere.mayHave(mapKey, slot)
  }

  #mapOf(slot: number): Map<unknown, BufferEntry> | undefined {
    if (slot !== this.#lastSlot) {
      this.#lastMap = this.#slots.get(slot)
      this.#lastSlot = slot
    }
    return this.#lastMap
  }

  #insert(key: unknown, slot: number, content: unknown, timestamp: number, mapKey = this.mapKeyOf(key)): BufferEntry {
    let map = this.#mapOf(slot)
    if (map === undefined) {
      map = new Map()
      this.#slots.set(slot, map)
      this.#lastMap = map
    }
    const kept = this.codec.keptKey(key)
    const entry = new BufferEntry(kept, slot, this.codec.contentSerde, content, timestamp)
    map.set(mapKey, entry)
    this.#prefixes?.add(entry, mapKey as string)
    entry.size = ENTRY_OVERHEAD + sizeOf(key) + sizeOf(content)
    this.bytes += entry.size
    return entry
  }

  #insertRead(key: unknown, slot: number, bytes: Uint8Array | undefined): BufferEntry {
    if (bytes === undefined) return this.#insert(key, slot, null, -1)
    const { content, timestamp } = this.codec.readContent(asBuffer(bytes))
    return this.#insert(key, slot, content, timestamp)
  }

  #forget(map: Map<unknown, BufferEntry>, mapKey: unknown, entry: BufferEntry): void {
    map.delete(mapKey)
    this.bytes -= entry.size
    if (entry.content !== null) this.#elsewhere.add(mapKey, entry.slot, this.streamTime)
  }

  #resize(entry: BufferEntry, content: unknown): void {
    const change = sizeOf(content) - sizeOf(entry.content)
    entry.size += change
    this.bytes += change
  }

  #load(key: unknown, slot: number): MaybePromise<StoredValue | undefined> {
    const encoded = this.encodeKey(key, slot)
    if (this.#syncReads) {
      const entry = this.#insertRead(key, slot, this.#backend.getSync!(encoded))
      return entry.content === null ? undefined : entry
    }
    return this.#backend.get(encoded).then(bytes => {
      const entry = this.#find(key, slot) ?? this.#insertRead(key, slot, bytes)
      return entry.content === null ? undefined : entry
    })
  }

  /** The backend's key. */
  encodeKey(key: unknown, slot: number, tie = 0): Buffer {
    return this.#output.encodeKey(key, slot, tie)
  }

  #forgetExpired(): void {
    const segments = this.#segments
    if (segments === undefined || (this.caching && this.bytes < CACHE_KEEPS)) return
    for (const slot of this.#slots.keys()) if (!segments.isLive(slot)) this.#forgetSlot(slot)
  }

  #forgetSlot(slot: number): void {
    for (const entry of this.#slots.get(slot)?.values() ?? []) this.bytes -= entry.size
    this.#slots.delete(slot)
    this.#lastSlot = Number.NaN
    this.#lastMap = undefined
    this.#lastFound = undefined
  }
}
