import type { Window, Windowed } from '../record/windowed.ts'
import type { Serde } from '../serde/serde.ts'
import type {
  KeyRangeOf,
  KeyValueStore,
  MaybePromise,
  SessionStore,
  ValueAndTimestamp,
  VersionedKeyValueStore,
  VersionedRecord,
  VersionRange,
  WalkOptions,
  WindowStore,
} from './store-types.ts'

/** A key-value store that can be read. `ReadOnlyKeyValueStore` in Kafka Streams. */
export interface ReadOnlyKeyValueStore<K, V> {
  readonly name: string
  get(key: K): MaybePromise<V | undefined>
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

/** A window store that can be read. `ReadOnlyWindowStore` in Kafka Streams. */
export interface ReadOnlyWindowStore<K, V> {
  readonly name: string
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

/** A session store that can be read. `ReadOnlySessionStore` in Kafka Streams. */
export interface ReadOnlySessionStore<K, V> {
  readonly name: string
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

/** A versioned store that can be read. */
export interface ReadOnlyVersionedKeyValueStore<K, V> {
  readonly name: string
  /** Returns the latest version, or with `asOf` the version that was valid at that time. */
  get(key: K, asOf?: number): MaybePromise<VersionedRecord<V> | undefined>
  /** Returns the versions of a key that were valid within a time range. */
  versions(key: K, within?: VersionRange): AsyncIterable<VersionedRecord<V>>
}

/** The store of a table, for reading. */
export type ReadOnlyTimestampedKeyValueStore<K, V> = ReadOnlyKeyValueStore<K, ValueAndTimestamp<V>>

/** The store of a windowed aggregation, for reading. */
export type ReadOnlyTimestampedWindowStore<K, V> = ReadOnlyWindowStore<K, ValueAndTimestamp<V>>

/** What can be read of a store; `never` for a custom store. */
export type ReadOnlyStoreOf<Store> =
  Store extends KeyValueStore<infer K, infer V>
    ? ReadOnlyKeyValueStore<K, V>
    : Store extends WindowStore<infer K, infer V>
      ? ReadOnlyWindowStore<K, V>
      : Store extends SessionStore<infer K, infer V>
        ? ReadOnlySessionStore<K, V>
        : Store extends VersionedKeyValueStore<infer K, infer V>
          ? ReadOnlyVersionedKeyValueStore<K, V>
          : never
