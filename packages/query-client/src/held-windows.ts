import { invalid } from './check-options.ts'
import { toJsonForm } from './json-form.ts'
import type { LiveEntry, LiveEvent } from './live-events.ts'

/** A key of a window store or a session store. */
interface WindowKey {
  readonly key: unknown
  readonly start: number
  readonly end: number
}

/** Windows of a second are looked through together. */
const BUCKET_MS = 1000

/** The windows that a reader has, of each partition: an expiry becomes an entry without value for each of those that are gone. */
export class HeldWindows {
  readonly #partitions = new Map<number, Held>()

  /** The same event, with entries for what has expired. */
  take(event: LiveEvent<unknown, unknown>): LiveEvent<unknown, unknown> {
    if (event.type === 'waiting') return event
    const { partition, entries, expired } = event
    if (event.type === 'snapshot' && expired === undefined)
      throw invalid('liveWindows', 'the store has neither windows nor sessions; follow it with live')
    const isNew = event.type === 'snapshot' && event.first
    const known = isNew ? undefined : this.#partitions.get(partition)
    const held = known ?? new Held(expired?.by ?? 'start')
    this.#partitions.set(partition, held)
    for (const { key, value } of entries) held.take(key as WindowKey, value !== undefined)
    if (event.type === 'snapshot' || expired === undefined) return event
    const gone = held.expire(expired.before).map((key): LiveEntry<unknown, unknown> => ({ key, value: undefined }))
    return gone.length === 0 ? event : { ...event, entries: [...entries, ...gone] }
  }
}

/** The windows of a partition, by the time by which they expire. */
class Held {
  readonly #by: 'start' | 'end'
  readonly #buckets = new Map<number, Map<string, WindowKey>>()

  constructor(by: 'start' | 'end') {
    this.#by = by
  }

  take(window: WindowKey, isThere: boolean): void {
    const place = Math.floor(window[this.#by] / BUCKET_MS)
    const text = JSON.stringify(toJsonForm(window))
    const bucket = this.#buckets.get(place)
    if (!isThere) {
      bucket?.delete(text)
      if (bucket?.size === 0) this.#buckets.delete(place)
    } else if (bucket === undefined) this.#buckets.set(place, new Map([[text, window]]))
    else bucket.set(text, window)
  }

  /** Lets go of the windows whose time is before. */
  expire(before: number): readonly WindowKey[] {
    const gone: WindowKey[] = []
    for (const [place, bucket] of this.#buckets) {
      if (place * BUCKET_MS >= before) continue
      for (const [text, window] of bucket) {
        if (window[this.#by] >= before) continue
        gone.push(window)
        bucket.delete(text)
      }
      if (bucket.size === 0) this.#buckets.delete(place)
    }
    return gone
  }
}
