import type { Headers } from '../record/headers.ts'
import type { StoreBuilder } from '../state/store-builder.ts'
import type { RecordMetadata } from '../topology/plan.ts'
import type { Hint } from '../dsl/known-serdes.ts'
import type { Awaitable } from './spec.ts'

/** A record as a processor sees it. */
export interface ProcessorRecord<K, V> {
  readonly key: K
  readonly value: V
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: Headers
}

/** A record to forward. Its timestamp and headers default to those of the current record. */
export interface ForwardedRecord<K, V> {
  readonly key: K
  readonly value: V
  readonly timestamp?: number
  readonly headers?: Headers
}

/**
 * Custom processing with stores and punctuations. The supplier given to `process` is called once per task, and must
 * return a new object each time; `build()` calls it twice to check this. Promises are awaited before the next record.
 */
export interface Processor<KIn, VIn, KOut = KIn, VOut = VIn> {
  /** Called before the first record, to get stores and schedule punctuations. */
  init?(context: ProcessorContext<KOut, VOut>): Awaitable<void>
  process(record: ProcessorRecord<KIn, VIn>): Awaitable<void>
  /** Called when the task stops. It must not forward. */
  close?(): Awaitable<void>
}

/** A processor that cannot change the key, so that no repartition is needed after it. */
export interface FixedKeyProcessor<KIn, VIn, VOut = VIn> {
  init?(context: FixedKeyProcessorContext<KIn, VOut>): Awaitable<void>
  process(record: ProcessorRecord<KIn, VIn>): Awaitable<void>
  close?(): Awaitable<void>
}

export interface ProcessorContext<KOut, VOut> extends BaseProcessorContext {
  /** Forwards a record to all children, or to the child with the given name. Await the result if it is a promise. */
  forward(record: ForwardedRecord<KOut, VOut>, child?: string): void | Promise<void>
}

export interface FixedKeyProcessorContext<K, VOut> extends BaseProcessorContext {
  /**
   * Like `forward` of `ProcessorContext`, but the key must be the key of the current record or of a stored record that is
   * forwarded as `{ ...kept, value }`. Punctuations can forward any key, since they forward stored data.
   * @throws MILLRACE_PROCESSOR_KEY_CHANGED
   */
  forward(record: ForwardedRecord<K, VOut>, child?: string): void | Promise<void>
}

/**
 * Custom code that computes the values of a table, with stores and punctuations. The supplier given to `transformValues` is
 * called once per task, and once more for each operator that looks up the table if the table has no store. It must return a new
 * object each time; `build()` calls it twice to check this.
 */
export interface ValueTransformer<K, V, VR> {
  init?(context: BaseProcessorContext): Awaitable<void>
  /** Returns the new value. Unlike a mapper, it receives deletions. Null deletes the row. */
  transform(value: V | null, key: K): Awaitable<VR | null>
  close?(): Awaitable<void>
}

/** The type of a store that is not given by its builder. It can also be stated, with `as KeyValueStore<…>`. */
export type StoreByName = 'A store by its name has no type: give its builder, as in context.store(seen)'

export interface BaseProcessorContext {
  readonly applicationId: string
  /** `<sub-topology>_<partition>`. */
  readonly taskId: string
  /**
   * Returns a store that the processor is connected to. With the builder of the store, the result is typed.
   * @throws MILLRACE_STORE_UNKNOWN
   */
  store<Store>(store: StoreBuilder<Store>): Store
  store(name: string): Hint<StoreByName>
  /**
   * Calls `callback` every `intervalMs`: by stream time (after records, aligned to multiples of the interval) or by the wall
   * clock (first after one interval). See KIP-138.
   */
  schedule(
    intervalMs: number,
    type: 'stream-time' | 'wall-clock',
    callback: (timestamp: number) => Awaitable<void>,
  ): Cancellable
  /** Requests a commit soon. */
  commit(): void
  /**
   * Adds to a custom counter. `KafkaStreams.metrics()` returns it with the tags `node` and `task`. Records that are processed
   * again after a failure are counted again.
   */
  count(metric: string, by?: number): void
  /** The topic, partition and offset of the current record; undefined outside `process`. */
  readonly recordMetadata: RecordMetadata | undefined
  /** The highest timestamp of the task so far, in milliseconds since the epoch; -1 before the first record. */
  readonly currentStreamTimeMs: number
  readonly currentSystemTimeMs: number
}

export interface Cancellable {
  cancel(): void
}
