import type { MaybePromise } from './store-types.ts'

/**
 * Stores as the engine's operators see them: typed, timestamped, over the task's write buffer. What user code sees is in
 * `store-types.ts`.
 */

/**
 * A value with the timestamp of its last update. `value` of a mutable type is decoded again at each reading, so what
 * one reader changes in place no other reader sees. An entry is good until the next `put` of its key.
 */
export interface StoredValue {
  readonly value: unknown
  readonly timestamp: number
  /** The bytes of the value, where the store keeps those. */
  readonly encoded?: Uint8Array | undefined
}

export interface TableStore {
  /**
   * Whether updates are emitted at the next commit, one for each key, through `onEmit`. Otherwise the operator forwards
   * each update itself.
   */
  readonly caching: boolean
  /** The zero of the store's number type, for `count`: the value of eight zero bytes. */
  zero(): unknown
  get(key: unknown): MaybePromise<StoredValue | undefined>
  /** A null value deletes. The value is encoded now, unless it is immutable. */
  put(key: unknown, value: unknown, timestamp: number): void
  /**
   * What updates are emitted to that the operator does not forward itself: those of a store that caches, and deletions of what
   * has expired. With `sendOldValues` the listener gets what the last emission gave, otherwise null.
   */
  onEmit(listener: (key: unknown, value: unknown, old: unknown) => void | Promise<void>, sendOldValues: boolean): void
  /** Only of a versioned store, whose `get` gives the latest version. It does not cache, and `put` says too little. */
  readonly versioned?: VersionedTableStore
}

/** What a store knows that keeps the versions of each key. */
export interface VersionedTableStore {
  /** The highest timestamp that was put, or -1. */
  readonly streamTime: number
  /** What was valid at a time; nothing for one longer ago than the history retention. */
  getAsOf(key: unknown, time: number): MaybePromise<StoredValue | undefined>
  /**
   * A null value deletes. Gives when the version ceased to be valid, `Infinity` for the latest, and undefined for one that
   * was refused, because it is older than the history retention.
   */
  putVersion(key: unknown, value: unknown, timestamp: number): MaybePromise<number | undefined>
}

export interface WindowTableStore {
  readonly caching: boolean
  zero(): unknown
  get(key: unknown, windowStart: number): MaybePromise<StoredValue | undefined>
  put(key: unknown, windowStart: number, value: unknown, timestamp: number): void
  onEmit(
    listener: (key: unknown, windowStart: number, value: unknown, old: unknown) => void | Promise<void>,
    sendOldValues: boolean,
  ): void
}

/** An entry of a `RangeStore`: good until the next `put` at its place. */
export interface RangeEntry extends StoredValue {
  readonly key: unknown
  /** What the store is ordered by: the start of a window, the end of a session. */
  readonly slot: number
  /** What is left to tell entries apart: the start of a session, the sequence number of a duplicate; otherwise 0. */
  readonly tie: number
}

/**
 * A store of windows or sessions that is read by ranges of time. All entries of a key are brought onto the heap together
 * by `load`; from then on, while the record is in hand, reads of the key answer at once.
 */
export interface RangeStore {
  readonly caching: boolean
  /** Entries of slots before are not shown any more. */
  readonly expiredBefore: number
  zero(): unknown
  /** A promise only where the key's entries must be read from disk first. */
  load(key: unknown): void | Promise<void>
  /** Entries of a loaded key with `from <= slot <= to`, ascending by slot and tie; without those that have expired. */
  range(key: unknown, from: number, to: number): readonly RangeEntry[]
  /** Of a loaded key. */
  get(key: unknown, slot: number, tie?: number): RangeEntry | undefined
  /** A null value deletes. */
  put(key: unknown, slot: number, tie: number, value: unknown, timestamp: number): void
  /** Adds an entry beside those of the same slot; a null value is only logged. For stores that keep duplicates. */
  append(key: unknown, slot: number, value: unknown): void
  /** Moves the store's time on, as an entry of that slot would. */
  advance(slot: number): void
  /** Entries of all keys with `from <= slot <= to`, ascending by slot, then by tie, then by the bytes of the key. */
  all(from: number, to: number): MaybePromise<readonly RangeEntry[]>
  onEmit(
    listener: (entry: RangeEntry, value: unknown, old: unknown) => void | Promise<void>,
    sendOldValues: boolean,
  ): void
}

/** A key-value store with bytes as keys that is also read by what keys begin with. */
export interface PrefixTableStore extends TableStore {
  /**
   * Entries whose keys begin with `prefix`, in the order of their bytes, uncommitted changes included. A list where the heap has
   * them all; otherwise what is changed while they are walked may or may not appear.
   */
  withPrefix(prefix: Buffer): readonly StoreRow[] | AsyncIterable<StoreRow>
}

export interface StoreRow {
  readonly key: unknown
  readonly value: unknown
}

/** A key-value store that is also walked in the order of its keys' bytes. */
export interface OrderedTableStore extends TableStore {
  /**
   * From `from` to before `to`, uncommitted changes included. What is changed while it is walked may or may not appear.
   */
  entries(from?: unknown, to?: unknown): AsyncIterable<StoreRow>
}
