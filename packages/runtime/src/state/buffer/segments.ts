import type { StorePlan, UndoLog } from '@millrace/core'
import { segmentIntervalMs, segmentRange } from '../format/store-codec.ts'

/** A segment of a window store: the slots it holds, `end` exclusive, and its backend keys. */
export interface SegmentSpan {
  readonly start: number
  readonly end: number
  readonly range: { readonly from: Buffer; readonly to: Buffer }
}

/**
 * Which times a window or session store still holds. Its time is the highest slot that was put; what is older than the
 * retention is not found by its key any more, and goes when its whole segment has expired. As in the RocksDB stores of Kafka
 * Streams.
 */
export class Segments {
  streamTime = -1
  /** The same of what was put since the task started, restored state not counted. */
  #observedTime = -1
  readonly #intervalMs: number
  readonly #retentionMs: number
  readonly #showsExpired: boolean
  readonly #isSession: boolean
  readonly #inMemory: boolean
  /** For how long a slot is found after it has got as old as the retention says. */
  readonly #longerMs: 0 | 1
  #dropped = 0
  readonly #setTimes = ([streamTime, observedTime]: readonly [number, number]) => {
    this.streamTime = streamTime
    this.#observedTime = observedTime
  }

  /** `showsExpired`: of what is on the heap, as Kafka Streams' caches do. */
  constructor(plan: StorePlan, showsExpired: boolean) {
    this.#intervalMs = segmentIntervalMs(plan)
    this.#retentionMs = plan.retentionMs ?? 0
    this.#showsExpired = showsExpired
    this.#isSession = plan.kind === 'session'
    this.#inMemory = plan.type === 'memory' && !plan.caching
    this.#longerMs = plan.emitsOnClose === true && plan.type !== 'memory' ? 1 : 0
  }

  /**
   * Slots before are not found by their key. Not so where a store `showsExpired`: in Kafka Streams one that caches shows what
   * is in the cache, however old it is.
   */
  get expiredBefore(): number {
    return this.#showsExpired ? 0 : this.agedBefore(this.streamTime)
  }

  /**
   * Slots before are not found when all are looked through for what has closed: here sessions are found until they are gone
   * (as in Kafka Streams).
   */
  get emittedFrom(): number {
    if (this.#showsExpired) return 0
    return this.#isSession || this.#inMemory ? this.liveFrom : Math.max(this.liveFrom, this.agedBefore(this.streamTime))
  }

  /** Slots before are older than the retention at this time of the store. */
  agedBefore(streamTime: number): number {
    return streamTime - this.#retentionMs + 1 - this.#longerMs
  }

  /**
   * Slots before are hidden from the operator that updates them. After a crash under at_least_once, records are processed
   * again on a state that is ahead of them: its windows must not seem to be gone, or they would be counted from nothing.
   */
  get forgottenBefore(): number {
    return this.agedBefore(this.#observedTime)
  }

  /** Slots before are gone. A store in memory knows no segments: it lets go of each slot by itself. */
  get liveFrom(): number {
    const live = this.#firstLive() * this.#intervalMs
    return this.#inMemory ? Math.max(live, this.agedBefore(this.streamTime)) : live
  }

  /** Moves the store's time on. False where the slot has expired, in most stores with its whole segment. */
  accepts(slot: number, undo?: UndoLog): boolean {
    if (slot > this.streamTime || slot > this.#observedTime) {
      undo?.note(this.#setTimes, [this.streamTime, this.#observedTime])
      if (slot > this.streamTime) this.streamTime = slot
      if (slot > this.#observedTime) this.#observedTime = slot
    }
    return this.isLive(slot)
  }

  isLive(slot: number): boolean {
    return slot >= this.liveFrom
  }

  /** No row of the backend has a later slot: what begins a row's key is its segment. */
  lastSlot({ empty, lastSlot }: { readonly empty: boolean; readonly lastSlot?: number | undefined }): number {
    if (empty) return -Infinity
    if (lastSlot === undefined) return Infinity
    return (Math.floor(lastSlot / this.#intervalMs) + 1) * this.#intervalMs - 1
  }

  /** The live segments that hold slots from `from` to `to`. */
  between(from: number, to: number): readonly SegmentSpan[] {
    const interval = this.#intervalMs
    const first = Math.max(this.#firstLive(), Math.floor(Math.max(0, from) / interval))
    const last = Math.min(Math.floor(to / interval), Math.floor(this.streamTime / interval))
    const spans: SegmentSpan[] = []
    for (let segment = first; segment <= last; segment++) {
      const [start, end] = [segment * interval, (segment + 1) * interval]
      spans.push({ start, end, range: segmentRange(segment, segment + 1) })
    }
    return spans
  }

  /** Backend keys of segments that have expired since the last call. */
  takeExpired(): { readonly from: Uint8Array; readonly to: Uint8Array } | undefined {
    const live = this.#firstLive()
    if (live <= this.#dropped) return undefined
    this.#dropped = live
    return segmentRange(0, live)
  }

  #firstLive(): number {
    return Math.max(0, Math.floor((this.streamTime - this.#retentionMs) / this.#intervalMs))
  }
}
