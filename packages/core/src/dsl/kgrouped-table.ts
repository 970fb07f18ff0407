import type { Awaitable } from '../operators/spec.ts'
import { long } from '../serde/number-serdes.ts'
import type { Serde } from '../serde/serde.ts'
import type { RowOf, SerdeSide, TableAggregateArguments, TopologyError } from './known-serdes.ts'
import type { KTable } from './ktable.ts'
import type { Make } from './make.ts'
import type { AggregateOptions, MaterializeOptions } from './options.ts'
import { point, type types } from '../assemble/point.ts'
import { addTableAggregation, type TableGroupPoint } from '../assemble/table-aggregation.ts'

/**
 * A table grouped by a new key, for an aggregation. When a row changes, the subtractor removes its old value from the
 * aggregate of its old key, then the adder adds its new value to the aggregate of its new key. Different tasks may do this, so
 * a row can temporarily be missing from both aggregates.
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

  /** Counts the rows of each key. A key without rows keeps the count 0. */
  count<N extends bigint | number = bigint>(options: MaterializeOptions<K, N> = {}): KTable<K, N, SerdeSide> {
    return this.#make.table(addTableAggregation(this[point], { kind: 'count' }, options, long() as Serde<unknown>))
  }

  /** Combines the values of the rows of each key. The first value is the initial result. `null` deletes the key. */
  reduce(
    this: TopologyError<'A reduction of a table needs two functions: the adder, and the subtractor for rows that change'>,
    adder: (aggregate: V, value: V) => Awaitable<V | null>,
  ): KTable<K, V, SerdeSide>
  reduce(
    adder: (aggregate: V, value: V) => Awaitable<V | null>,
    subtractor: (aggregate: V, value: V) => Awaitable<V | null>,
    options?: MaterializeOptions<K, V>,
  ): KTable<K, V, SerdeSide>
  reduce(
    adder: (aggregate: V, value: V) => Awaitable<V | null>,
    subtractor?: (aggregate: V, value: V) => Awaitable<V | null>,
    options: MaterializeOptions<K, V> = {},
  ): KTable<K, V, SerdeSide> {
    const reduce = { kind: 'reduce', adder, subtractor: subtractor! } as const
    return this.#make.table(addTableAggregation(this[point], reduce, options, this[point].valueSerde))
  }

  /**
   * Adds the value of each row to the aggregate of its key, and subtracts it when the row changes. `initializer` returns the
   * initial aggregate. `null` deletes the key.
   *
   * @example
   * products
   *   .groupBy(({ category, stock }) => [category, stock], { key: string(), value: int() })
   *   .aggregate(() => 0, (sum, stock) => sum + stock, (sum, stock) => sum - stock, { value: int() })
   */
  aggregate<VR>(
    this: TopologyError<TableAggregateArguments>,
    initializer: () => VR,
    adder: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    subtractor: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
  ): KTable<K, RowOf<VR>, SerdeSide>
  aggregate<VR>(
    initializer: () => VR,
    adder: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    subtractor: (aggregate: VR, value: V, key: K) => Awaitable<NoInfer<VR> | null>,
    options: AggregateOptions<K, VR>,
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
