import type { KeySpace, StoreChanges, StorePlan } from '@millrace/core'
import type { BufferEntry } from '../buffer/buffer-entry.ts'
import { ExpiryIndex, type IndexLimits, indexName } from './expiry-index.ts'
import type { StoreBuffer } from '../buffer/store-buffer.ts'

const KEYS_AHEAD = 256

type Apart = (run: () => void | Promise<void>) => void | Promise<void>

/**
 * Deletes entries of a key-value store that have expired. Which ones depends on the time that is given alone, and not on when
 * it is asked: an entry is deleted as of its timestamp and the store's `ttlMs`. The deletions are puts like others, so they are
 * logged, emitted and dropped with the transaction in which they were made.
 */
export class StoreExpiry {
  readonly by: NonNullable<StorePlan['ttlBy']>
  readonly #buffer: StoreBuffer
  readonly #index: ExpiryIndex
  readonly #ttlMs: number

  private constructor(buffer: StoreBuffer, index: KeySpace, limits: IndexLimits | undefined) {
    const { plan, readKey } = buffer.codec
    this.by = plan.ttlBy ?? 'stream-time'
    this.#ttlMs = plan.ttlMs!
    this.#buffer = buffer
    this.#index = new ExpiryIndex({
      name: indexName(plan.name),
      backend: index,
      keys: { encode: key => buffer.encodeKey(key, 0), decode: bytes => readKey(bytes).key },
      ttlMs: this.#ttlMs,
      limits,
    })
    buffer.onPut = entry => this.#schedule(entry)
  }

  /** Begins with what the index has of the backend's entries. */
  static async open(buffer: StoreBuffer, index: KeySpace, limits?: IndexLimits): Promise<StoreExpiry> {
    const expiry = new StoreExpiry(buffer, index, limits)
    await expiry.#index.read()
    return expiry
  }

  /** When the next entry may expire, in milliseconds; Infinity while there is none. */
  get dueAt(): number {
    return this.#index.firstTime + this.#ttlMs
  }

  /**
   * Deletes entries that have expired at `now`, the oldest first, until `limit` of them have been looked at.
   *
   * @param settled resolves when the backend is not being written
   * @param apart runs each deletion, and takes it back where those below fail
   */
  async run(now: number, limit: number, settled: () => Promise<void>, apart: Apart): Promise<void> {
    const buffer = this.#buffer
    const until = now - this.#ttlMs
    for (let left = limit; left > 0;) {
      if (this.#index.needsRead(until)) {
        await settled()
        await this.#index.read()
      }
      const rows = this.#index.take(until, left)
      if (rows.length === 0) return
      const lacks = (key: unknown) => buffer.lacks(key, 0)
      const lacking = rows.map(({ key }) => key).filter(lacks)
      // Time mostly moves by little steps, of which each would read one entry: so others come along.
      if (lacking.length > 0) await buffer.prefetch([...lacking, ...this.#index.soon(KEYS_AHEAD).filter(lacks)], [])
      for (const [place, { key, time }] of rows.entries()) {
        if (this.#index.firstTime < time) {
          this.#index.putBack(rows.slice(place))
          break
        }
        left--
        const entry = buffer.entryOf(key)
        if (entry === undefined) continue
        if (entry.dueRow <= time) entry.dueRow = -1
        if (entry.content === null) continue
        // Also where it has expired by now: it waits for its own turn, so that the order is that of their times.
        if (entry.timestamp > time) {
          this.#schedule(entry)
          continue
        }
        const waiting = apart(() => buffer.expire(key, entry.timestamp + this.#ttlMs))
        if (waiting !== undefined) await waiting
      }
    }
  }

  changes(): StoreChanges {
    return this.#index.changes()
  }

  committed(): void {
    this.#index.committed()
  }

  /** An entry needs a row that comes up no later than itself. */
  #schedule(entry: BufferEntry): void {
    if (entry.dueRow >= 0 && entry.dueRow <= entry.timestamp) return
    entry.dueRow = Math.max(0, entry.timestamp)
    this.#index.add(entry.key, entry.dueRow)
  }
}
