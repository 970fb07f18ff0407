import type { Serde, StoredValue } from '@millrace/core'
import { decodeContent } from './buffer-entry.ts'

/** What a key was from one time on. Ordered by that time, the versions of a key are its timeline. */
export class Version implements StoredValue {
  /** When it began to be valid: the timestamp that it was put with. */
  readonly timestamp: number
  /** Decoder of `content`; null where it is the value already. */
  readonly serde: Serde<unknown> | null
  /** Null: a deletion. */
  content: unknown
  /** When the next version began; `Infinity` for the last one. */
  validTo: number
  /**
   * A deletion at this very time leaves a trace: either was there something before that it ends, or it was a deletion in the
   * first place. Otherwise Kafka Streams forgets the key as a whole, and a late record is taken for its latest.
   */
  marked: boolean
  /** The backend's row of it; undefined where it has none. */
  row: Buffer | undefined
  /** Bytes that it counts for in the budget. */
  size = 0

  constructor(timestamp: number, serde: Serde<unknown> | null, content: unknown, validTo: number, marked: boolean) {
    this.timestamp = timestamp
    this.serde = serde
    this.content = content
    this.validTo = validTo
    this.marked = marked
  }

  get value(): unknown {
    return decodeContent(this.content, this.serde)
  }
}

/** What a put has done to a timeline: versions that are now or now are others, and the one that is gone. */
export interface TimelineChange {
  /** Of the version put; `Infinity` where it is the latest. */
  readonly validTo: number
  readonly changed: readonly Version[]
  readonly removed: Version | undefined
}

/**
 * Puts a version into its place, as the versioned store of Kafka Streams does. `versions` may lack older ones, as long as one
 * begins no later than `timestamp` or is there to be the first.
 */
export function putVersion(
  versions: Version[],
  timestamp: number,
  content: unknown,
  serde: Serde<unknown> | null,
): TimelineChange {
  const index = placeAfter(versions, timestamp)
  const next = versions[index]
  const before = versions[index - 1]
  const validTo = next === undefined ? Number.POSITIVE_INFINITY : next.timestamp
  if (before?.timestamp === timestamp) {
    if (next === undefined && content === null && !before.marked) {
      versions.pop()
      const last = versions.at(-1)
      if (last !== undefined) last.validTo = validTo
      return { validTo, changed: last === undefined ? [] : [last], removed: before }
    }
    before.content = content
    if (next !== undefined) next.marked = true
    return { validTo, changed: next === undefined ? [before] : [before, next], removed: undefined }
  }
  const added = new Version(timestamp, serde, content, validTo, isMarked(before, next, content))
  versions.splice(index, 0, added)
  const changed = [added]
  if (before !== undefined) {
    before.validTo = timestamp
    changed.push(before)
  }
  if (next !== undefined) {
    next.marked = true
    changed.push(next)
  }
  return { validTo, changed, removed: undefined }
}

/** The version that was valid at a time: of versions as in `putVersion`. */
export function versionAt(versions: readonly Version[], time: number): Version | undefined {
  return versions[placeAfter(versions, time) - 1]
}

/** The index of the first version that begins after `time`. */
export function placeAfter(versions: readonly Version[], time: number): number {
  let low = 0
  let high = versions.length
  // Most come in order.
  if (high > 0 && versions[high - 1]!.timestamp <= time) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (versions[middle]!.timestamp <= time) low = middle + 1
    else high = middle
  }
  return low
}

function isMarked(before: Version | undefined, next: Version | undefined, content: unknown): boolean {
  if (next !== undefined) return before !== undefined && next.marked
  return content === null || (before !== undefined && before.content !== null)
}
