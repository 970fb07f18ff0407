import { ByteSink, type Headers, type KeySpace, type RangeEntry, type StoreChanges, type UndoLog } from '@millrace/core'
import { type BufferEntry, decodeContent } from './buffer-entry.ts'
import type { Pause } from '../pause.ts'
import type { Segments } from './segments.ts'
import { asBuffer, type StoreCodec } from '../format/store-codec.ts'

/** Where a store's updates are logged. A `valueStart` of -1 is a deletion. */
export type ChangelogWriter = (
  timestamp: number,
  bytes: Buffer,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
) => void

/** The record at hand, as far as a store has to do with it. */
export interface BufferContext {
  timestamp: number
  headers: Headers
  topic: string | null
  partition: number
  offset: number
  /** Where records may be given up: notes what they change. */
  readonly undo?: UndoLog | undefined
}

export type EmitListener = (entry: RangeEntry, value: unknown, old: unknown) => void | Promise<void>

/** What a store's write buffer is made of. */
export interface StoreBufferOptions {
  readonly codec: StoreCodec
  readonly backend: KeySpace
  /** Nothing is in the backend. */
  readonly empty: boolean
  /** Of windows and sessions: the slot of the last row of the backend, in byte order. @default not known */
  readonly lastSlot?: number | undefined
  readonly context: BufferContext
  readonly log: ChangelogWriter | undefined
  /** Shared by the stores of a task: what is in it is good until the next call of any. */
  readonly scratch: ByteSink
}

/** What is logged of an entry. */
type LoggedEntry = Pick<BufferEntry, 'key' | 'slot' | 'tie' | 'content' | 'timestamp'>

/** An entry and what it was before its flush. */
interface FlushedEntry extends Pick<BufferEntry, 'emitted' | 'flushed'> {
  readonly entry: BufferEntry
}

/** What the backend will have of an entry. */
export interface Row {
  readonly key: Buffer
  /** Null: the backend will have no such row. */
  readonly value: Buffer | null
}

/** Restricts rows to those of one key. */
export interface OnlyKey {
  readonly key: unknown
}

const NUMBERS_PER_RANGE = 4
/** Few enough to stay in the processor's caches until they are used. */
const WARMED_ENTRIES = 64
/** Of no use, but what nobody keeps need not be read. */
const WARMED = new Float64Array(1)
const NO_RANGES = new Int32Array(0)

/**
 * What leaves a store's write buffer: its keys as bytes, its updates for the changelog, and at a commit the batch for the
 * backend and what a cache emits. Each update is encoded once, into a slab whose ranges serve the changelog and the backend.
 */
