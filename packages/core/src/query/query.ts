import {
  aBoolean,
  aBound,
  aSerde,
  type Check,
  checkedInside,
  type Fields,
  optional,
  optionsOf,
} from '../arguments/check.ts'
import { type Argument, checkArguments } from '../arguments/checked-methods.ts'
import type { Windowed } from '../record/windowed.ts'
import type { Serde } from '../serde/serde.ts'
import type { ValueAndTimestamp, VersionedRecord } from '../state/store-types.ts'

/**
 * A question to a state store, as data. `R` is the type of the answer of one partition. The types of queries are those of Kafka
 * Streams (KIP-796, KIP-805, KIP-806, KIP-960, KIP-968, KIP-969, KIP-992); `prefixQuery` and the limits are additions.
 */
export interface Query<R> {
  readonly type: QueryType
  /** Never there: carries the type only. */
  readonly result?: R
}

export type QueryType = AnyQuery['type']

/** Which stores can answer a query is decided by the kind of the store, see `docs/queries.md`. */
export type AnyQuery =
  | { readonly type: 'key'; readonly key: unknown }
  | ({ readonly type: 'range' } & RangeSettings<unknown>)
  | ({ readonly type: 'prefix'; readonly prefix: unknown; readonly serde: Serde<unknown> } & ListSettings)
  | { readonly type: 'timestamped-key'; readonly key: unknown }
  | ({ readonly type: 'timestamped-range' } & RangeSettings<unknown>)
  | ({ readonly type: 'window-key'; readonly key: unknown } & TimeRange & ListSettings)
  | ({ readonly type: 'window-range'; readonly keys?: KeyBounds<unknown> } & TimeRange & ListSettings)
  | ({ readonly type: 'session'; readonly key: unknown } & TimeRange & ListSettings)
  | { readonly type: 'versioned-key'; readonly key: unknown; readonly asOf?: number }
  | ({ readonly type: 'versions'; readonly key: unknown } & TimeRange & ListSettings)

export interface ListSettings {
  /** Whether to begin with the last entry. @default false */
  readonly reverse?: boolean
  /**
   * The maximum number of entries from each partition. If there are more, the answer of the partition says `more: true`.
   * @default 10000
   */
  readonly limit?: number
}

/** Bounds of keys, by the bytes of their serde. Both are inclusive. */
export interface KeyBounds<K> {
  /** @default the first key */
  readonly from?: K
  /** @default the last key */
  readonly to?: K
}

export interface RangeSettings<K> extends KeyBounds<K>, ListSettings {}

/** Milliseconds since the epoch. Both bounds are inclusive. */
export interface TimeRange {
  /** @default the oldest entry */
  readonly from?: number
  /** @default the latest entry */
  readonly to?: number
}

/*
 * What a query is checked for here is what would be lost without a word: a misspelt bound reads everything. Keys and numbers are checked by
 * the application that answers, since a query may come from elsewhere.
 */
const LIST: Fields = { reverse: optional(aBoolean), limit: checkedInside }
const BOUNDS: Fields = { from: aBound, to: aBound }
const TIMES: Fields = { from: checkedInside, to: checkedInside }
const some = (fields: Fields): Check => optional(optionsOf(fields))
const KEY: Argument = ['key', checkedInside]
const KEYS: Argument = ['range', some({ ...BOUNDS, ...LIST })]
const RANGE: Argument = ['range', some({ ...TIMES, ...LIST })]

/** The value of a key, or undefined. Of a table it is the value without its timestamp. `KeyQuery` in Kafka Streams. */
export function keyQuery<V = unknown>(key: unknown): Query<V | undefined> {
  return made({ type: 'key', key })
}

/** The entries of a range of keys. Without bounds all entries. `RangeQuery` in Kafka Streams. */
export function rangeQuery<K, V = unknown>(range: RangeSettings<K> = {}): Query<readonly Entry<K, V>[]> {
  checkArguments('rangeQuery', [KEYS], [range])
  return made({ ...range, type: 'range' })
}

