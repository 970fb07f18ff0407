import { type KeySpace, type MaybePromise, readInt64, type StoreChanges } from '@millrace/core'
import { ENTRY_OVERHEAD, sizeOf } from './buffer-entry.ts'
import { asBuffer, type StoreCodec } from '../format/store-codec.ts'
import type { Pause } from '../pause.ts'
import { type BufferContext, type OnlyKey, type Row, type StoreBufferOptions, StoreOutput } from './store-output.ts'
import type { TaskBuffer } from './task-buffer.ts'
import { copyOf, knowsAt, restoreTimeline, type Timeline, type TimelineBefore } from './key-timeline.ts'
import { TimelineReader } from './timeline-reader.ts'
import { putVersion, type Version, versionAt } from './version-timeline.ts'
import {
  encodeRow,
  encodeTime,
  endOf,
  expiredHistory,
  historyKey,
  historySegment,
  isLatest,
  latestKey,
  TIME_ROW,
  versionedIntervalMs,
} from './versioned-rows.ts'

/** What a commit carries. */
interface Flushed {
  readonly keys: Uint8Array[]
  readonly values: (Uint8Array | null)[]
  readonly rows: { readonly version: Version; readonly row: Buffer }[]
  /** How many were dirty. */
  readonly timelines: number
}

/** What undoes a put. */
interface Undo {
  readonly timeline: Timeline
  readonly before: TimelineBefore
  readonly streamTime: number
  readonly isDirty: boolean
}

const emptyFlush = (timelines = 0): Flushed => ({ keys: [], values: [], rows: [], timelines })
const NOTHING_FLUSHED = emptyFlush()
const KEY_OVERHEAD = 240
/** How many timelines a flush encodes between two pauses. */
const TIMELINES_PER_PAUSE = 32
const TIMESTAMP_BYTES = 8

/**
 * The write buffer of a versioned store: the transaction, as `StoreBuffer` is. In order, puts and reads of the latest need no
 * more than a key's latest row; what comes out of order needs its history, which is read once.
 */
export class VersionedBuffer implements TaskBuffer {
  readonly codec: StoreCodec
  readonly caching = false
  readonly backend: KeySpace
  bytes = 0
  misses = 0
  readonly #syncReads: boolean
  readonly #options: StoreBufferOptions & { readonly syncReads: boolean }
  readonly #context: BufferContext
  readonly #output: StoreOutput
  readonly #retentionMs: number
  readonly #intervalMs: number
  readonly #reader: TimelineReader
  readonly #timelines = new Map<unknown, Timeline>()
  readonly #dirty = new Set<Timeline>()
  #complete: boolean
  /** The highest timestamp that was put. */
  #streamTime = -1
  #keptTime = -1
  #droppedSegments = 1
  #flushed: Flushed = NOTHING_FLUSHED

