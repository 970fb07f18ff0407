import type { Awaitable } from '../operators/spec.ts'
import type { Windowed } from '../record/windowed.ts'
import { long } from '../serde/number-serdes.ts'
import type { Serde } from '../serde/serde.ts'
import { addAggregation, type GroupPoint, type WindowedBy } from './aggregation.ts'
import { addDistinctCount, type DistinctCountWindowsOptions, type DistinctId } from './distinct-count.ts'
import type { MissingValue, SerdeSide, WithStoreSerdes } from './known-serdes.ts'
import type { KTable } from './ktable.ts'
import type { Make } from './make.ts'
import type { MaterializeWindowsOptions, NameOption, WindowStoreSettings } from './options.ts'
import { point, type types } from './point.ts'
import { addTopN, type TopNWindowsOptions } from './top-n.ts'

/**
 * A grouped stream, to be aggregated over sessions. A record joins the sessions of its key that are no further from it than
 * the gap, and makes one of them all; those that it was made of are deleted. What comes after a session's grace is dropped.
 */
export class SessionWindowedKStream<K, V, Known extends SerdeSide = never> {
  /** @internal */
  readonly [point]: GroupPoint
  readonly #by: WindowedBy
  readonly #make: Make
  /** Never there: carries the types only. A stream that knows more serdes fits where fewer are asked for. */
  declare readonly [types]?: { readonly key: K; readonly value: V; readonly known: Record<Known, true> }

  /** @internal */
  constructor(group: GroupPoint, by: WindowedBy, make: Make) {
    this[point] = group
    this.#by = by
    this.#make = make
  }

  /** How many records each session has. */
  count(options: MaterializeWindowsOptions<K, bigint> = {}): KTable<Windowed<K>, bigint, SerdeSide> {
    const serde = long() as Serde<unknown>
    return this.#make.table(addAggregation(this[point], { kind: 'count' }, options, serde, this.#by))
  }

  /** As `KGroupedStream.reduce`, for each session. */
  reduce(
    reducer: (aggregate: V, value: V) => Awaitable<V | null>,
    ...args: WithStoreSerdes<MaterializeWindowsOptions<K, V>, WindowStoreSettings<K, V>, K, V, Known | 'key'>
  ): KTable<Windowed<K>, V, SerdeSide> {
    const [options = {}]: [MaterializeWindowsOptions<K, V>?] = args
    const { valueSerde } = this[point]
    return this.#make.table(addAggregation(this[point], { kind: 'reduce', reducer }, options, valueSerde, this.#by))
  }

  /**
   * As `KGroupedStream.aggregate`, for each session. `merger` makes one aggregate of those of two sessions that have come to
   * touch; it is called for each session that a record joins, first with what `initializer` gives.
   */
  aggregate<VR>(
    initializer: () => NoInfer<VR>,
    aggregator: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    merger: (one: VR, other: VR, key: K) => Awaitable<NoInfer<VR>>,
    options: NameOption & { readonly store: WindowStoreSettings<K, VR> & { readonly value: Serde<VR> } },
  ): KTable<Windowed<K>, VR, SerdeSide> {
    const aggregate = { kind: 'aggregate', initializer, aggregator } as const
    return this.#make.table(addAggregation(this[point], aggregate, options, undefined, { ...this.#by, merger }))
  }

  /**
   * The `n` values of each key in each session that rank highest, the highest first.
   *
   * @example
   * windowed.topN({ n: 3, by: order => order.total })
   */
  topN(options: TopNWindowsOptions<K, V> & MissingValue<V, Known>): KTable<Windowed<K>, readonly V[], SerdeSide> {
    return this.#make.table(addTopN(this[point], options, this.#by))
  }

  /**
   * How many different ids the records of each key in each session have had, exactly. A record whose id is null is not counted.
   *
   * @example
   * windowed.distinctCount(click => click.user, { id: string() })
   */
  distinctCount<ID extends DistinctId>(
    by: (value: V, key: K) => ID | null,
    options: DistinctCountWindowsOptions<K, ID>,
  ): KTable<Windowed<K>, bigint, SerdeSide> {
    return this.#make.table(addDistinctCount(this[point], by, options, this.#by))
  }
}
