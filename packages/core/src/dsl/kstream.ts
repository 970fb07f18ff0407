import type { FixedKeyProcessor, Processor } from '../operators/processor.ts'
import type { AsyncCall } from '../operators/map-values-async.ts'
import type { Awaitable, ValueFn } from '../operators/spec.ts'
import { addMapValuesAsync, type MapValuesAsyncOptions } from '../assemble/async-values.ts'
import { addDeduplicate, type DeduplicateOptions } from '../assemble/deduplicate.ts'
import type { BranchedKStream, SplitOf } from './branched-kstream.ts'
import { addStreamTableJoin } from '../assemble/joins.ts'
import { onLateOf, withLatePoints } from './late-option.ts'
import { addStreamStreamJoin, type StreamJoinOptions } from '../assemble/stream-joins.ts'
import type { KGroupedStream } from './kgrouped-stream.ts'
import { GlobalKTable } from './global-ktable.ts'
import { addStreamGlobalJoin } from '../assemble/globals.ts'
import { groupPoint } from '../assemble/group-point.ts'
import type {
  AllKnown,
  GivenSerdes,
  GivenValueSerde,
  GroupSerdes,
  IfGiven,
  KeyKnown,
  KnownAfter,
  MissingOtherValue,
  MissingSerdes,
  MissingSerdesOfNewKey,
  MissingValue,
  NewKeySerdeMissing,
  NotGiven,
  RowOf,
  SameKeyOf,
  SerdeOf,
  SerdeSide,
  SupplierExpected,
  TopologyError,
} from './known-serdes.ts'
import type {
  AfterJoin,
  JoinedSide,
  JoinedTable,
  JoinedValueOf,
  KnownOfSide,
  MergedStream,
  OuterJoinArguments,
  SecondOfJoiner,
  ThirdOfJoin,
  ValuesOf,
} from './join-types.ts'
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
  TopicChoice,
  ToTableOptions,
} from './options.ts'
import { globalPoint, point, sameGraph, type StreamPoint, type TablePoint, type types } from '../assemble/point.ts'
import { addSink } from '../assemble/sink.ts'
import { addRepartition } from '../assemble/repartition.ts'
import { addMerge, addProcessor, addStep } from '../assemble/steps.ts'
import { addToTable } from '../assemble/tables.ts'