  constructor(options: StoreBufferOptions & { readonly syncReads: boolean }) {
    this.codec = options.codec
    this.backend = options.backend
    this.#syncReads = options.syncReads
    this.#complete = options.empty
    this.#options = options
    this.#context = options.context
    this.#output = new StoreOutput(options, undefined)
    this.#retentionMs = options.codec.plan.historyRetentionMs ?? 0
    this.#intervalMs = versionedIntervalMs(this.#retentionMs)
    this.#reader = new TimelineReader({
      ...options,
      segments: () => [this.#liveSegment, historySegment(Math.max(0, this.#streamTime), this.#intervalMs)],
      onRead: version => this.#weigh(version),
    })
  }

  get hasChanges(): boolean {
    return this.#dirty.size > 0
  }

  get canMiss(): boolean {
    return !this.#complete && !this.#syncReads
  }

  /** The highest timestamp that was put, or -1. */
  get streamTime(): number {
    return this.#streamTime
  }

  /** The latest version; with `asOf`, the one that was valid then. None where it is a deletion, or too long ago. */
  get(key: unknown, asOf?: number): MaybePromise<Version | undefined> {
    const mapKey = this.mapKeyOf(key)
    if (this.#complete && !this.#timelines.has(mapKey)) return undefined
    const timeline = this.#timelineOf(key, mapKey)
    const needed = asOf === undefined || asOf < this.#oldest ? Number.POSITIVE_INFINITY : asOf
    const waiting = this.#prepare(timeline, needed)
    if (waiting !== undefined) return waiting.then(() => this.#find(timeline, asOf))
    return this.#find(timeline, asOf)
  }

  /** The versions of a key that were valid at some time from `from` to `to`, both inclusive, oldest first. */
  async versions(key: unknown, from: number, to: number): Promise<readonly Version[]> {
    const timeline = this.#timelineOf(key)
    await this.#prepare(timeline, from)
    const oldest = this.#oldest
    return timeline.versions.filter(
      version =>
        version.content !== null &&
        version.timestamp <= to &&
        version.validTo > from &&
        (isLatest(version) || (to >= oldest && version.validTo > oldest)),
    )
  }

  /**
   * A null value deletes. Gives when the version ceased to be valid, `Infinity` for the latest, and undefined for one that
   * was refused: it is older than the history retention.
   */
  put(key: unknown, value: unknown, timestamp: number): MaybePromise<number | undefined> {
    return this.putContent(key, this.codec.contentOf(value), timestamp)
  }

  /** The same for a value as the buffer keeps it. */
  putContent(key: unknown, content: unknown, timestamp: number): MaybePromise<number | undefined> {
    if (timestamp < this.#oldest) {
      // Kafka Streams logs what its store refuses.
      this.#logPut(key, content, timestamp)
      return undefined
    }
    const timeline = this.#timelineOf(key)
    const waiting = this.#prepare(timeline, timestamp)
    if (waiting !== undefined) return waiting.then(() => this.#place(timeline, content, timestamp))
    return this.#place(timeline, content, timestamp)
  }

  lacks(key: unknown): boolean {
    return !this.#complete && this.#timelines.get(this.mapKeyOf(key))?.knowsLatest !== true
  }

  async prefetch(keys: readonly unknown[]): Promise<void> {
    const lacking = keys.map(key => this.#timelineOf(key)).filter(({ knowsLatest }) => !knowsLatest)
    const rows = await this.backend.getMany(lacking.map(({ keyBytes }) => latestKey(keyBytes)))
    lacking.forEach((timeline, index) => this.#reader.learnLatest(timeline, rows[index]))
  }

  async flush(pause?: Pause): Promise<void> {
    const flushed = emptyFlush(this.#dirty.size)
    let untilPause = TIMELINES_PER_PAUSE
    for (const timeline of this.#dirty) {
      if (untilPause-- === 0) {
        untilPause = TIMELINES_PER_PAUSE
        const paused = pause?.()
        if (paused !== undefined) await paused
      }
      this.#encode(timeline, flushed)
    }
    // Also when nothing is left of what was put: by this time later versions are refused or not.
    if (this.#dirty.size > 0 && this.#streamTime !== this.#keptTime) {
      flushed.keys.push(TIME_ROW)
      flushed.values.push(encodeTime(this.#streamTime))
    }
    this.#flushed = flushed
  }

  emit(): Promise<void> {
    return Promise.resolve()
  }

  async relog(): Promise<void> {
    if (this.#dirty.size === 0) return
    const committed = new VersionedBuffer({ ...this.#options, empty: false, log: undefined })
    committed.startAt(this.#keptTime)
    for (const { key, put } of this.#dirty) {
      for (const timestamp of put) {
        const before = await committed.get(key, timestamp)
        this.#logPut(key, before?.content ?? null, timestamp)
      }
    }
  }

  changes(): StoreChanges {
    const { keys, values } = this.#flushed
    const store = this.codec.plan.name
    const live = this.#liveSegment
    if (live <= this.#droppedSegments) return { store, keys, values }
    this.#droppedSegments = live
    return { store, keys, values, deleteRanges: [expiredHistory(live)] }
  }

  committed(): void {
    const { rows, timelines } = this.#flushed
    if (timelines !== this.#dirty.size) throw new Error(`store ${this.codec.plan.name} changed during its commit`)
    for (const { version, row } of rows) version.row = row
    if (timelines > 0) this.#keptTime = this.#streamTime
    for (const timeline of this.#dirty) {
      timeline.dirty.clear()
      timeline.gone.length = 0
      timeline.put.clear()
      this.#forgetOld(timeline)
    }
    this.#dirty.clear()
    this.#flushed = NOTHING_FLUSHED
  }

  /** Takes over records of the changelog, whose keys have their timestamps behind them, without logging them. */
  async restore(keys: readonly Uint8Array[], values: readonly (Uint8Array | null)[]): Promise<void> {
    for (let index = 0; index < keys.length; index++) {
      const bytes = asBuffer(keys[index]!)
      const end = bytes.length - TIMESTAMP_BYTES
      const value = values[index] ?? null
      const content = value === null ? null : this.codec.readContent(Buffer.from(value)).content
      await this.putContent(this.codec.readKey(bytes.subarray(0, end)).key, content, readInt64(bytes, end))
    }
  }

  evict(limit: number, written = true): void {
    if (!written) return
    for (const [mapKey, timeline] of this.#timelines) {
      if (this.bytes <= limit) return
      if (timeline.loading !== undefined || this.#dirty.has(timeline)) continue
      this.#timelines.delete(mapKey)
      this.bytes -= KEY_OVERHEAD
      for (const { size } of timeline.versions) this.bytes -= size
      this.#complete = false
    }
  }

  startAt(streamTime: number): void {
    this.#streamTime = Math.max(this.#streamTime, streamTime)
    this.#keptTime = this.#streamTime
  }

  dirtyRows(only?: OnlyKey): readonly Row[] {
    if (this.#dirty.size === 0) return []
    const flushed = emptyFlush()
    for (const timeline of this.#dirtyTimelines(only)) this.#encode(timeline, flushed)
    // Deletions come first, and a later row may take the place of a deleted one.
    const rows = new Map<string, Row>()
    flushed.keys.forEach((key, index) => {
      const value = flushed.values[index] ?? null
      const row = { key: asBuffer(key), value: value === null ? null : asBuffer(value) }
      rows.set(row.key.toString('latin1'), row)
    })
    return [...rows.values(), { key: TIME_ROW, value: encodeTime(this.#streamTime) }]
  }

  #dirtyTimelines(only: OnlyKey | undefined): Iterable<Timeline> {
    if (only === undefined) return this.#dirty
    const timeline = this.#timelines.get(this.mapKeyOf(only.key))
    return timeline !== undefined && this.#dirty.has(timeline) ? [timeline] : []
  }

  /** Where nobody walks all keys there is nothing to lay over the backend. */
  overlay(): [] {
    return []
  }

  mapKeyOf(key: unknown): unknown {
    return this.codec.primitiveKeys ? key : this.#output.keyText(key)
  }

  /** The changelog's key. */
  encodeKey(key: unknown): Buffer {
    return this.#output.encodeKey(key, 0, 0)
  }

  /** The rows that a timeline's changes make, and make superfluous: those first, since another may take the same place. */
  #encode(timeline: Timeline, flushed: Flushed): void {
    const moved: Buffer[] = [...timeline.gone]
    const written = [...timeline.dirty].map(version => ({ version, row: this.#rowOf(timeline, version) }))
    for (const { version, row } of written) {
      if (version.row !== undefined && !version.row.equals(row)) moved.push(version.row)
    }
    for (const row of moved) {
      flushed.keys.push(row)
      flushed.values.push(null)
    }
    for (const { version, row } of written) {
      flushed.rows.push({ version, row })
      // What expired before it was ever committed must not come back behind the range that drops its segment.
      if (!isLatest(version) && historySegment(endOf(version), this.#intervalMs) < this.#liveSegment) continue
      flushed.keys.push(row)
      flushed.values.push(
        encodeRow(version, version.content === null ? null : this.#output.encodeValue(version.content)),
      )
    }
  }

  #find({ versions }: Timeline, asOf: number | undefined): Version | undefined {
    const last = versions.at(-1)
    let found = last
    if (asOf !== undefined) {
      if (asOf >= this.#oldest) found = versionAt(versions, asOf)
      else if (last !== undefined && last.timestamp > asOf) return undefined
    }
    return found === undefined || found.content === null ? undefined : found
  }

  #timelineOf(key: unknown, mapKey = this.mapKeyOf(key)): Timeline {
    let timeline = this.#timelines.get(mapKey)
    if (timeline === undefined) {
      timeline = {
        key: this.codec.keptKey(key),
        keyBytes: this.encodeKey(key),
        versions: [],
        knowsLatest: this.#complete,
        knowsAll: this.#complete,
        loading: undefined,
        dirty: new Set(),
        gone: [],
        put: new Set(),
      }
      this.#timelines.set(mapKey, timeline)
      this.bytes += KEY_OVERHEAD
    }
    return timeline
  }

  /** Brings onto the heap what is needed to know the version at a time. */
  #prepare(timeline: Timeline, time: number): void | Promise<void> {
    if (knowsAt(timeline, time)) return
    this.misses++
    if (!timeline.knowsLatest && this.#syncReads) {
      this.#reader.learnLatest(timeline, this.backend.getSync!(latestKey(timeline.keyBytes)))
      if (knowsAt(timeline, time)) return
    }
    return this.#reader.load(timeline, time)
  }

  #place(timeline: Timeline, content: unknown, timestamp: number): number {
    const isDirty = timeline.dirty.size > 0 || timeline.gone.length > 0
    this.#context.undo?.note(this.#restore, {
      timeline,
      before: copyOf(timeline),
      streamTime: this.#streamTime,
      isDirty,
    })
    if (timestamp > this.#streamTime) this.#streamTime = timestamp
    const { validTo, changed, removed } = putVersion(timeline.versions, timestamp, content, this.codec.contentSerde)
    for (const version of changed) {
      this.#weigh(version)
      timeline.dirty.add(version)
    }
    if (removed !== undefined) {
      this.bytes -= removed.size
      timeline.dirty.delete(removed)
      if (removed.row !== undefined) timeline.gone.push(removed.row)
    }
    this.#dirty.add(timeline)
    timeline.put.add(timestamp)
    this.#logPut(timeline.key, content, timestamp)
    return validTo
  }

  readonly #restore = ({ timeline, before, streamTime, isDirty }: Undo): void => {
    this.bytes += restoreTimeline(timeline, before)
    this.#streamTime = streamTime
    if (!isDirty) this.#dirty.delete(timeline)
  }

  #weigh(version: Version): void {
    const size = ENTRY_OVERHEAD + sizeOf(version.content)
    this.bytes += size - version.size
    version.size = size
  }

  #logPut(key: unknown, content: unknown, timestamp: number): void {
    this.#output.log({ key, slot: 0, tie: 0, content, timestamp })
  }

  #rowOf({ keyBytes }: Timeline, version: Version): Buffer {
    if (isLatest(version)) return latestKey(keyBytes)
    return historyKey(keyBytes, historySegment(endOf(version), this.#intervalMs), version.timestamp)
  }

  /** What ceased to be valid before may be forgotten. */
  get #oldest(): number {
    return this.#streamTime - this.#retentionMs
  }

  /** The first segment of which something may still be asked for. */
  get #liveSegment(): number {
    return historySegment(Math.max(0, this.#oldest), this.#intervalMs)
  }

  #forgetOld({ versions }: Timeline): void {
    let old = 0
    for (const version of versions) {
      if (isLatest(version) || endOf(version) >= this.#oldest) break
      this.bytes -= version.size
      old++
    }
    if (old > 0) versions.splice(0, old)
  }
}
