import { type KeySpace, readInt64, type StoreChanges, writeInt64 } from '@millrace/core'
import { type ExpiryRow, ExpiryRows } from './expiry-rows.ts'
import { asBuffer } from '../format/store-codec.ts'

/** How the keys of a store are written in the index and read from it. */
export interface IndexedKeys {
  encode(key: unknown): Uint8Array
  decode(bytes: Buffer): unknown
}

const TIME_BYTES = 8
const NO_VALUE = Buffer.alloc(1)
/** How many rows are read from the backend together, and with how many on the heap the later half is left to the backend. */
export interface IndexLimits {
  readonly rowsPerRead: number
  readonly mostRows: number
}

const LIMITS: IndexLimits = { rowsPerRead: 1024, mostRows: 8192 }

/**
 * Which entries of a store may expire when: rows of `time int64, key` in a key space of their own, and so in the order of time.
 * A key gets a row when it is first put, not with each put: when the row's time has come, the entry tells whether it was put
 * again since, and then it gets another row. So there is about one row for each key, however often it is put, and the work at
 * a time is proportional to the rows that have come up.
 *
 * The rows that come first are on the heap as well; those that no commit has carried are there, or wait in `#added`.
 */
export class ExpiryIndex {
  readonly #name: string
  readonly #backend: KeySpace
  readonly #keys: IndexedKeys
  /** Rows that were looked at go from the backend together, each time that so much time has passed. */
  readonly #sweepMs: number
  readonly #limits: IndexLimits
  readonly #rows = new ExpiryRows()
  /** From where on the backend has rows that are not on the heap, and their time at least; undefined: there are none. */
  #rest: { readonly from: Uint8Array; readonly time: number } | undefined = { from: Buffer.alloc(TIME_BYTES), time: 0 }
  #added: ExpiryRow[] = []
  #lastTaken = -1
  #swept = 0

  constructor(options: {
    readonly name: string
    readonly backend: KeySpace
    readonly keys: IndexedKeys
    readonly ttlMs: number
    /** @default 1024 and 8192 */
    readonly limits?: IndexLimits | undefined
  }) {
    this.#name = options.name
    this.#backend = options.backend
    this.#keys = options.keys
    this.#limits = options.limits ?? LIMITS
    this.#sweepMs = Math.max(1, Math.ceil(options.ttlMs / 8))
  }

  /** The time of the first row, or an earlier one before it is read; Infinity where there is none. */
  get firstTime(): number {
    return Math.min(this.#rows.first?.time ?? Infinity, this.#rest?.time ?? Infinity)
  }

  add(key: unknown, time: number): void {
    const row = { time, key, held: false, done: false }
    this.#added.push(row)
    if (time <= this.#restTime) this.#rows.push(row)
  }

  /** Whether rows up to a time may be in the backend alone, and have to be read before they can be taken. */
  needsRead(until: number): boolean {
    const time = this.#restTime
    return time <= until && (this.#rows.first?.time ?? Infinity) > time
  }

  /** Brings the next rows onto the heap. Not while the backend is written. */
  async read(): Promise<void> {
    if (this.#rest === undefined) return
    await using iterator = this.#backend.iterate({ from: this.#rest.from, limit: this.#limits.rowsPerRead })
    let count = 0
    let last: Buffer | undefined
    for (let chunk = await iterator.nextChunk(); chunk.length > 0; chunk = await iterator.nextChunk()) {
      for (const [bytes] of chunk) {
        last = Buffer.from(bytes)
        count++
        const key = this.#keys.decode(last.subarray(TIME_BYTES))
        this.#rows.push({ time: readInt64(last, 0), key, held: true, done: false })
      }
    }
    this.#rest =
      last === undefined || count < this.#limits.rowsPerRead
        ? undefined
        : { from: Buffer.concat([last, Buffer.alloc(1)]), time: readInt64(last, 0) }
    // What no commit has carried yet is not in the backend, so no later reading brings it.
    const time = this.#restTime
    for (const row of this.#added) if (!row.held && row.time <= time) this.#rows.push(row)
  }

  /** The first rows up to a time, in order, no more than `limit`, and no further than `needsRead`. */
  take(until: number, limit: number): readonly ExpiryRow[] {
    const taken: ExpiryRow[] = []
    for (;;) {
      const { first } = this.#rows
      if (first === undefined || first.time > until || taken.length === limit || this.needsRead(until)) return taken
      this.#rows.pop().done = true
      this.#lastTaken = Math.max(this.#lastTaken, first.time)
      taken.push(first)
    }
  }

  /** Takes rows back that were taken too early. */
  putBack(rows: readonly ExpiryRow[]): void {
    for (const row of rows) {
      row.done = false
      this.#rows.push(row)
    }
  }

  /** Keys whose turn is likely to come soon. */
  soon(count: number): readonly unknown[] {
    return this.#rows.early(count).map(({ key }) => key)
  }

  /** What the commit at hand changes in the backend. */
  changes(): StoreChanges {
    const keys = this.#added.filter(({ done }) => !done).map(({ time, key }) => rowKey(time, this.#keys.encode(key)))
    const changes = { store: this.#name, keys, values: keys.map(() => NO_VALUE) }
    const live = Math.min(this.firstTime, this.#lastTaken + 1)
    if (Math.floor(live / this.#sweepMs) <= this.#swept) return changes
    this.#swept = Math.floor(live / this.#sweepMs)
    return { ...changes, deleteRanges: [{ to: rowKey(live) }] }
  }

  committed(): void {
    this.#added = []
    const { mostRows } = this.#limits
    if (this.#rows.size <= mostRows) return
    const time = this.#rows.cut(Math.floor(mostRows / 2))
    this.#rest = { from: rowKey(time), time }
  }

  get #restTime(): number {
    return this.#rest?.time ?? Infinity
  }
}

/** The rows of entries that a store is given past its buffer: when it is restored. `values` begin with the timestamp. */
export function indexRows(
  name: string,
  keys: readonly Uint8Array[],
  values: readonly (Uint8Array | null)[],
): StoreChanges {
  const rows = values.flatMap((value, index) =>
    value === null ? [] : [rowKey(readInt64(asBuffer(value), 0), keys[index])],
  )
  return { store: name, keys: rows, values: rows.map(() => NO_VALUE) }
}

/** The name of a store's index among the key spaces of its task. No store of a user can be called so. */
export function indexName(store: string): string {
  return `${store}#expiry`
}

function rowKey(time: number, key?: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(TIME_BYTES + (key?.length ?? 0))
  writeInt64(bytes, 0, Math.max(0, time))
  if (key !== undefined) asBuffer(key).copy(bytes, TIME_BYTES)
  return bytes
}
