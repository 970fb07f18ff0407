import type { LateOption } from './late.ts'
import type { Serde } from '../serde/serde.ts'
import type { SerdeOf } from './known-serdes.ts'
import type { StoreBuilder, StoreSettings } from '../state/store-builder.ts'
import type { MaxEntriesSettings } from '../state/max-entries.ts'
import type { TtlSettings } from '../state/ttl.ts'
import type {
  BadTimestampPolicy,
  OffsetReset,
  RecordMetadata,
  TargetTopic,
  TimestampExtractor,
} from '../topology/plan.ts'

export interface NameOption {
  /**
   * The node's name in `describe()` and in metrics; where a topic or store belongs to the node, part of its name. Named
   * nodes keep their topics and stores when the topology changes.
   * @default a generated one, the same as Kafka Streams'
   */
  readonly name?: string
}

/** How a topic is read. */
export interface SourceOptions<K, V> extends NameOption {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** @default the application's */
  readonly timestampExtractor?: TimestampExtractor<K, V>
  /** What happens with records whose timestamp is negative or cannot be extracted. @default the application's */
  readonly onBadTimestamp?: BadTimestampPolicy
  /** Where a partition without a committed offset starts. @default the application's */
  readonly offsetReset?: OffsetReset
}

/** How a global table is read: always from the beginning. */
export interface GlobalTableOptions<K, V> extends NameOption {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** @default a store with a generated name */
  readonly store?:
    | string
    | Omit<StoreOptions, 'caching' | 'logging' | 'historyRetentionMs' | keyof TtlSettings | keyof MaxEntriesSettings>
}

/** A topic, several, or a pattern for their whole names. */
export type TopicsRead = string | readonly string[] | RegExp

export interface TableOptions<K, V> extends SourceOptions<K, V>, LateOption<K, V> {
  /** Keeps the table in a store that can be asked for by name. @default a store only where another operator needs one */
  readonly store?: string | StoreOptions
}

/** A store of the DSL. Caching is on unless switched off. */
export interface StoreOptions extends StoreSettings, TtlSettings, MaxEntriesSettings {
  /** @default generated */
  readonly name?: string
  /**
   * Keeps the versions of each row for so long, in milliseconds of stream time, and makes the table a versioned one: records
   * that come out of order go to where they belong, streams are joined with what was valid at their records' times, and
   * records older than that are refused. Never cached. (KIP-889, KIP-914.) @default only the last value of each key
   */
  readonly historyRetentionMs?: number
}

export interface WindowStoreSettings extends Omit<
  StoreOptions,
  'historyRetentionMs' | keyof TtlSettings | keyof MaxEntriesSettings
> {
  /**
   * How long a window is kept from its start, a session from its end, in milliseconds of stream time.
   * @default size (or gap) and grace together; of sliding windows twice the time difference and the grace
   */
  readonly retentionMs?: number
}

/**
 * Of operators whose result is kept in a store. `key` and `value` are the serdes of the result, here as everywhere (ADR 12).
 * @default the serdes of the records, where they are known
 */
export interface MaterializeOptions<K, V> extends SerdeOptions<K, V> {
  /** A name, or the store's settings. */
  readonly store?: string | StoreOptions
}

/** Of `toTable`. */
export interface ToTableOptions<K, V> extends MaterializeOptions<K, V>, LateOption<K, V> {}

/** The same over windows. `key` is the serde of the keys inside. */
export interface MaterializeWindowsOptions<K, V> extends SerdeOptions<K, V> {
  /** A name, or the store's settings. */
  readonly store?: string | WindowStoreSettings
}

/** Of a stream's join with a table. */
export interface TableJoinOptions<K, V> extends SerdeOptions<K, V> {
  /**
   * With a versioned table: each record waits, until stream time has passed its own by so many milliseconds, for versions of
   * the table that come late. At most the table's history retention. The stream's serdes must be known. (KIP-923.)
   * @default it does not wait
   */
  readonly graceMs?: number
}

/** Serdes for records that are about to be written. @default those known so far */
export interface SerdeOptions<K, V> extends NameOption {
  readonly key?: SerdeOf<K>
  readonly value?: SerdeOf<V>
}

export interface SinkOptions<K, V> extends SerdeOptions<K, V> {
  /**
   * A partition, several, none (`[]` drops the record), or undefined for the default.
   * @default murmur2 of the key's bytes, as Kafka's own producers do
   */
  readonly partitioner?: Partitioner<K, V>
}

export type Partitioner<K, V> = (value: V, key: K, target: TargetTopic) => number | readonly number[] | undefined

/** Chooses the topic of each record. The topics must exist. */
export type TopicChoice<K, V> = (value: V, key: K, context: RecordMetadata) => string

export interface RepartitionOptions<K, V> extends SinkOptions<K, V> {
  /** @default as many as the largest topic that feeds it has */
  readonly partitions?: number
}

export interface GroupOptions<K, V> extends SerdeOptions<K, V> {
  /** Of the repartition topic, where there is one. @default as many as the largest topic that feeds it has */
  readonly partitions?: number
}

export interface GroupByOptions<K, V> extends GroupOptions<K, V> {
  readonly key: SerdeOf<K>
}

/**
 * Of a join by foreign key. Rows find each other by key alone, so where a table's topic is not partitioned by murmur2 of its
 * keys' bytes, say here how it is.
 */
export interface ForeignKeyJoinOptions<K, KO> extends NameOption {
  /** Of this table. @default answers go where they were asked from */
  readonly partitioner?: (key: K, target: TargetTopic) => number | undefined
  /** Of the other table. @default murmur2 of the key's bytes */
  readonly otherPartitioner?: (key: KO | null, target: TargetTopic) => number | undefined
}

/** Of `process`: the serdes of what it forwards may be given beside these. */
export interface ProcessOptions extends NameOption {
  /**
   * The stores that the processor may ask for. One that is given by its builder is added to the topology, and may be given to several
   * operators; give the name of one that is added already, as by `addReadOnlyStateStore`.
   */
  readonly stores?: readonly (StoreBuilder | string)[]
}

export interface PrintOptions<K, V> extends NameOption {
  /** In front of each line. @default the name of the node above */
  readonly label?: string
  /** @default `key, value` */
  readonly format?: (value: V, key: K) => string
  /** Where lines go. @default console.log */
  readonly write?: (line: string) => void
}
