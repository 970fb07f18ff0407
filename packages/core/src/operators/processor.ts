import type { Headers } from '../record/headers.ts'
import type { StoreBuilder } from '../state/store-builder.ts'
import type { RecordMetadata } from '../topology/plan.ts'
import type { Awaitable } from './spec.ts'

/** A record as a processor sees it. */
export interface ProcessorRecord<K, V> {
  readonly key: K
  readonly value: V
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: Headers
}

/** What `forward` takes: timestamp and headers are those of the record at hand unless given. */
export interface ForwardedRecord<K, V> {
  readonly key: K
  readonly value: V
  readonly timestamp?: number
  readonly headers?: Headers
}

/**
 * User code with state and timers, for what the operators do not offer. The supplier given to `process` makes one for each
 * task. Promises are awaited, in order, before the next record.
 */
export interface Processor<KIn, VIn, KOut = KIn, VOut = VIn> {
  /** Before the first record: get stores, schedule punctuations. */
  init?(context: ProcessorContext<KOut, VOut>): Awaitable<void>
  process(record: ProcessorRecord<KIn, VIn>): Awaitable<void>
  /** When the task leaves. Nothing may be forwarded any more. */
  close?(): Awaitable<void>
}

/** A processor that keeps the key, so that no repartition is needed after it. */
export interface FixedKeyProcessor<KIn, VIn, VOut = VIn> {
  init?(context: FixedKeyProcessorContext<KIn, VOut>): Awaitable<void>
  process(record: ProcessorRecord<KIn, VIn>): Awaitable<void>
  close?(): Awaitable<void>
}

export interface ProcessorContext<KOut, VOut> extends BaseProcessorContext {
  /** Passes a record on to all children, or to the child of that name. Await it where it gives a promise. */
  forward(record: ForwardedRecord<KOut, VOut>, child?: string): void | Promise<void>
}

export interface FixedKeyProcessorContext<K, VOut> extends BaseProcessorContext {
  /**
   * As in `ProcessorContext`, but the key must be one that came in: that of the record at hand, or of a record that was kept and is
   * passed on as `{ ...kept, value }`. From a timer any key is taken, since what it passes on was kept.
   * @throws MILLRACE_PROCESSOR_KEY_CHANGED
   */
  forward(record: ForwardedRecord<K, VOut>, child?: string): void | Promise<void>
}

/**
 * User code that makes a table's new values, with state and timers. The supplier given to `transformValues` makes one for each
 * task, and one more for each operator that looks the table up where it is kept nowhere.
 */
export interface ValueTransformer<K, V, VR> {
  init?(context: BaseProcessorContext): Awaitable<void>
  /** Unlike a mapper it sees deletions. Null deletes. */
  transform(value: V | null, key: K): Awaitable<VR | null>
  close?(): Awaitable<void>
}

export interface BaseProcessorContext {
  readonly applicationId: string
  /** `<sub-topology>_<partition>`. */
  readonly taskId: string
  /**
   * A store that the processor is connected to. Given its builder, the store is typed.
   * @throws MILLRACE_STORE_UNKNOWN
   */
  store<Store>(store: StoreBuilder<Store>): Store
  store(name: string): unknown
  /**
   * Calls back each `intervalMs`: by stream time (after records, aligned to multiples of the interval from 0) or by the
   * wall clock (first after one interval). See KIP-138.
   */
  schedule(
    intervalMs: number,
    type: 'stream-time' | 'wall-clock',
    callback: (timestamp: number) => Awaitable<void>,
  ): Cancellable
  /** Asks for a commit soon. */
  commit(): void
  /**
   * Adds to a counter of the application's own, which `KafkaStreams.metrics()` gives with the tags `node` and `task`. What is
   * processed again after a failure counts again.
   */
  count(metric: string, by?: number): void
  /** Where the record at hand came from; undefined outside `process`. */
  readonly recordMetadata: RecordMetadata | undefined
  /** The highest timestamp of the task so far, -1 before the first record. */
  readonly currentStreamTimeMs: number
  readonly currentSystemTimeMs: number
}

export interface Cancellable {
  cancel(): void
}
