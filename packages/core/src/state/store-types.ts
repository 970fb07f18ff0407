import type { Windowed } from '../record/windowed.ts'
import type {
  ReadOnlyKeyValueStore,
  ReadOnlySessionStore,
  ReadOnlyVersionedKeyValueStore,
  ReadOnlyWindowStore,
} from './read-only-stores.ts'

/**
 * A state store as user code sees it. A read returns the value at once if it is in memory, otherwise a promise, so always
 * `await` it. A write takes effect at once for the same task and is durable with the next commit.
 */
/** A value, or a promise of it where it must be read from disk. */
export type MaybePromise<T> = T | Promise<T>

/** A key-value store, ordered by the bytes of the key. */
export interface KeyValueStore<K, V> extends ReadOnlyKeyValueStore<K, V> {
  /** `null` deletes. */
  put(key: K, value: V | null): void
  /** Stores the value if the key has none. Returns the existing value. */
  putIfAbsent(key: K, value: V): MaybePromise<V | undefined>
  /** Deletes the key. Returns its previous value. */
  delete(key: K): MaybePromise<V | undefined>
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
export interface WindowStore<K, V> extends ReadOnlyWindowStore<K, V> {
  /** `windowStart` in milliseconds since the epoch; `null` deletes. */
  put(key: K, value: V | null, windowStart: number): void
}

/**
 * A session store: values by key, start and end of the session. Sessions that ended before the retention of the store are
 * deleted.
 */
export interface SessionStore<K, V> extends ReadOnlySessionStore<K, V> {
  /** `null` deletes. */
  put(session: Windowed<K>, value: V | null): void
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
export interface VersionedKeyValueStore<K, V> extends ReadOnlyVersionedKeyValueStore<K, V> {
  /**
   * Stores the value that is valid from `timestamp` (milliseconds since the epoch) until the next version. `null` deletes.
   * Versions may arrive out of order: `await` the result before the next call. A version older than the history retention is
   * rejected, counted and logged.
   */
  put(key: K, value: V | null, timestamp: number): MaybePromise<VersionedPut>
  /** Deletes the key from `timestamp` on. Returns the value that was valid then. */
  delete(key: K, timestamp: number): MaybePromise<VersionedRecord<V> | undefined>
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
