import type { FixedKeyProcessor, Processor } from '../operators/processor.ts'
import type { AsyncCall } from '../operators/map-values-async.ts'
import type { Awaitable } from '../operators/spec.ts'
import type { Serde } from '../serde/serde.ts'
import { addMapValuesAsync, type MapValuesAsyncOptions } from './async-values.ts'
import { addDeduplicate, type DeduplicateOptions } from './deduplicate.ts'
import type { BranchedKStream, SplitOf } from './branched-kstream.ts'
import { addStreamTableJoin } from './joins.ts'
import { onLateOf, withLatePoints } from './late.ts'
import { addStreamStreamJoin, type StreamJoinOptions } from './stream-joins.ts'
import type { KGroupedStream } from './kgrouped-stream.ts'
import { GlobalKTable } from './global-ktable.ts'
import { addStreamGlobalJoin } from './globals.ts'
import { groupPoint } from './group-point.ts'
import type {
  AllKnown,
  IfGiven,
  JoinedTable,
  KeyKnown,
  KnownAfter,
  MissingOtherValue,
  MissingSerdes,
  MissingSerdesOfNewKey,
  MissingValue,
  RowOf,
  SameKey,
  SerdeOf,
  SerdeSide,
  ValuesOf,
} from './known-serdes.ts'
import type { KTable } from './ktable.ts'
import type { Make } from './make.ts'
import type {
  GroupByOptions,
  GroupOptions,
  NameOption,
  PrintOptions,
  ProcessOptions,
  RepartitionOptions,
  SinkOptions,
  TableJoinOptions,
  TopicChoice,
  ToTableOptions,
} from './options.ts'
import { globalPoint, point, sameGraph, type StreamPoint, type TablePoint, type types } from './point.ts'
import { addSink } from './sink.ts'
import { addRepartition } from './repartition.ts'
import { addMerge, addProcessor, addStep } from './steps.ts'
import { addToTable } from './tables.ts'

/**
 * A stream of records. Each method adds an operator and gives the stream behind it; nothing runs before the application
 * starts. Functions may return promises, which are awaited in order.
 *
 * A record may come without key or value; functions then get `null`, whatever `K` and `V` say.
 *
 * `Known` says which serdes are known here. They come from where the topic was read, and what makes new keys or values
 * drops theirs: an operator that writes or keeps records then asks for them.
 */
export class KStream<K, V, Known extends SerdeSide = never> {
  /** @internal */
  readonly [point]: StreamPoint
  readonly #make: Make
  /** Never there: carries the types only. A stream that knows more serdes fits where fewer are asked for. */
  declare readonly [types]: { readonly key: K; readonly value: V; readonly known: Record<Known, true> }

  /** @internal */
  constructor(from: StreamPoint, make: Make) {
    this[point] = from
    this.#make = make
  }

