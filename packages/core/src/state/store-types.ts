import type { Window, Windowed } from '../record/windowed.ts'
import type { Serde } from '../serde/serde.ts'

/**
 * A state store as user code sees it. A read returns the value at once if it is in memory, otherwise a promise, so always
 * `await` it. A write takes effect at once for the same task and is durable with the next commit.
 */
/** A value, or a promise of it where it must be read from disk. */
export type MaybePromise<T> = T | Promise<T>

/** A key-value store, ordered by the bytes of the key. */
export interface KeyValueStore<K, V> {
  readonly name: string
  get(key: K): MaybePromise<V | undefined>
  /** `null` deletes. */
  put(key: K, value: V | null): void
  /** Stores the value if the key has none. Returns the existing value. */
  putIfAbsent(key: K, value: V): MaybePromise<V | undefined>
  /** Deletes the key. Returns its previous value. */
  delete(key: K): MaybePromise<V | undefined>
  /** Returns the entries from `from` to `to`, both inclusive, in byte order of the keys. */
  range(range: KeyRangeOf<K>): AsyncIterable<readonly [key: K, value: V]>
  all(options?: WalkOptions): AsyncIterable<readonly [key: K, value: V]>
  /**
   * Returns the entries whose key bytes start with the bytes of `prefix`, in byte order. `serde` encodes the prefix, which can
   * have another type than the keys (KIP-614).
   */
  prefixScan<P>(prefix: P, serde: Serde<P>, options?: WalkOptions): AsyncIterable<readonly [key: K, value: V]>
  /** Returns the number of entries, including uncommitted changes: exact in memory, an estimate of the backend on disk. */
  approximateCount(): MaybePromise<number>
}

export interface WalkOptions {
  /** Whether to iterate from the last entry to the first. @default false */
  readonly reverse?: boolean
}

export interface KeyRangeOf<K> extends WalkOptions {
  /** Inclusive. @default the first key */
  readonly from?: K
  /** Inclusive, as in Kafka Streams. @default the last key */
  readonly to?: K
}

/** A window store: values by key and start of the window. Windows older than the retention of the store are deleted. */
export interface WindowStore<K, V> {
  readonly name: string
  /** `windowStart` in milliseconds since the epoch; `null` deletes. */
  put(key: K, value: V | null, windowStart: number): void
  fetch(key: K, windowStart: number): MaybePromise<V | undefined>
  /** Returns the windows of a key that start from `from` to `to`, both inclusive, oldest first. */
  fetchRange(
    key: K,
    from: number,
    to: number,
    options?: WalkOptions,
  ): AsyncIterable<readonly [windowStart: number, value: V]>
  /** The same for a range of keys, in the order of `fetchAll`. */
  fetchKeys(
    keys: KeyRangeOf<K>,
    from: number,
    to: number,
  ): AsyncIterable<readonly [key: K, windowStart: number, value: V]>
  /**
   * Windows of all keys that start from `from` to `to`, both inclusive: segment by segment of time (half the retention each,
   * at least a minute), and in it by the bytes of key and start together.
   */
  fetchAll(
    from: number,
    to: number,
    options?: WalkOptions,
  ): AsyncIterable<readonly [key: K, windowStart: number, value: V]>
  all(options?: WalkOptions): AsyncIterable<readonly [key: K, windowStart: number, value: V]>
}

/**
 * A session store: values by key, start and end of the session. Sessions that ended before the retention of the store are
 * deleted.
 */
export interface SessionStore<K, V> {
  readonly name: string
  /** `null` deletes. */
  put(session: Windowed<K>, value: V | null): void
  fetchSession(key: K, window: Window): MaybePromise<V | undefined>
  /**
   * Returns the sessions of a key that end at `earliestEnd` or later and start at `latestStart` or earlier, by end, then
   * start.
   */
  findSessions(
    key: K,
    earliestEnd: number,
    latestStart: number,
    options?: WalkOptions,
  ): AsyncIterable<readonly [window: Window, value: V]>
  /** The same for a range of keys, in the order of `fetchAll`. */
  findKeySessions(
    keys: KeyRangeOf<K>,
    earliestEnd: number,
    latestStart: number,
  ): AsyncIterable<readonly [session: Windowed<K>, value: V]>
  /** Returns all sessions of a key, by end, then start. */
  fetch(key: K, options?: WalkOptions): AsyncIterable<readonly [window: Window, value: V]>
  /** All sessions of a range of keys, in the order of `fetchAll`. */
  fetchKeys(keys: KeyRangeOf<K>): AsyncIterable<readonly [session: Windowed<K>, value: V]>
  /** Sessions of all keys that end from `earliestEnd` to `latestEnd`, both inclusive, by end, then start, then key. */
  fetchAll(
    earliestEnd: number,
    latestEnd: number,
    options?: WalkOptions,
  ): AsyncIterable<readonly [session: Windowed<K>, value: V]>
  /** By end, then start, then the bytes of the key. */
  all(options?: WalkOptions): AsyncIterable<readonly [session: Windowed<K>, value: V]>
}

/** A value and the timestamp of its last update, as stored by tables. */
export interface ValueAndTimestamp<V> {
  readonly value: V
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

/** The store behind a table or an aggregation. */
export type TimestampedKeyValueStore<K, V> = KeyValueStore<K, ValueAndTimestamp<V>>

/** The store behind a windowed aggregation. */
export type TimestampedWindowStore<K, V> = WindowStore<K, ValueAndTimestamp<V>>

/**
 * A versioned store: the versions of each key with their validity. Versions that ceased to be valid before the history
 * retention, by stream time of the store, are deleted, except the latest of a key. `VersionedKeyValueStore` in Kafka Streams
 * (KIP-889, KIP-968).
 */
export interface VersionedKeyValueStore<K, V> {
  readonly name: string
  /**
   * Stores the value that is valid from `timestamp` (milliseconds since the epoch) until the next version. `null` deletes.
   * Versions may arrive out of order: `await` the result before the next call. A version older than the history retention is
   * rejected, counted and logged.
   */
  put(key: K, value: V | null, timestamp: number): MaybePromise<VersionedPut>
  /** Deletes the key from `timestamp` on. Returns the value that was valid then. */
  delete(key: K, timestamp: number): MaybePromise<VersionedRecord<V> | undefined>
  /** Returns the latest version, or with `asOf` the version that was valid at that time. */
  get(key: K, asOf?: number): MaybePromise<VersionedRecord<V> | undefined>
  /** Returns the versions of a key that were valid within a time range. */
  versions(key: K, within?: VersionRange): AsyncIterable<VersionedRecord<V>>
}

/** The result of a put. */
export interface VersionedPut {
  /** False if the version was rejected because it is older than the history retention. */
  readonly accepted: boolean
  /** When the version ceased to be valid, in milliseconds since the epoch; absent for the latest version. */
  readonly validTo?: number
}

export interface VersionedRecord<V> {
  readonly value: V
  /** When the version became valid, in milliseconds since the epoch. */
  readonly timestamp: number
  /** When the version ceased to be valid; absent for the latest version. */
  readonly validTo?: number
}

export interface VersionRange {
  /** Inclusive, in milliseconds. @default the oldest version */
  readonly from?: number
  /** Inclusive, in milliseconds. @default the latest version */
  readonly to?: number
  /** Whether to start with the latest version. @default false */
  readonly reverse?: boolean
}