export class StoreOutput {
  readonly #codec: StoreCodec
  readonly #caching: boolean
  readonly #backend: KeySpace
  readonly #context: BufferContext
  readonly #log: ChangelogWriter | undefined
  readonly #scratch: ByteSink
  /** Of stores whose entries expire by segments. */
  readonly #segments: Segments | undefined
  /** An entry was put since the last commit without having been read: only the backend knows what was emitted of it before. */
  hasUnread = false
  #listener: EmitListener | undefined
  #sendOldValues = false
  #slab = new ByteSink(0)
  /** Of the slab: start and end of a key, start and end of its value, which are -1 for a deletion. */
  #ranges = NO_RANGES
  #rangesEnd = 0
  #flushed = 0
  /** The time of the store behind a cache, which moves on as the cache is flushed. */
  #flushedTime = -1
  readonly #setFlushedTime = (before: number) => {
    this.#flushedTime = before
  }

  constructor(options: StoreBufferOptions, segments: Segments | undefined) {
    this.#codec = options.codec
    this.#caching = options.codec.plan.caching
    this.#backend = options.backend
    this.#context = options.context
    this.#log = options.log
    this.#scratch = options.scratch
    this.#segments = segments
  }

  onEmit(listener: EmitListener, sendOldValues: boolean): void {
    this.#listener = listener
    this.#sendOldValues = sendOldValues
  }

  /** The backend's key. */
  encodeKey(key: unknown, slot: number, tie: number): Buffer {
    const sink = this.#scratch
    const start = sink.position
    this.#codec.writeKey(sink, key, slot, tie)
    const copy = Buffer.from(sink.buffer.subarray(start, sink.position))
    sink.position = start
    return copy
  }

  /** What tells a key from another where the keys themselves cannot: its bytes, as a string. */
  keyText(key: unknown): string {
    const sink = this.#scratch
    const start = sink.position
    this.#codec.writeKey(sink, key, 0)
    const text = sink.buffer.toString('latin1', start, sink.position)
    sink.position = start
    return text
  }

  /** The backend's value, without what a store of timestamped values has before it. */
  encodeValue(content: unknown): Buffer {
    const sink = this.#scratch
    const start = sink.position
    this.#codec.writeValue(sink, content, 0)
    const copy = Buffer.from(sink.buffer.subarray(start + this.#codec.valuePrefix, sink.position))
    sink.position = start
    return copy
  }

  /** An entry as its row in the backend; a null value deletes. */
  rowOf({ key, slot, tie, content, timestamp }: LoggedEntry): Row {
    const sink = this.#scratch
    const start = sink.position
    this.#codec.writeKey(sink, key, slot, tie)
    const keyEnd = sink.position
    if (content !== null) this.#codec.writeValue(sink, content, timestamp)
    const row = {
      key: Buffer.from(sink.buffer.subarray(start, keyEnd)),
      value: content === null ? null : Buffer.from(sink.buffer.subarray(keyEnd, sink.position)),
    }
    sink.position = start
    return row
  }

  /** Logs an update at once. */
  log(entry: LoggedEntry): void {
    if (this.#log === undefined) return
    this.#scratch.position = 0
    this.#write(entry, this.#scratch, this.#log)
  }

  /**
   * Makes the commit's data: encodes what has changed, and for a caching store logs and emits it. Called again in the same commit,
   * it encodes everything again, but logs and emits only what was put since.
   * @param changed the entries: another list when what is emitted has changed this store again
   * @param pause between two entries
   */
  async flush(changed: () => readonly BufferEntry[], pause?: Pause): Promise<void> {
    await this.#flushAll(changed, entries => entries, pause)
  }

  /** Logs and emits what was put since the last time. The commit's data are made by `flush`. */
  async emit(changed: () => readonly BufferEntry[]): Promise<void> {
    await this.#flushAll(changed, notFlushed)
  }

  async #flushAll(
    changed: () => readonly BufferEntry[],
    first: (entries: readonly BufferEntry[]) => readonly BufferEntry[],
    pause?: Pause,
  ): Promise<void> {
    let entries = changed()
    this.#slab = new ByteSink(Math.max(1024, entries.length * 64))
    // Of its full size at once: an array that grows to this size touches as many new pages again, at each commit.
    this.#ranges = new Int32Array(entries.length * NUMBERS_PER_RANGE)
    this.#rangesEnd = 0
    await this.#flush(first(entries), pause)
    while (entries !== changed()) {
      entries = changed()
      await this.#flush(notFlushed(entries), pause)
    }
    this.#flushed = entries.length
  }

  async #flush(entries: readonly BufferEntry[], pause: Pause | undefined): Promise<void> {
    const caching = this.#caching
    const listener = caching ? this.#listener : undefined
    const log = caching ? this.#log : undefined
    const slab = this.#slab
    const { undo } = this.#context
    if (caching && this.hasUnread) await this.#learnEmitted(entries)
    for (let index = 0; index < entries.length; index++) {
      if (index % WARMED_ENTRIES === 0) {
        const paused = pause?.()
        if (paused !== undefined) await paused
        warm(entries, index)
      }
      const entry = entries[index]!
      undo?.note(this.#takeBack, { entry, emitted: entry.emitted, flushed: entry.flushed })
      // The store behind a cache does not find what is too old by then: nothing counts as emitted (as in Kafka Streams).
      const hasAged = this.#hasAged(entry)
      if (hasAged) entry.emitted = null
      // What came and went between two commits was never there, and nobody is told.
      const neverThere = listener !== undefined && entry.content === null && entry.emitted === null
      // Nor is it deleted: the backend has what the changelog says, here and after a restore.
      if (neverThere && hasAged) continue
      if (entry.flushed || neverThere) {
        this.#write(entry, slab, undefined)
        continue
      }
      this.#write(entry, slab, log)
      entry.flushed = caching
      if (entry.slot > this.#flushedTime) {
        undo?.note(this.#setFlushedTime, this.#flushedTime)
        this.#flushedTime = entry.slot
      }
      if (listener !== undefined) {
        const waiting = this.#emit(entry, listener)
        if (waiting !== undefined) await waiting
      }
    }
  }

  readonly #takeBack = ({ entry, emitted, flushed }: FlushedEntry): void => {
    entry.emitted = emitted
    entry.flushed = flushed
  }

  /** Logs what the backend has of these entries. */
  async relog(entries: readonly BufferEntry[]): Promise<void> {
    if (this.#log === undefined || entries.length === 0) return
    const found = await this.#backend.getMany(entries.map(({ key, slot, tie }) => this.encodeKey(key, slot, tie)))
    entries.forEach(({ key, slot, tie, timestamp }, index) => {
      const bytes = found[index]
      const stored = bytes === undefined ? { content: null, timestamp } : this.#codec.readContent(asBuffer(bytes))
      this.log({ key, slot, tie, ...stored, timestamp: stored.timestamp < 0 ? timestamp : stored.timestamp })
    })
  }

  /** After a restore. */
  startAt(streamTime: number): void {
    this.#flushedTime = streamTime
  }

  #hasAged({ flushed, slot }: BufferEntry): boolean {
    if (!this.#caching || flushed || this.#segments === undefined) return false
    return slot < this.#segments.agedBefore(this.#flushedTime)
  }

  /** What the last `flush` encoded, for the backend. */
  changes(): StoreChanges {
    const { buffer, byteOffset } = this.#slab.buffer
    const ranges = this.#ranges
    const count = this.#rangesEnd / NUMBERS_PER_RANGE
    const keys = Array.from<Uint8Array>({ length: count })
    const values = Array.from<Uint8Array | null>({ length: count })
    for (let index = 0; index < count; index++) {
      const at = index * NUMBERS_PER_RANGE
      const [keyStart, valueStart] = [ranges[at]!, ranges[at + 2]!]
      // A plain view costs half of what `Buffer.subarray` does.
      keys[index] = new Uint8Array(buffer, byteOffset + keyStart, ranges[at + 1]! - keyStart)
      values[index] =
        valueStart < 0 ? null : new Uint8Array(buffer, byteOffset + valueStart, ranges[at + 3]! - valueStart)
    }
    const store = this.#codec.plan.name
    const expired = this.#segments?.takeExpired()
    return expired === undefined ? { store, keys, values } : { store, keys, values, deleteRanges: [expired] }
  }

  /** The flushed changes are committed, and there are `dirty` now. The slab is left to the backend's write. */
  committed(dirty: number): void {
    if (this.#flushed !== dirty) throw new Error(`store ${this.#codec.plan.name} changed during its commit`)
    this.#flushed = 0
    this.hasUnread = false
    this.#slab = new ByteSink(0)
    this.#ranges = NO_RANGES
    this.#rangesEnd = 0
  }

  /** Encodes an entry, notes where, and logs it. */
  #write(entry: LoggedEntry, sink: ByteSink, log: ChangelogWriter | undefined): void {
    const codec = this.#codec
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
    if (sink !== this.#scratch && this.#segments?.isLive(entry.slot) !== false) {
      const end = this.#rangesEnd
      // What is emitted may change this store again.
      if (end === this.#ranges.length) this.#ranges = longer(this.#ranges)
      const ranges = this.#ranges
      ranges[end] = keyStart
      ranges[end + 1] = keyEnd
      ranges[end + 2] = valueStart
      ranges[end + 3] = valueEnd
      this.#rangesEnd = end + NUMBERS_PER_RANGE
    }
    const loggedFrom = valueStart < 0 ? -1 : valueStart + codec.valuePrefix
    log?.(entry.timestamp, sink.buffer, keyStart + codec.keyPrefix, keyEnd, loggedFrom, valueEnd)
  }

  /** Emits an update at once. `old` is for those who ask for old values. */
  tell(entry: BufferEntry, old: unknown): void | Promise<void> {
    return this.#listener?.(entry, entry.value, this.#sendOldValues ? old : null)
  }

  #emit(entry: BufferEntry, listener: EmitListener): void | Promise<void> {
    this.#context.timestamp = entry.timestamp
    entry.giveOrigin(this.#context)
    const old = this.#sendOldValues ? decodeContent(entry.emitted, entry.serde) : null
    return listener(entry, entry.value, old)
  }

  /** Asks the backend what was emitted before, for entries that were put without having been read. */
  async #learnEmitted(entries: readonly BufferEntry[]): Promise<void> {
    const unknown = entries.filter(
      ({ emitted, content }) => emitted === undefined && (content === null || this.#sendOldValues),
    )
    if (unknown.length === 0) return
    const found = await this.#backend.getMany(unknown.map(({ key, slot, tie }) => this.encodeKey(key, slot, tie)))
    unknown.forEach((entry, index) => {
      const bytes = found[index]
      entry.emitted = bytes === undefined ? null : this.#codec.readContent(asBuffer(bytes)).content
    })
  }
}

function notFlushed(entries: readonly BufferEntry[]): readonly BufferEntry[] {
  return entries.filter(({ flushed }) => !flushed)
}

function longer(ranges: Int32Array): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(2 * ranges.length + NUMBERS_PER_RANGE)
  copy.set(ranges)
  return copy
}

/**
 * Touches the next entries, so that they come from memory into the processor's caches all at once. In the order of their last change
 * they lie all over the heap, and a flush that waits for one after the other takes a quarter longer.
 */
function warm(entries: readonly BufferEntry[], from: number): void {
  const to = Math.min(entries.length, from + WARMED_ENTRIES)
  let sum = 0
  for (let at = from; at < to; at++) {
    const { flushed, key, timestamp } = entries[at]!
    sum += timestamp + (flushed ? 1 : 0) + (typeof key === 'string' ? key.length : 0)
  }
  WARMED[0] = sum
}
