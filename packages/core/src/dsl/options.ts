import type { LateOption } from './late-option.ts'
import type { Serde } from '../serde/serde.ts'
import type { ResultSerde, RowOf, SerdeOf, WindowedKeyHint } from './known-serdes.ts'
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
   * The name of the node in `describeTopology()` and in metrics. If the node has a topic or a store, the name is part of their names.
   * A named node keeps its topics and stores when the topology changes.
   * @default a generated name, the same as in Kafka Streams
   */
  readonly name?: string
}

/** Options of a source: how a topic is read. */
export interface SourceOptions<K, V> extends NameOption {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** @default the `timestampExtractor` of the application */
  readonly timestampExtractor?: TimestampExtractor<K, V>
  /**
   * What to do with a record whose timestamp is negative or cannot be extracted.
   * @default the `onBadTimestamp` of the application
   */
  readonly onBadTimestamp?: BadTimestampPolicy
  /** Where to start in a partition without a committed offset. @default the `offsetReset` of the application */
  readonly offsetReset?: OffsetReset
}

/** Options of a global table. It is always read from the beginning of the topic. */
export interface GlobalTableOptions<K, V> extends NameOption {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** @default a store with a generated name */
  readonly store?:
    | string
    | Omit<StoreOptions, 'caching' | 'logging' | 'historyRetentionMs' | keyof TtlSettings | keyof MaxEntriesSettings>
}

/** A topic name, several topic names, or a pattern that must match the whole name. */
export type TopicsRead = string | readonly string[] | RegExp

export interface TableOptions<K, V> extends SourceOptions<K, V>, LateOption<K, V> {
  /**
   * Keeps the table in a store with this name or these settings.
   * @default a store is only created if another operator needs it
   */
  readonly store?: string | StoreOptions
}

/** Settings of a store of the DSL. Caching is on by default. */
export interface StoreOptions extends StoreSettings, TtlSettings, MaxEntriesSettings {
  /** @default a generated name */
  readonly name?: string
  /**
   * Makes the table versioned: it keeps the versions of each row for this long, in milliseconds of stream time. An
   * out-of-order record is inserted at its place, streams are joined with the version that was valid at the time of their
   * record, and records older than the retention are rejected. Versioned stores are never cached (KIP-889, KIP-914).
   * @default only the latest value of each key
   */
  readonly historyRetentionMs?: number
}

export interface WindowStoreSettings extends Omit<
  StoreOptions,
  'historyRetentionMs' | keyof TtlSettings | keyof MaxEntriesSettings
> {
  /**
   * How long a window is kept from its start, or a session from its end, in milliseconds of stream time.
   * @default size or gap plus grace period; for sliding windows twice the time difference plus the grace period
   */
  readonly retentionMs?: number
}

/**
 * Options of an operator whose result can be kept in a store. `key` and `value` are the serdes of the result (ADR 12).
 * @default the known serdes of the records
 */
export interface MaterializeOptions<K, V> extends SerdeOptions<K, V> {
  /** The name of the store, or its settings. */
  readonly store?: string | StoreOptions
}

/** Options of an aggregation: its result has a new type, so its serde is never known. */
export interface AggregateOptions<K, V> extends MaterializeOptions<K, V> {
  readonly value: ResultSerde<RowOf<V>>
}

/** Options of `toTable`. */
export interface ToTableOptions<K, V> extends MaterializeOptions<K, V>, LateOption<K, V> {}

/** `MaterializeOptions` for windowed aggregations. `key` is the serde of the key inside the window. */
export interface MaterializeWindowsOptions<K, V> extends SerdeOptions<K, V> {
  /** The name of the store, or its settings. */
  readonly store?: string | WindowStoreSettings
}

/** `AggregateOptions` for windowed aggregations. */
export interface AggregateWindowsOptions<K, V> extends MaterializeWindowsOptions<K, V> {
  readonly value: ResultSerde<RowOf<V>>
}

/** Options of a stream-table join. */
export interface TableJoinOptions<K, V> extends SerdeOptions<K, V> {
  /**
   * How long each record waits for late versions of a versioned table, in milliseconds of stream time. It must not exceed the
   * history retention of the table, and the serdes of the stream must be known (KIP-923).
   * @default records do not wait
   */
  readonly graceMs?: number
}

/** The serdes with which records are written. @default the known serdes */
export interface SerdeOptions<K, V> extends NameOption {
  readonly key?: SerdeOf<K>
  readonly value?: SerdeOf<V>
}

export interface SinkOptions<K, V> extends SerdeOptions<K, V> {
  readonly key?: SerdeOf<K> & WindowedKeyHint<K>
  /**
   * Returns a partition, several partitions, none (`[]` drops the record), or undefined for the default.
   * @default murmur2 of the key bytes, as in the producers of Kafka
   */
  readonly partitioner?: Partitioner<K, V>
}

export type Partitioner<K, V> = (value: V, key: K, target: TargetTopic) => number | readonly number[] | undefined

/** Chooses the topic for each record. The topics must exist. */
export type TopicChoice<K, V> = (value: V, key: K, context: RecordMetadata) => string

export interface RepartitionOptions<K, V> extends SinkOptions<K, V> {
  /** @default the partition count of the largest input topic */
  readonly partitions?: number
}

export interface GroupOptions<K, V> extends SerdeOptions<K, V> {
  /** The partition count of the repartition topic, if one is needed. @default the partition count of the largest input topic */
  readonly partitions?: number
}

export interface GroupByOptions<K, V> extends GroupOptions<K, V> {
  readonly key: SerdeOf<K>
}

/**
 * Options of a foreign-key join. The join locates rows by their key. If a table's topic is not partitioned by murmur2 of the
 * key bytes, pass its partitioner here.
 */
export interface ForeignKeyJoinOptions<K, KO> extends NameOption {
  /** The partitioner of this table. @default a response goes to the partition that asked */
  readonly partitioner?: (key: K, target: TargetTopic) => number | undefined
  /** The partitioner of the other table. @default murmur2 of the key bytes */
  readonly otherPartitioner?: (key: KO | null, target: TargetTopic) => number | undefined
}

/** Options of `process`. The serdes of the forwarded records can be given beside them. */
export interface ProcessOptions extends NameOption {
  /**
   * The stores that the processor can use. A builder adds its store to the topology; several operators can share one builder. The
   * builder of a store that `addReadOnlyStateStore` or `addGlobalStore` has added, or its name, means that store.
   */
  readonly stores?: readonly (StoreBuilder | string)[]
}

export interface PrintOptions<K, V> extends NameOption {
  /** The text before each line. @default the name of the parent node */
  readonly label?: string
  /** @default `key, value` */
  readonly format?: (value: V, key: K) => string
  /** Receives each line. @default console.log */
  readonly write?: (line: string) => void
}