/**
 * A stream of records. Each method adds an operator and returns the resulting stream; nothing runs before the application
 * starts. Functions may return promises, which are awaited in order.
 *
 * A topic can hold records without key or value, which functions receive as `null`. The types of a source do not include `null`
 * unless you say so: `stream<string | null, Order | null>(…)`. Where Millrace itself gives `null`, the type includes it: deleted rows
 * (`KTable.toStream`), and the missing side in left and outer joins.
 *
 * `Known` states which serdes are known. They come from the source. An operator that changes the type of keys or values drops
 * their serde, and a later operator that writes or stores records then requires it.
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

  /**
   * Keeps the records for which `predicate` returns true. As in `Array.filter`, any truthy value counts as true, and no value as false. A type
   * guard narrows the type of the values.
   */
  filter<VN extends V = V>(
    predicate: ((value: V, key: K) => value is VN) | ((value: V, key: K) => Awaitable<boolean>),
    options?: NameOption,
  ): KStream<K, VN, Known> {
    return this.#make.stream(
      addStep(this[point], 'filter', { type: 'filter', predicate, negate: false }, options?.name),
    )
  }

  /** Keeps the records for which `predicate` returns false. Any falsy value counts as false, also `undefined`. */
  filterNot(predicate: (value: V, key: K) => Awaitable<boolean>, options?: NameOption): KStream<K, V, Known> {
    return this.#make.stream(addStep(this[point], 'filter', { type: 'filter', predicate, negate: true }, options?.name))
  }

  /** Replaces each record with a new key and value. Prefer `mapValues` if the key does not change: it avoids a repartition. */
  map<KR, VR>(mapper: (value: V, key: K) => Awaitable<readonly [KR, VR]>, options?: NameOption): KStream<KR, VR> {
    return this.#make.stream(addStep(this[point], 'map', { type: 'map', mapper }, options?.name))
  }

  /** Replaces the value of each record. */
  mapValues<VR>(
    mapper: (value: V, key: K) => Awaitable<VR>,
    options?: NameOption,
  ): KStream<K, VR, KnownAfter<Known, V, VR>> {
    return this.#make.stream(addStep(this[point], 'mapValues', { type: 'mapValues', mapper }, options?.name))
  }

  /**
   * Replaces the value of each record with many concurrent calls, for functions that call a service or a database. The task
   * processes other records meanwhile. The result keeps the timestamp and headers of its record. Offsets are only committed up
   * to the oldest unfinished record.
   *
   * If an attempt fails or exceeds `timeoutMs`, `retry` decides about further attempts, then `onBadRecord` decides about the
   * record. Kafka Streams has no such operator.
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

  /** Replaces each record with any number of new records. */
  flatMap<KR, VR>(
    mapper: (value: V, key: K) => Awaitable<Iterable<readonly [KR, VR]>>,
    options?: NameOption,
  ): KStream<KR, VR> {
    return this.#make.stream(addStep(this[point], 'flatMap', { type: 'flatMap', mapper }, options?.name))
  }

  /** Replaces each record with any number of records with the same key. */
  flatMapValues<VR>(
    mapper: (value: V, key: K) => Awaitable<Iterable<VR>>,
    options?: NameOption,
  ): KStream<K, VR, KnownAfter<Known, V, VR>> {
    return this.#make.stream(addStep(this[point], 'flatMapValues', { type: 'flatMapValues', mapper }, options?.name))
  }

  /** Replaces the key of each record. */
  selectKey<KR>(
    mapper: (value: V, key: K) => Awaitable<KR>,
    options?: NameOption,
  ): KStream<KR, V, Exclude<Known, 'key'>> {
    return this.#make.stream(addStep(this[point], 'selectKey', { type: 'selectKey', mapper }, options?.name))
  }

  /**
   * Drops repeated records: of records with the same key and id whose timestamps differ by at most `withinMs`, only the first
   * to arrive is forwarded. A record without key or id is never a repetition. The records are repartitioned if the key has
   * changed. Kafka Streams has no such operator.
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

  /** Merges two streams. A serde stays known if both streams have the same. */
  merge<Other extends StreamOrTable>(
    other: Other & MergedStream<Other, KStream<K, V>>,
    options?: NameOption,
  ): KStream<K, V, Known & KnownOfSide<Other>> {
    const from = other[point] as StreamPoint
    sameGraph(this[point], from, 'merge')
    return this.#make.stream(addMerge(this[point], from, options?.name))
  }

  /** Calls `action` for each record and forwards the record unchanged. */
  peek(action: (value: V, key: K) => Awaitable<unknown>, options?: NameOption): KStream<K, V, Known> {
    return this.#make.stream(addStep(this[point], 'peek', { type: 'peek', action, forwards: true }, options?.name))
  }

  /** Calls `action` for each record. The stream ends here. */
  foreach(action: (value: V, key: K) => Awaitable<unknown>, options?: NameOption): void {
    addStep(this[point], 'foreach', { type: 'peek', action, forwards: false }, options?.name)
  }

  /** Prints each record as a line, for debugging. The stream ends here. */
  print(options: PrintOptions<K, V> = {}): void {
    // oxlint-disable-next-line no-console -- to print is what the user asks for here
    const { label = this[point].name, write = line => console.log(line), format } = options
    addStep(this[point], 'print', { type: 'print', label, write, mapper: format }, options.name)
  }

  /**
   * Sends each record to the first branch whose predicate matches.
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

  /** Writes the records to an internal topic, partitioned by key, and reads them back. */
  repartition(this: AllKnown<Known>): KStream<K, V, SerdeSide>
  repartition(options: RepartitionOptions<K, V> & MissingSerdes<K, V, Known>): KStream<K, V, SerdeSide>
  repartition(options?: RepartitionOptions<K, V>): KStream<K, V, SerdeSide> {
    return this.#make.stream(addRepartition(this[point], options as never))
  }

  /** Writes the records to a topic, or to the topic that `topic` returns for each record. The topics must exist. */
  to(this: AllKnown<Known>, topic: string | TopicChoice<K, V>): void
  to(topic: string | TopicChoice<K, V>, options: SinkOptions<K, V> & MissingSerdes<K, V, Known>): void
  to(topic: string | TopicChoice<K, V>, options?: SinkOptions<K, V>): void {
    addSink(this[point], topic, options)
  }

  /** Converts the stream to a table of the latest value of each key. A record without a value deletes the row. */
  toTable(this: AllKnown<Known>): KTable<K, RowOf<V>, SerdeSide>
  toTable(options: ToTableOptions<K, V> & MissingSerdes<K, V, Known>): KTable<K, RowOf<V>, SerdeSide>
  toTable(options: ToTableOptions<K, V> = {}): KTable<K, RowOf<V>, SerdeSide> {
    return this.#make.table(addToTable(this[point], { ...options, onLate: onLateOf(options, this.#make) }))
  }

  /** Groups the records by a new key. Records whose new key is null are dropped. */
  groupBy<KR>(
    this: TopologyError<NewKeySerdeMissing>,
    selector: (value: V, key: K) => Awaitable<KR | null>,
  ): KGroupedStream<KR, V>
  groupBy<KR>(
    selector: (value: V, key: K) => Awaitable<KR | null>,
    options: GroupByOptions<KR, V> & MissingValue<V, Known>,
  ): KGroupedStream<KR, V, SerdeSide>
  groupBy(selector: ValueFn<unknown>, options?: GroupByOptions<unknown, V>): unknown {
    const selected = addStep(this[point], 'selectKey', { type: 'selectKey', mapper: selector }, options?.name)
    return this.#make.grouped(groupPoint(selected, 'groupBy', options as never))
  }

  /** Groups the records by their current key. */
  groupByKey(this: KeyKnown<Known>): KGroupedStream<K, V, Known | 'key'>
  groupByKey<S extends SerdeOf<V> | undefined = undefined>(
    options: GroupOptions<K, V> & GroupSerdes<K, V, Known, S>,
  ): KGroupedStream<K, V, Known | 'key' | IfGiven<S, 'value'>>
  groupByKey(options?: GroupOptions<K, V>): unknown {
    return this.#make.grouped(groupPoint(this[point], 'groupByKey', options as never))
  }

  /**
   * Joins each record with the current row of a table with the same key, or with each record of another stream with the same
   * key within the join windows. A record without a match is dropped.
   */
  join<Other, VR>(
    this: KeyKnown<Known>,
    table: Other & JoinedTable<Other, K>,
    joiner: (value: RowOf<V>, tableValue: ValuesOf<Other>, key: K) => Awaitable<VR>,
  ): KStream<K, VR, 'key'>
  /**
   * Joins with options: with a table, or with the records of another stream with the same key within the join windows. A record without a
   * match is dropped. For a global table, the second argument returns the key of the row and the third is the joiner.
   */
  join<Other, VR, GR>(
    other: Other & JoinedSide<Other, K>,
    joiner: (value: JoinedValueOf<Other, V>, otherValue: SecondOfJoiner<Other, K, never>, key: K) => Awaitable<VR>,
    options: ThirdOfJoin<Other, K, V, Known, never, VR, GR>,
  ): KStream<K, AfterJoin<Other, GR, VR>, AfterJoin<Other, Exclude<Known, 'value'>, 'key'>>
  /**
   * Joins each record with the row of a global table under the key that `keySelector` returns. A record without a matching row
   * is dropped. The options can be left out, but a joiner that is a generic function gets its types only if they are given; `{}` suffices.
   */
  join<KG, VG, VR>(
    global: GlobalKTable<KG, VG>,
    keySelector: (value: V, key: K) => Awaitable<KG | null>,
    joiner: (value: RowOf<V>, globalValue: VG, key: K) => Awaitable<VR>,
    options: NameOption,
  ): KStream<K, VR, Exclude<Known, 'value'>>
  join(other: Joinable, first: never, second?: unknown, third?: NameOption): unknown {
    return this.#make.stream(addJoin(this[point], other, 'inner', [first, second, third], this.#make))
  }

  /**
   * Joins each record with the current row of a table with the same key, or with null. With another stream: joins each record
   * with each record of the other stream that has the same key and lies within the join windows; a record of this stream
   * without a match is joined with null once no match can arrive any more.
   */
  leftJoin<Other, VR>(
    this: KeyKnown<Known>,
    table: Other & JoinedTable<Other, K>,
    joiner: (value: RowOf<V>, tableValue: ValuesOf<Other> | null, key: K) => Awaitable<VR>,
  ): KStream<K, VR, 'key'>
  /**
   * Joins with options: with a table, or with the records of another stream with the same key within the join windows. A record without a
   * match is joined with null. For a global table, the second argument returns the key of the row and the third is the joiner.
   */
  leftJoin<Other, VR, GR>(
    other: Other & JoinedSide<Other, K>,
    joiner: (value: JoinedValueOf<Other, V>, otherValue: SecondOfJoiner<Other, K, null>, key: K) => Awaitable<VR>,
    options: ThirdOfJoin<Other, K, V, Known, null, VR, GR>,
  ): KStream<K, AfterJoin<Other, GR, VR>, AfterJoin<Other, Exclude<Known, 'value'>, 'key'>>
  /**
   * Joins each record with the row of a global table under the key that `keySelector` returns, or with null. The options can be left out, as
   * in `join`.
   */
  leftJoin<KG, VG, VR>(
    global: GlobalKTable<KG, VG>,
    keySelector: (value: V, key: K) => Awaitable<KG | null>,
    joiner: (value: RowOf<V>, globalValue: VG | null, key: K) => Awaitable<VR>,
    options: NameOption,
  ): KStream<K, VR, Exclude<Known, 'value'>>
  leftJoin(other: Joinable, first: never, second?: unknown, third?: NameOption): unknown {
    return this.#make.stream(addJoin(this[point], other, 'left', [first, second, third], this.#make))
  }

  /** Like `leftJoin` with a stream, but unmatched records of both streams are joined with null. */
  outerJoin<Other, VR>(
    other: Other & TopologyError<OuterJoinArguments>,
    joiner: (value: RowOf<V> | null, otherValue: ValuesOf<Other> | null, key: K) => Awaitable<VR>,
  ): KStream<K, VR, 'key'>
  outerJoin<KO, VO, VR, OtherKnown extends SerdeSide>(
    other: KStream<KO, VO, OtherKnown> & SameKeyOf<K, KO, OuterJoinArguments>,
    joiner: (value: RowOf<V> | null, otherValue: RowOf<VO> | null, key: K) => Awaitable<VR>,
    options: StreamJoinOptions<K, V, VO> & MissingSerdes<K, V, Known> & MissingOtherValue<VO, OtherKnown>,
  ): KStream<K, VR, 'key'>
  outerJoin(other: { readonly [point]: StreamPoint }, joiner: never, options?: object): unknown {
    const erased = withLatePoints(options as never, this.#make)
    return this.#make.stream(addStreamStreamJoin(this[point], other[point], 'outer', joiner, erased))
  }

  /**
   * Processes the records with custom code that can use stores and punctuations. `supplier` is called once per task and
   * returns its processor. The types of the forwarded records come from its return type, or from the serdes in the options.
   */
  process<KR, VR, KeyName = TopologyError<NotGiven>, ValueName = TopologyError<NotGiven>>(
    supplier: (none: TopologyError<SupplierExpected>) => Processor<K, V, KR, VR>,
    options?: ProcessOptions & GivenSerdes<KR, VR, KeyName, ValueName>,
  ): KStream<KR, VR, IfGiven<KeyName, 'key'> | IfGiven<ValueName, 'value'>> {
    return this.#make.stream(addProcessor(this[point], supplier as () => unknown, false, options))
  }

  /** Like `process`, but the key cannot change, so that no repartition is needed afterwards. */
  processValues<VR, ValueName = TopologyError<NotGiven>>(
    supplier: (none: TopologyError<SupplierExpected>) => FixedKeyProcessor<K, V, VR>,
    options?: ProcessOptions & GivenValueSerde<VR, ValueName>,
  ): KStream<K, VR, Exclude<Known, 'value'> | IfGiven<ValueName, 'value'>> {
    return this.#make.stream(addProcessor(this[point], supplier as () => unknown, true, options))
  }
}

type StreamOrTable = { readonly [point]: StreamPoint | TablePoint }
type Joinable = StreamOrTable | GlobalKTable<unknown, unknown>

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
