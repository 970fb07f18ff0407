/*
 * What the console's server tells its page. Both sides are checked against these types, so nothing here depends on Node.js or on a browser.
 */

/** A value in the JSON form of the query server. */
export type Shown = null | boolean | number | string | readonly Shown[] | { readonly [name: string]: Shown }

export interface TopologyAnswer {
  readonly applicationId: string
  /** `inside`: served by an instance of the application; `outside`: by a program that asks Kafka only. */
  readonly mode: 'inside' | 'outside'
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
  readonly stores: readonly StoreAnswer[]
  readonly topics: readonly TopicAnswer[]
  readonly deadLetterTopic?: string
  /** Whether stores can be read: there is a query server. */
  readonly readsStores: boolean
  /** Whether records can be downloaded as a test. */
  readonly slices: boolean
  readonly configuration: readonly OptionAnswer[]
}

/** A topic, or an operator. What reads and writes a topic is drawn as the topic itself. */
export interface GraphNode {
  readonly id: string
  readonly kind: 'topic' | 'operator'
  readonly label: string
  /** What the operator does, such as `mapValues`, or of which kind the topic is. */
  readonly what: string
  /** Undefined for topics that are not read. */
  readonly subTopology?: number
  readonly stores: readonly string[]
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
}

export interface StoreAnswer {
  readonly name: string
  readonly kind: 'key-value' | 'window' | 'session' | 'versioned'
  readonly subTopology?: number
  readonly global: boolean
  readonly changelog?: string
  readonly key: string
  readonly value: string
}

export interface TopicAnswer {
  readonly name: string
  readonly kind: 'input' | 'output' | 'repartition' | 'changelog' | 'dead letters'
}

export interface OptionAnswer {
  readonly name: string
  readonly value: string
  readonly isDefault: boolean
}

export interface StatusAnswer {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Of this instance; undefined outside. */
  readonly state?: string
  readonly group: string
  readonly missingTopics: readonly string[]
  readonly instances: readonly InstanceAnswer[]
  readonly tasks: readonly TaskAnswer[]
  readonly topics: readonly TopicStatus[]
  readonly restores: readonly RestoreAnswer[]
  /** Undefined outside: counters are in the processes of the application. */
  readonly counters?: Counters
  readonly deadLetters: number
}

export interface InstanceAnswer {
  readonly id: string
  readonly name: string
  readonly host?: string
  readonly here: boolean
  readonly active: readonly string[]
  readonly standby: readonly string[]
  readonly warmup: readonly string[]
}

export interface TaskAnswer {
  readonly id: string
  readonly subTopology: number
  readonly partition: number
  /** The id of an instance. */
  readonly owner?: string
  readonly standby: readonly string[]
  readonly why: string
  readonly lag: number
  /** Records that were committed as processed, of all its inputs. */
  readonly committed: number
  readonly streamTime: number
  readonly changelogRecords: number
  readonly inputs: readonly InputAnswer[]
}

export interface InputAnswer {
  readonly topic: string
  readonly partition: number
  readonly committed?: number
  readonly end: number
  readonly lag: number
  /** For how long nothing has moved although there is something to do, in milliseconds; 0 while it moves. */
  readonly stuckMs: number
}

export interface TopicStatus {
  readonly name: string
  readonly partitions: number
  /** That are there. */
  readonly records: number
  /** The sum of the ends: how many were ever written. */
  readonly written: number
}

export interface RestoreAnswer {
  readonly task: string
  readonly store: string
  readonly kind: 'restore' | 'standby'
  readonly done: number
  readonly total: number
  readonly over: boolean
}

export interface Counters {
  readonly processed: number
  readonly failed: number
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>
  /** By operator and reason. */
  readonly byNode: readonly { readonly node: string; readonly reason: string; readonly count: number }[]
  /** How many records have reached each operator. Empty unless `metricsRecordingLevel` is DEBUG or TRACE. */
  readonly reached: Readonly<Record<string, number>>
}

export interface HistoryAnswer {
  readonly events: readonly EventAnswer[]
  readonly samples: readonly Sample[]
}

export interface EventAnswer {
  readonly at: number
  readonly kind: 'state' | 'rebalance' | 'restore' | 'standby' | 'waiting' | 'error'
  readonly text: string
}

/** Counters since the start, at one moment. */
export interface Sample {
  readonly at: number
  readonly failed: number
  readonly dropped: Readonly<Record<string, number>>
}

export interface RecordsAnswer {
  readonly records: readonly RecordAnswer[]
}

export interface RecordAnswer {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly key: PartAnswer
  readonly value: PartAnswer
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

/** A key or value, decoded where it can be. */
export interface PartAnswer {
  readonly form: Shown
  /** Why its serde could not read it. */
  readonly failure?: string
  /** Of the bytes, null where there are none. */
  readonly base64: string | null
}

export interface LettersAnswer {
  readonly topic: string
  readonly total: number
  readonly letters: readonly LetterAnswer[]
}

export interface LetterAnswer extends RecordAnswer {
  readonly exception: string
  readonly message: string
  readonly stack: string
  readonly node: string
  readonly task: string
  readonly origin?: { readonly topic: string; readonly partition: number; readonly offset: number }
  readonly cut?: string
  readonly resent: boolean
}

export interface ResendRequest {
  /** Has to be true: nothing is sent by accident. */
  readonly confirm: true
  readonly letters: readonly { readonly partition: number; readonly offset: number }[]
}

export interface ResendAnswer {
  readonly sent: number
}

/** Offsets of a partition, `to` exclusive. */
export interface SliceRequest {
  readonly topic: string
  readonly partition: number
  readonly from: number
  readonly to: number
}

export interface SliceAnswer {
  /** The text of the test. */
  readonly test: string
}

export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string }
}
