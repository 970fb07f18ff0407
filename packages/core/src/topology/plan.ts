import type { OperatorSpec } from '../operators/spec.ts'
import type { Serde } from '../serde/serde.ts'
import type { OpenStateStore } from '../state/custom-store.ts'

/**
 * A topology as data: what the builder gives, and all that anybody else reads. Deeply frozen; `JSON.stringify` works and
 * shows functions and serdes by name. Names are Kafka Streams' own, so that a Java application can be taken over.
 */
export interface Plan {
  /** In the order in which Kafka Streams writes them; parents before children. Children are called in this order. */
  readonly nodes: readonly PlanNode[]
  readonly stores: readonly StorePlan[]
  readonly subTopologies: readonly SubTopology[]
  /** What each instance reads as a whole, without tasks. Their ids and those of sub-topologies are of one count. */
  readonly globals: readonly GlobalPlan[]
  readonly repartitionTopics: readonly RepartitionTopic[]
  /** Topics (undecorated names) that must have equal partition counts, with the operator that asks for it. */
  readonly copartitioned: readonly CopartitionGroup[]
}

export type PlanNode = SourceNode | ProcessorNode | SinkNode

export interface SourceNode {
  readonly kind: 'source'
  readonly name: string
  /** Undecorated: an internal topic has no application id yet, see `decorateTopic`. Empty with a `pattern`. */
  readonly topics: readonly string[]
  /** Reads every topic whose whole name matches, those too that come later; see `withMatchedTopics`. */
  readonly pattern?: RegExp
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
  /** Where a partition without a committed offset starts. @default the application's */
  readonly offsetReset?: OffsetReset
  /** @default the application's. Repartition topics always take the record's own. */
  readonly timestampExtractor?: TimestampExtractor<never, never>
  /** @default the application's */
  readonly onBadTimestamp?: BadTimestampPolicy
  /** Read by each instance as a whole. */
  readonly global?: true
  readonly children: readonly string[]
}

/**
 * Where a partition starts that has no usable committed offset: at the beginning, at the end, or at the first record that is
 * no older than `backMs` milliseconds at that moment (KIP-1106); `none` ends the application instead.
 */
export type OffsetReset = 'earliest' | 'latest' | 'none' | { readonly backMs: number }

/**
 * What happens with a record whose timestamp is negative or cannot be extracted: the application ends; the record is left
 * out, counted and warned of; or it gets the highest timestamp that its partition has had, and where there has been none it
 * goes as a bad record does.
 */
export type BadTimestampPolicy = 'fail' | 'skip' | 'partition-time'

/** Milliseconds for a record; the bad-timestamp policy decides about a negative result. `partitionTime` is the highest so far, or -1. */
export type TimestampExtractor<K = unknown, V = unknown> = (
  record: ExtractableRecord<K, V>,
  partitionTime: number,
) => number

