import type { Awaitable } from '../operators/spec.ts'
import { long } from '../serde/number-serdes.ts'
import type { Serde } from '../serde/serde.ts'
import type { ResultSerdeMissing, RowOf, SerdeSide, TopologyError } from './known-serdes.ts'
import type { KTable } from './ktable.ts'
import type { Make } from './make.ts'
import type { MaterializeOptions } from './options.ts'
import { point, type types } from './point.ts'
import { addTableAggregation, type TableGroupPoint } from './table-aggregation.ts'

/**
 * A table whose rows are grouped by a new key, to be aggregated. When a row changes, its old value is taken out of the
 * aggregate of its old key with the subtractor, then its new value put into that of its new key with the adder. The two
 * may be worked on by different tasks, so for a moment a row can be in neither.
 */
export class KGroupedTable<K, V> {
  /** @internal */
  readonly [point]: TableGroupPoint
  readonly #make: Make
  /** Never there: carries the types only. */
  declare readonly [types]: { readonly key: K; readonly value: V }

  /** @internal */
  constructor(group: TableGroupPoint, make: Make) {
    this[point] = group
    this.#make = make
  }

  /** How many rows each key has. A key that has had rows stays, with 0. */
  count<N extends bigint | number = bigint>(options: MaterializeOptions<K, N> = {}): KTable<K, N, SerdeSide> {
    return this.#make.table(addTableAggregation(this[point], { kind: 'count' }, options, long() as Serde<unknown>))
  }

  /** Combines the values of each key's rows; the first one is taken as it is. `null` deletes the key. */
  reduce(
    adder: (aggregate: V, value: V) => Awaitable<V | null>,
    subtractor: (aggregate: V, value: V) => Awaitable<V | null>,
    options: MaterializeOptions<K, V> = {},
  ): KTable<K, V, SerdeSide> {
    const reduce = { kind: 'reduce', adder, subtractor } as const
    return this.#make.table(addTableAggregation(this[point], reduce, options, this[point].valueSerde))
  }

  /**
   * Adds each row's value to its key's aggregate, which begins as what `initializer` gives, and subtracts it when it changes.
   * `null` deletes the key.
   *
   * @example
   * products
   *   .groupBy(({ category, stock }) => [category, stock], { key: string(), value: int() })
   *   .aggregate(() => 0, (sum, stock) => sum + stock, (sum, stock) => sum - stock, { value: int() })
   */
  aggregate<VR>(
    this: TopologyError<ResultSerdeMissing>,
    initializer: () => VR,
    adder: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    subtractor: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
  ): KTable<K, RowOf<VR>, SerdeSide>
  aggregate<VR>(
    initializer: () => VR,
    adder: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    subtractor: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    options: MaterializeOptions<K, VR> & { readonly value: Serde<RowOf<VR>> },
  ): KTable<K, RowOf<VR>, SerdeSide>
  aggregate<VR>(
    initializer: () => VR,
    adder: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    subtractor: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    options: MaterializeOptions<K, VR> = {},
  ): KTable<K, RowOf<VR>, SerdeSide> {
    const aggregate = { kind: 'aggregate', initializer, adder, subtractor } as const
    return this.#make.table(addTableAggregation(this[point], aggregate, options, undefined))
  }
}
