import type { Awaitable } from '../operators/spec.ts'
import type { Windowed } from '../record/windowed.ts'
import { long } from '../serde/number-serdes.ts'
import type { Serde } from '../serde/serde.ts'
import { addAggregation, type GroupPoint, type WindowedBy } from '../assemble/aggregation.ts'
import { addDistinctCount, type DistinctCountWindowsOptions, type DistinctId } from '../assemble/distinct-count.ts'
import type { MissingValue, ResultSerdeMissing, RowOf, SerdeSide, ValueKnown, TopologyError } from './known-serdes.ts'
import type { KTable } from './ktable.ts'
import type { Make } from './make.ts'
import type { AggregateWindowsOptions, MaterializeWindowsOptions } from './options.ts'
import { point, type types } from '../assemble/point.ts'
import { addTopN, type TopNWindowsOptions } from '../assemble/top-n.ts'

/**
 * A grouped stream that is aggregated per time window. A record belongs to each window that contains its timestamp. It is
 * dropped if the grace period of the window is over.
 */
export class TimeWindowedKStream<K, V, Known extends SerdeSide = never> {
  /** @internal */
  readonly [point]: GroupPoint
  readonly #by: WindowedBy
  readonly #make: Make
  /** Never there: carries the types only. A stream that knows more serdes fits where fewer are asked for. */
  declare readonly [types]: {
    readonly grouped: true
    readonly key: K
    readonly value: V
    readonly known: Record<Known, true>
  }

  /** @internal */
  constructor(group: GroupPoint, by: WindowedBy, make: Make) {
    this[point] = group
    this.#by = by
    this.#make = make
  }

  /** Counts the records of each key in each window. */
  count<N extends bigint | number = bigint>(
    options: MaterializeWindowsOptions<K, N> = {},
  ): KTable<Windowed<K>, N, SerdeSide> {
    const serde = long() as Serde<unknown>
    return this.#make.table(addAggregation(this[point], { kind: 'count' }, options, serde, this.#by))
  }

  /** Like `KGroupedStream.reduce`, for each window. */
  reduce(
    this: ValueKnown<Known>,
    reducer: (aggregate: RowOf<V>, value: V) => Awaitable<V | null>,
  ): KTable<Windowed<K>, RowOf<V>, SerdeSide>
  reduce(
    reducer: (aggregate: RowOf<V>, value: V) => Awaitable<V | null>,
    options: MaterializeWindowsOptions<K, V> & MissingValue<V, Known>,
  ): KTable<Windowed<K>, RowOf<V>, SerdeSide>
  reduce(
    reducer: (aggregate: RowOf<V>, value: V) => Awaitable<V | null>,
    options: MaterializeWindowsOptions<K, V> = {},
  ): KTable<Windowed<K>, RowOf<V>, SerdeSide> {
    const { valueSerde } = this[point]
    return this.#make.table(addAggregation(this[point], { kind: 'reduce', reducer }, options, valueSerde, this.#by))
  }

  /** Like `KGroupedStream.aggregate`, for each window. */
  aggregate<VR>(
    this: TopologyError<ResultSerdeMissing>,
    initializer: () => VR,
    aggregator: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
  ): KTable<Windowed<K>, RowOf<VR>, SerdeSide>
  aggregate<VR>(
    initializer: () => VR,
    aggregator: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    options: AggregateWindowsOptions<K, VR>,
  ): KTable<Windowed<K>, RowOf<VR>, SerdeSide>
  aggregate<VR>(
    initializer: () => VR,
    aggregator: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    options: MaterializeWindowsOptions<K, VR> = {},
  ): KTable<Windowed<K>, RowOf<VR>, SerdeSide> {
    const aggregate = { kind: 'aggregate', initializer, aggregator } as const
    return this.#make.table(addAggregation(this[point], aggregate, options, undefined, this.#by))
  }

  /**
   * Keeps the `n` values with the highest rank of each key and window, highest first.
   *
   * @example
   * windowed.topN({ n: 3, by: order => order.total })
   */
  topN(
    options: TopNWindowsOptions<K, RowOf<V>> & MissingValue<V, Known>,
  ): KTable<Windowed<K>, readonly RowOf<V>[], SerdeSide> {
    return this.#make.table(addTopN(this[point], options, this.#by))
  }

  /**
   * Counts the distinct ids of each key and window exactly. A record whose id is null is not counted.
   *
   * @example
   * windowed.distinctCount(click => click.user, { id: string() })
   */
  distinctCount<ID extends DistinctId>(
    by: (value: RowOf<V>, key: K) => ID | null,
    options: DistinctCountWindowsOptions<ID>,
  ): KTable<Windowed<K>, bigint, SerdeSide> {
    return this.#make.table(addDistinctCount(this[point], by, options, this.#by))
  }
}