export interface ExtractableRecord<K = unknown, V = unknown> {
  /** Null where the record has none. */
  readonly key: K
  /** Null where the record has none. */
  readonly value: V
  /** Kafka's own timestamp of the record. */
  readonly timestamp: number
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface ProcessorNode {
  readonly kind: 'processor'
  readonly name: string
  readonly operator: OperatorSpec
  /** What `describeTopology()` prints as connected, and what the operator may ask for. */
  readonly stores: readonly string[]
  readonly parents: readonly string[]
  readonly children: readonly string[]
}

export interface SinkNode {
  readonly kind: 'sink'
  readonly name: string
  /** Undecorated name, or a choice per record. */
  readonly topic: string | TopicNameExtractor
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
  /** @default murmur2 of the key, as Kafka's producers do; of the inner key where the key is windowed */
  readonly partitioner?: StreamPartitioner
  readonly parents: readonly string[]
}

export type TopicNameExtractor = (value: never, key: never, context: RecordMetadata) => string

/** A partition, several (multicast), none at all (`[]`: the record is dropped), or undefined for the default. */
export type StreamPartitioner = (
  value: never,
  key: never,
  target: TargetTopic,
) => number | readonly number[] | undefined

/** Where a record is about to be written. */
export interface TargetTopic {
  /** Its name at the broker. */
  readonly topic: string
  readonly partitions: number
}

/** Where the record at hand came from. `topic` is null and numbers are -1 during punctuation. */
export interface RecordMetadata {
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
}

export interface StorePlan {
  readonly name: string
  readonly kind: 'key-value' | 'window' | 'session' | 'versioned'
  /** The value is kept with the timestamp of its last update, as every DSL store does. */
  readonly timestamped: boolean
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
  /** @default the application's store */
  readonly type?: 'persistent' | 'memory'
  /** One emission per key and commit instead of one per update. */
  readonly caching: boolean
  readonly changelog: ChangelogPlan | undefined
  /** Window stores only. */
  readonly windowSizeMs?: number
  /** Of custom windows only: identifies them. */
  readonly windowsName?: string
  /** How long a window is kept from its start, or a session from its end, in stream time. */
  readonly retentionMs?: number
  /** Versioned stores only: for how long, in stream time, it can be asked what was valid at a time. */
  readonly historyRetentionMs?: number
  /** Values are kept with the headers that they were put with. */
  readonly withHeaders?: boolean
  /** Makes the user's own store over this one, which holds its entries. */
  readonly open?: OpenStateStore
  /** Key-value stores in memory only: how many entries stay, those that were used last. */
  readonly maxEntries?: number
  /** Key-value stores only: entries this much older than `ttlBy` says are deleted, in milliseconds. */
  readonly ttlMs?: number
  /** Which clock an entry's timestamp is compared with. Only there beside `ttlMs`. */
  readonly ttlBy?: 'stream-time' | 'wall-clock'
  /** Window stores only: several values may have the same key and start, as in a join of streams. */
  readonly retainDuplicates?: boolean
  /** Window stores only: an operator reads ranges of time, so that the entries of a key are kept together. */
  readonly byRange?: boolean
  /** Window stores only: windows are emitted when they close, and are found a millisecond longer than others (as in Kafka Streams). */
  readonly emitsOnClose?: boolean
  /** The buffer of `suppress`: written to its changelog at each commit, whatever `caching` the application asks for. */
  readonly suppression?: boolean
  /** The buffer of a join in which records wait for late versions of the table: logged with times of the wall clock. */
  readonly waiting?: boolean
  /** Updates are logged with the headers of their records: of a store without caching. */
  readonly logsHeaders?: boolean
  readonly processors: readonly string[]
}

export interface ChangelogPlan {
  /** Undecorated: `<store>-changelog`, or the source topic that serves as one. */
  readonly topic: string
  /** The topic is the table's own source: it is read for restoring, never written. */
  readonly isSource: boolean
  /** What the user sets on the topic, over Millrace's own settings. */
  readonly configs: Readonly<Record<string, string>>
}

export interface SubTopology {
  readonly id: number
  /** Names, in plan order. */
  readonly nodes: readonly string[]
  /** Undecorated names of all topics read. */
  readonly sourceTopics: readonly string[]
  readonly stores: readonly string[]
}

/** A global table or store: a source and the processor below it, which keeps the store. */
export interface GlobalPlan {
  readonly id: number
  readonly source: string
  readonly processor: string
  readonly topic: string
  readonly store: string
}

export interface RepartitionTopic {
  /** Undecorated, ends in `-repartition`. */
  readonly name: string
  /** As the user fixed it with `repartition({ partitions })`; otherwise derived at start from what feeds the topic. */
  readonly partitions: number | undefined
}

export interface CopartitionGroup {
  readonly operator: string
  readonly topics: readonly string[]
  /** Source nodes of the group that read by pattern: what they match belongs to it too. @default none */
  readonly patternSources?: readonly string[]
}