  /** Keeps the records for which `predicate` holds. A type guard narrows the type of the values. */
  filter<VN extends V>(predicate: (value: V, key: K) => value is VN, options?: NameOption): KStream<K, VN, Known>
  filter(predicate: (value: V, key: K) => Awaitable<boolean>, options?: NameOption): KStream<K, V, Known>
  filter(predicate: (value: V, key: K) => Awaitable<boolean>, options?: NameOption): KStream<K, V, Known> {
    return this.#make.stream(
      addStep(this[point], 'filter', { type: 'filter', predicate, negate: false }, options?.name),
    )
  }

  /** Keeps the records for which `predicate` does not hold. */
  filterNot(predicate: (value: V, key: K) => Awaitable<boolean>, options?: NameOption): KStream<K, V, Known> {
    return this.#make.stream(addStep(this[point], 'filter', { type: 'filter', predicate, negate: true }, options?.name))
  }

  /** Makes one new record of each. Prefer `mapValues` where the key stays: it spares a repartition. */
  map<KR, VR>(mapper: (value: V, key: K) => Awaitable<readonly [KR, VR]>, options?: NameOption): KStream<KR, VR> {
    return this.#make.stream(addStep(this[point], 'map', { type: 'map', mapper }, options?.name))
  }

  /** Makes a new value of each. */
  mapValues<VR>(
    mapper: (value: V, key: K) => Awaitable<VR>,
    options?: NameOption,
  ): KStream<K, VR, KnownAfter<Known, V, VR>> {
    return this.#make.stream(addStep(this[point], 'mapValues', { type: 'mapValues', mapper }, options?.name))
  }

  /**
   * Makes a new value of each with many calls under way at a time, for functions that wait for something outside: a service, a
   * database. The task goes on meanwhile; a result goes on with the time and the headers of its record. Offsets are
   * committed only up to the oldest record that is not finished.
   *
   * An attempt that fails or takes longer than `timeoutMs` is followed by others as `retry` says; then the record goes by
   * `onBadRecord`. Kafka Streams has nothing like it.
   *
   * @example
   * orders.mapValuesAsync(
   *   async (order, _key, { signal }) => ({ ...order, rate: await rates.lookUp(order.currency, { signal }) }),
   *   { concurrency: 64, ordering: 'key', timeoutMs: 5_000, retry: { times: 3 } },
   * )
   */
  mapValuesAsync<VR>(
    mapper: (value: V, key: K, call: AsyncCall) => Awaitable<VR>,
    options?: MapValuesAsyncOptions,
  ): KStream<K, VR, KnownAfter<Known, V, VR>> {
    return this.#make.stream(addMapValuesAsync(this[point], mapper, options))
  }

  /** Makes any number of new records of each. */
  flatMap<KR, VR>(
    mapper: (value: V, key: K) => Awaitable<Iterable<readonly [KR, VR]>>,
    options?: NameOption,
  ): KStream<KR, VR> {
    return this.#make.stream(addStep(this[point], 'flatMap', { type: 'flatMap', mapper }, options?.name))
  }

  /** Makes any number of new values of each, under the same key. */
  flatMapValues<VR>(
    mapper: (value: V, key: K) => Awaitable<Iterable<VR>>,
    options?: NameOption,
  ): KStream<K, VR, KnownAfter<Known, V, VR>> {
    return this.#make.stream(addStep(this[point], 'flatMapValues', { type: 'flatMapValues', mapper }, options?.name))
  }

  /** Gives each record a new key. */
  selectKey<KR>(
    mapper: (value: V, key: K) => Awaitable<KR>,
    options?: NameOption,
  ): KStream<KR, V, Exclude<Known, 'key'>> {
    return this.#make.stream(addStep(this[point], 'selectKey', { type: 'selectKey', mapper }, options?.name))
  }

  /**
   * Leaves out what repeats an earlier record: of records with the same key and the same id that are at most `withinMs` apart,
   * the first to arrive goes on, and the others do not. Distributes the records by key where that has changed. A record without
   * key or id repeats nothing. Kafka Streams has nothing like it.
   *
   * @example
   * payments.deduplicate({ by: payment => payment.id, id: string(), withinMs: 24 * 3_600_000 })
   */
  deduplicate<ID>(
    options: DeduplicateOptions<K, V, ID> & MissingSerdesOfNewKey<K, V, Known>,
  ): KStream<K, V, Known | 'key'> {
    const erased: DeduplicateOptions<K, V, ID> = options
    return this.#make.stream(addDeduplicate(this[point], { ...erased, onLate: onLateOf(erased, this.#make) }))
  }

  /** The records of both streams. A serde stays known where both streams have the same one. */
  merge<OtherKnown extends SerdeSide>(
    other: KStream<K, V, OtherKnown>,
    options?: NameOption,
  ): KStream<K, V, Known & OtherKnown> {
    sameGraph(this[point], other[point], 'merge')
    return this.#make.stream(addMerge(this[point], other[point], options?.name))
  }

  /** Calls `action` with each record, which goes on unchanged. */
  peek(action: (value: V, key: K) => Awaitable<unknown>, options?: NameOption): KStream<K, V, Known> {
    return this.#make.stream(addStep(this[point], 'peek', { type: 'peek', action, forwards: true }, options?.name))
  }

  /** Calls `action` with each record. The stream ends here. */
  foreach(action: (value: V, key: K) => Awaitable<unknown>, options?: NameOption): void {
    addStep(this[point], 'foreach', { type: 'peek', action, forwards: false }, options?.name)
  }

  /** Writes each record as a line, for debugging. The stream ends here. */
  print(options: PrintOptions<K, V> = {}): void {
    // oxlint-disable-next-line no-console -- to print is what the user asks for here
    const { label = this[point].name, write = line => console.log(line), format } = options
    addStep(this[point], 'print', { type: 'print', label, write, mapper: format }, options.name)
  }

  /**
   * Sends each record to the first branch whose predicate holds.
   *
   * @example
   * const { large, default: others } = orders
   *   .split()
   *   .branch(order => order.total > 1000, { name: 'large' })
   *   .defaultBranch()
   */
  split(options?: NameOption): BranchedKStream<SplitOf<K, V, Known>> {
    return this.#make.branched(this[point], options?.name)
  }

  /** Writes the records to a topic and reads them back, distributed by key. */
  repartition(this: AllKnown<Known>): KStream<K, V, SerdeSide>
  repartition(options: RepartitionOptions<K, V> & MissingSerdes<K, V, Known>): KStream<K, V, SerdeSide>
  repartition(options?: RepartitionOptions<K, V>): KStream<K, V, SerdeSide> {
    return this.#make.stream(addRepartition(this[point], options as never))
  }

  /** Writes the records to a topic, or to the one that `topic` chooses for each of them. Topics must exist. */
  to(this: AllKnown<Known>, topic: string | TopicChoice<K, V>): void
  to(topic: string | TopicChoice<K, V>, options: SinkOptions<K, V> & MissingSerdes<K, V, Known>): void
  to(topic: string | TopicChoice<K, V>, options?: SinkOptions<K, V>): void {
    addSink(this[point], topic, options)
  }

  /** The table of the last value of each key; a record without a value deletes. */
  toTable(this: AllKnown<Known>): KTable<K, RowOf<V>, SerdeSide>
  toTable(options: ToTableOptions<K, V> & MissingSerdes<K, V, Known>): KTable<K, RowOf<V>, SerdeSide>
  toTable(options: ToTableOptions<K, V> = {}): KTable<K, RowOf<V>, SerdeSide> {
    return this.#make.table(addToTable(this[point], { ...options, onLate: onLateOf(options, this.#make) }))
  }

  /** Groups by a new key; a record whose new key is null is left out. */
  groupBy<KR, S extends SerdeOf<V> | undefined = undefined>(
    selector: (value: V, key: K) => Awaitable<KR | null>,
    options: GroupByOptions<KR, V> & { readonly value?: S } & MissingValue<V, Known>,
  ): KGroupedStream<KR, V, Known | 'key' | IfGiven<S, 'value'>> {
    const selected = addStep(this[point], 'selectKey', { type: 'selectKey', mapper: selector }, options?.name)
    return this.#make.grouped(groupPoint(selected, 'groupBy', options as never))
  }

  /** Groups by the key there is. */
  groupByKey(this: KeyKnown<Known>): KGroupedStream<K, V, Known | 'key'>
  groupByKey<S extends SerdeOf<V> | undefined = undefined>(
    options: GroupOptions<K, V> & { readonly value?: S } & MissingSerdesOfNewKey<K, V, Known>,
  ): KGroupedStream<K, V, Known | 'key' | IfGiven<S, 'value'>>
  groupByKey(options?: GroupOptions<K, V>): unknown {
    return this.#make.grouped(groupPoint(this[point], 'groupByKey', options as never))
  }

  /**
   * Joins each record with the global table's current value of the key that `keySelector` gives; without one there is no
   * result.
   */
  join<KG, VG, VR>(
    global: GlobalKTable<KG, VG>,
    keySelector: (value: V, key: K) => Awaitable<KG | null>,
    joiner: (value: RowOf<V>, globalValue: VG, key: K) => Awaitable<VR>,
    options?: NameOption,
  ): KStream<K, VR, Exclude<Known, 'value'>>
  /**
   * Joins each record with the table's current value of its key; without one there is no result. Or with each record of
   * another stream that has the same key and is near enough in time.
   */
  join<Other, VR>(
    this: KeyKnown<Known>,
    table: Other & JoinedTable<Other, K>,
    joiner: (value: RowOf<V>, tableValue: ValuesOf<Other>, key: K) => Awaitable<VR>,
  ): KStream<K, VR, 'key'>
  join<KT, VT, VR, TableKnown extends SerdeSide>(
    table: KTable<KT, VT, TableKnown> & SameKey<K, KT>,
    joiner: (value: RowOf<V>, tableValue: VT, key: K) => Awaitable<VR>,
    options: TableJoinOptions<K, V> & MissingSerdesOfNewKey<K, V, Known>,
  ): KStream<K, VR, 'key'>
  join<KO, VO, VR, OtherKnown extends SerdeSide>(
    other: KStream<KO, VO, OtherKnown> & SameKey<K, KO>,
    joiner: (value: RowOf<V>, otherValue: RowOf<VO>, key: K) => Awaitable<VR>,
    options: StreamJoinOptions<K, V, VO> & MissingSerdes<K, V, Known> & MissingOtherValue<VO, OtherKnown>,
  ): KStream<K, VR, 'key'>
  join(other: Joinable, first: never, second?: unknown, third?: NameOption): unknown {
    return this.#make.stream(addJoin(this[point], other, 'inner', [first, second, third], this.#make))
  }

  /** Joins each record with the global table's current value of the key that `keySelector` gives, or with null. */
  leftJoin<KG, VG, VR>(
    global: GlobalKTable<KG, VG>,
    keySelector: (value: V, key: K) => Awaitable<KG | null>,
    joiner: (value: RowOf<V>, globalValue: VG | null, key: K) => Awaitable<VR>,
    options?: NameOption,
  ): KStream<K, VR, Exclude<Known, 'value'>>
  /**
   * Joins each record with the table's current value of its key, or with null. Or with each record of another stream that
   * has the same key and is near enough in time; a record of this stream that has found none is joined with null when none
   * can come any more.
   */
  leftJoin<Other, VR>(
    this: KeyKnown<Known>,
    table: Other & JoinedTable<Other, K>,
    joiner: (value: RowOf<V>, tableValue: ValuesOf<Other> | null, key: K) => Awaitable<VR>,
  ): KStream<K, VR, 'key'>
  leftJoin<KT, VT, VR, TableKnown extends SerdeSide>(
    table: KTable<KT, VT, TableKnown> & SameKey<K, KT>,
    joiner: (value: RowOf<V>, tableValue: VT | null, key: K) => Awaitable<VR>,
    options: TableJoinOptions<K, V> & MissingSerdesOfNewKey<K, V, Known>,
  ): KStream<K, VR, 'key'>
  leftJoin<KO, VO, VR, OtherKnown extends SerdeSide>(
    other: KStream<KO, VO, OtherKnown> & SameKey<K, KO>,
    joiner: (value: RowOf<V>, otherValue: RowOf<VO> | null, key: K) => Awaitable<VR>,
    options: StreamJoinOptions<K, V, VO> & MissingSerdes<K, V, Known> & MissingOtherValue<VO, OtherKnown>,
  ): KStream<K, VR, 'key'>
  leftJoin(other: Joinable, first: never, second?: unknown, third?: NameOption): unknown {
    return this.#make.stream(addJoin(this[point], other, 'left', [first, second, third], this.#make))
  }

  /** As `leftJoin` with a stream, but records of either stream that find no partner are joined with null. */
  outerJoin<KO, VO, VR, OtherKnown extends SerdeSide>(
    other: KStream<KO, VO, OtherKnown> & SameKey<K, KO>,
    joiner: (value: RowOf<V> | null, otherValue: RowOf<VO> | null, key: K) => Awaitable<VR>,
    options: StreamJoinOptions<K, V, VO> & MissingSerdes<K, V, Known> & MissingOtherValue<VO, OtherKnown>,
  ): KStream<K, VR, 'key'> {
    const erased = withLatePoints(options as never, this.#make)
    return this.#make.stream(addStreamStreamJoin(this[point], other[point], 'outer', joiner, erased))
  }

  /** Runs user code with stores and timers. `supplier` makes a processor for each task. */
  process<KR, VR>(
    supplier: () => Processor<K, V, KR, VR>,
    options: ProcessOptions & { readonly key: Serde<KR>; readonly value: Serde<VR> },
  ): KStream<KR, VR, SerdeSide>
  process<KR, VR>(supplier: () => Processor<K, V, KR, VR>, options?: ProcessOptions): KStream<KR, VR>
  process(
    supplier: () => unknown,
    options?: ProcessOptions & { readonly key?: object; readonly value?: object },
  ): unknown {
    return this.#make.stream(addProcessor(this[point], supplier, false, options))
  }

  /** As `process`, but the key stays: no repartition is needed afterwards. */
  processValues<VR>(
    supplier: () => FixedKeyProcessor<K, V, VR>,
    options: ProcessOptions & { readonly value: Serde<VR> },
  ): KStream<K, VR, Known | 'value'>
  processValues<VR>(
    supplier: () => FixedKeyProcessor<K, V, VR>,
    options?: ProcessOptions,
  ): KStream<K, VR, Exclude<Known, 'value'>>
  processValues(supplier: () => unknown, options?: ProcessOptions & { readonly value?: object }): unknown {
    return this.#make.stream(addProcessor(this[point], supplier, true, options))
  }
}

type Joinable = { readonly [point]: StreamPoint | TablePoint } | GlobalKTable<unknown, unknown>

function addJoin(
  one: StreamPoint,
  other: Joinable,
  join: 'inner' | 'left',
  [first, second, third]: readonly [first: never, second: unknown, third: NameOption | undefined],
  make: Make,
): StreamPoint {
  if (other instanceof GlobalKTable) {
    return addStreamGlobalJoin(one, other[globalPoint], { join, keySelector: first, joiner: second as never }, third)
  }
  const from = other[point]
  if ('table' in from) return addStreamTableJoin(one, from, join, first, second ?? {})
  return addStreamStreamJoin(one, from, join, first, withLatePoints(second as never, make))
}
