import type { Headers } from '@millrace/core'

/** A record as tests read it from a topic. */
export interface TestRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: Headers
  readonly partition: number
}

/** A record as tests pipe it into a topic. What is left out is as in `PipeOptions`. */
export interface InputRecord<K, V> extends PipeOptions {
  /** @default null */
  readonly key?: K | null
  readonly value: V | null
}

export interface PipeOptions {
  /** Milliseconds since the epoch. @default the input topic's own time, which moves on by `autoAdvanceMs` */
  readonly timestamp?: number
  /** @default none */
  readonly headers?: Headers
  /** @default murmur2 of the key's bytes, as Kafka's producers do; records without a key go to each partition in turn */
  readonly partition?: number
}