/** The entries whose key bytes start with the bytes of `prefix`, which `serde` encodes. */
export function prefixQuery<P, K = P, V = unknown>(
  prefix: P,
  serde: Serde<P>,
  settings: ListSettings = {},
): Query<readonly Entry<K, V>[]> {
  const rule: readonly Argument[] = [
    ['prefix', checkedInside],
    ['serde', aSerde],
    ['settings', some(LIST)],
  ]
  checkArguments('prefixQuery', rule, [prefix, serde, settings])
  return made({ ...settings, type: 'prefix', prefix, serde })
}

/** The row of a table with its timestamp, or undefined. `TimestampedKeyQuery` in Kafka Streams. */
export function timestampedKeyQuery<V = unknown>(key: unknown): Query<ValueAndTimestamp<V> | undefined> {
  return made({ type: 'timestamped-key', key })
}

/** The rows of a range of keys with their timestamps. `TimestampedRangeQuery` in Kafka Streams. */
export function timestampedRangeQuery<K, V = unknown>(
  range: RangeSettings<K> = {},
): Query<readonly Entry<K, ValueAndTimestamp<V>>[]> {
  checkArguments('timestampedRangeQuery', [KEYS], [range])
  return made({ ...range, type: 'timestamped-range' })
}

/**
 * The windows of a key that start from `from` to `to`. The value of a table is a value with its timestamp. `WindowKeyQuery` in Kafka
 * Streams.
 */
export function windowKeyQuery<V = unknown>(
  key: unknown,
  range: TimeRange & ListSettings = {},
): Query<readonly WindowEntry<V>[]> {
  checkArguments('windowKeyQuery', [KEY, RANGE], [key, range])
  return made({ ...range, type: 'window-key', key })
}

/** The windows of all keys, or of a range of keys, that start from `from` to `to`. `WindowRangeQuery` in Kafka Streams. */
export function windowRangeQuery<K, V = unknown>(
  range: TimeRange & ListSettings & { readonly keys?: KeyBounds<K> } = {},
): Query<readonly WindowedEntry<K, V>[]> {
  const fields = { ...TIMES, ...LIST, keys: some(BOUNDS) }
  checkArguments('windowRangeQuery', [['range', some(fields)]], [range])
  return made({ ...range, type: 'window-range' })
}

/**
 * The sessions of a key that overlap the range: they end at `from` or later and start at `to` or earlier. Kafka Streams:
 * `WindowRangeQuery.withKey`.
 */
export function sessionQuery<K, V = unknown>(
  key: K,
  range: TimeRange & ListSettings = {},
): Query<readonly WindowedEntry<K, V>[]> {
  checkArguments('sessionQuery', [KEY, RANGE], [key, range])
  return made({ ...range, type: 'session', key })
}

/** The latest version of a key, or the one that was valid at `asOf`, or undefined. `VersionedKeyQuery` in Kafka Streams. */
export function versionedKeyQuery<V = unknown>(
  key: unknown,
  options: { readonly asOf?: number } = {},
): Query<VersionedRecord<V> | undefined> {
  checkArguments('versionedKeyQuery', [KEY, ['options', some({ asOf: checkedInside })]], [key, options])
  return made({ ...options, type: 'versioned-key', key })
}

/** The versions of a key that were valid within a time range, oldest first. `MultiVersionedKeyQuery` in Kafka Streams. */
export function versionsQuery<V = unknown>(
  key: unknown,
  range: TimeRange & ListSettings = {},
): Query<readonly VersionedRecord<V>[]> {
  checkArguments('versionsQuery', [KEY, RANGE], [key, range])
  return made({ ...range, type: 'versions', key })
}

export type Entry<K, V> = readonly [key: K, value: V]

export type WindowEntry<V> = readonly [windowStart: number, value: V]

export type WindowedEntry<K, V> = readonly [window: Windowed<K>, value: V]

function made<R>(query: AnyQuery): Query<R> {
  return Object.freeze(query)
}
