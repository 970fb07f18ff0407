import type { ValueTransformer } from '../operators/processor.ts'
import type { Awaitable, ForeignKeyFn, TableJoiner, ValueFn } from '../operators/spec.ts'
import type { Serde } from '../serde/serde.ts'
import { addForeignKeyJoin } from './foreign-key-joins.ts'
import type { KGroupedTable } from './kgrouped-table.ts'
import type { IfGiven, KnownAfter, MissingValue, RowOf, SameKey, SerdeOf, SerdeSide } from './known-serdes.ts'
import type { KStream } from './kstream.ts'
import type { Make } from './make.ts'
import type { ForeignKeyJoinOptions, MaterializeOptions, NameOption, ProcessOptions, SerdeOptions } from './options.ts'
import { point, type TablePoint, type types } from './point.ts'
import { addStep } from './steps.ts'
import { addTableGroup } from './table-aggregation.ts'
import { addTableTableJoin } from './table-joins.ts'
import { addSuppress, type SuppressOptions } from './suppress.ts'
import { addTableFilter, addTableMapValues, addTableTransformValues, addToStream } from './tables.ts'

/** A table of whatever types. */
type AnyTable = { readonly [point]: TablePoint }

/** Of a filter: its rows have the serdes of those before. To keep them, the value serde must be known. */
type FilterOptions<K, V, Known extends SerdeSide> = 'value' extends Known
  ? MaterializeOptions<K, V>
  : NameOption | (MaterializeOptions<K, V> & { readonly value: SerdeOf<V> })

/**
 * Of what makes new values: with a store their serde must be known, which it is where they have the type of those before. Without
 * one it may be given for what comes later.
 */
type NewRowsOptions<K, V, VR, Known extends SerdeSide, S> =
  | (SerdeOptions<K, VR> & { readonly value?: S; readonly store?: undefined })
  | (MaterializeOptions<K, VR> & { readonly value?: S } & MissingNew<V, NoInfer<VR>, Known>)

/** Before the compiler has inferred `VR` it asks for nothing. */
type MissingNew<V, VR, Known extends SerdeSide> = unknown extends VR
  ? unknown
  : MissingValue<VR, KnownAfter<Known, V, VR>>

/**
 * A table: the last value of each key, changing as records come. It is kept in a store where one is named or another
 * operator needs one.
 */
export class KTable<K, V, Known extends SerdeSide = never> {
  /** @internal */
  readonly [point]: TablePoint
  readonly #make: Make
  /** Never there: carries the types only. A table that knows more serdes fits where fewer are asked for. */
  declare readonly [types]: {
    readonly table: true
    readonly key: K
    readonly value: V
    readonly known: Record<Known, true>
  }

  /** @internal */
  constructor(from: TablePoint, make: Make) {
    this[point] = from
    this.#make = make
  }

  /**
   * The name that was given to the table's own store, by which processors and queries find it. Undefined without one, also
   * where another operator made the table get a store. Kafka Streams: `queryableStoreName`.
   */
  get storeName(): string | undefined {
    return this[point].storeName
  }

  /** The rows for which `predicate` holds; a row for which it no longer holds is deleted. */
  filter(
    predicate: (value: V, key: K) => Awaitable<boolean>,
    options?: FilterOptions<K, V, Known>,
  ): KTable<K, V, Known> {
    return this.#make.table(addTableFilter(this[point], { predicate, negate: false }, options ?? {}))
  }

  /** The rows for which `predicate` does not hold. */
  filterNot(
    predicate: (value: V, key: K) => Awaitable<boolean>,
    options?: FilterOptions<K, V, Known>,
  ): KTable<K, V, Known> {
    return this.#make.table(addTableFilter(this[point], { predicate, negate: true }, options ?? {}))
  }

  /** Rows with new values; null deletes the row. To keep the result in a store, its value serde must be known. */
  mapValues<VR, S extends SerdeOf<VR> | undefined = undefined>(
    mapper: (value: V, key: K) => Awaitable<VR>,
    options?: NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>> {
    return this.#make.table(addTableMapValues(this[point], mapper, options ?? {}))
  }

  /** Rows with new values, made by user code with stores and timers. `supplier` makes a transformer for each task. */
  transformValues<VR, S extends SerdeOf<VR> | undefined = undefined>(
    supplier: () => ValueTransformer<K, V, VR>,
    options?: ProcessOptions & NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>> {
    return this.#make.table(addTableTransformValues(this[point], supplier, options ?? {}))
  }

  /**
   * Groups the rows by new keys, with new values, to be aggregated. A row whose new key or value is null takes no part. The
   * table gets a store if it has none.
   */
  groupBy<KR, VR>(
    selector: (value: V, key: K) => Awaitable<readonly [KR | null, VR | null]>,
    options: NameOption & { readonly key: Serde<KR>; readonly value: Serde<VR> },
  ): KGroupedTable<KR, VR> {
    return this.#make.groupedTable(addTableGroup(this[point], selector, options as never))
  }

  /**
   * The rows of this table whose foreign key names a row of the other, joined with it. It changes when either of
   * them does. Both get stores if they have none, and the tables need not have equal partition counts.
   *
   * @param foreignKey the key in the other table, or null for none
   */
  join<KO, VO, VR, OtherKnown extends SerdeSide, S extends SerdeOf<VR> | undefined = undefined>(
    other: KTable<KO, VO, OtherKnown>,
    foreignKey: (value: V, key: K) => KO | null,
    joiner: (value: V, otherValue: VO, key: K) => Awaitable<VR>,
    options?: ForeignKeyJoinOptions<K, KO> & NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>>
  /** The rows whose key is in both tables. It changes when either of them does. Both get stores if they have none. */
  join<KO, VO, VR, OtherKnown extends SerdeSide, S extends SerdeOf<VR> | undefined = undefined>(
    other: KTable<KO, VO, OtherKnown> & SameKey<K, KO>,
    joiner: (value: V, otherValue: VO, key: K) => Awaitable<VR>,
    options?: NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>>
  join(other: AnyTable, first: unknown, second?: unknown, third?: object): unknown {
    const table =
      typeof second === 'function'
        ? addForeignKeyJoin(this[point], other[point], 'inner', first as ForeignKeyFn, second as TableJoiner, third)
        : addTableTableJoin(this[point], other[point], 'inner', first as TableJoiner, second as object | undefined)
    return this.#make.table(table)
  }

  /**
   * The rows of this table joined with the row of the other that their foreign key names, or with null. It changes when either of
   * them does. Both get stores if they have none, and the tables need not have equal partition counts.
   *
   * @param foreignKey the key in the other table, or null for none
   */
  leftJoin<KO, VO, VR, OtherKnown extends SerdeSide, S extends SerdeOf<VR> | undefined = undefined>(
    other: KTable<KO, VO, OtherKnown>,
    foreignKey: (value: V, key: K) => KO | null,
    joiner: (value: V, otherValue: VO | null, key: K) => Awaitable<VR>,
    options?: ForeignKeyJoinOptions<K, KO> & NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>>
  /** All rows of this table, joined with those of the other, or with null. */
  leftJoin<KO, VO, VR, OtherKnown extends SerdeSide, S extends SerdeOf<VR> | undefined = undefined>(
    other: KTable<KO, VO, OtherKnown> & SameKey<K, KO>,
    joiner: (value: V, otherValue: VO | null, key: K) => Awaitable<VR>,
    options?: NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>>
  leftJoin(other: AnyTable, first: unknown, second?: unknown, third?: object): unknown {
    const table =
      typeof second === 'function'
        ? addForeignKeyJoin(this[point], other[point], 'left', first as ForeignKeyFn, second as TableJoiner, third)
        : addTableTableJoin(this[point], other[point], 'left', first as TableJoiner, second as object | undefined)
    return this.#make.table(table)
  }

  /** The rows of both tables; the joiner gets null for the one that has no such row. */
  outerJoin<KO, VO, VR, OtherKnown extends SerdeSide, S extends SerdeOf<VR> | undefined = undefined>(
    other: KTable<KO, VO, OtherKnown> & SameKey<K, KO>,
    joiner: (value: V | null, otherValue: VO | null, key: K) => Awaitable<VR>,
    options?: NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>> {
    return this.#make.table(addTableTableJoin(this[point], other[point], 'outer', joiner, options))
  }

  /**
   * Holds updates back, so that fewer go on: until windows close, the final result of each; or for a while, the latest for each
   * key. Time is stream time: without new records nothing goes on.
   *
   * @example
   * grouped.windowedBy(tumbling({ sizeMs: 60_000, graceMs: 5_000 })).count().suppress({ until: 'window-closes' })
   */
  suppress(options: SuppressOptions): KTable<K, V, Known> {
    return this.#make.table(addSuppress(this[point], options))
  }

  /**
   * The table's changes. The value is null where a row was deleted, as each session is that becomes part of another one. With
   * `mapper` the records get new keys.
   */
  toStream<KR>(
    mapper: (value: V | null, key: K) => Awaitable<KR>,
    options?: NameOption,
  ): KStream<KR, V | null, Exclude<Known, 'key'>>
  toStream(options?: NameOption): KStream<K, V | null, Known>
  toStream(first?: NameOption | ValueFn<unknown>, second?: NameOption): unknown {
    if (typeof first !== 'function') return this.#make.stream(addToStream(this[point], first?.name))
    const changes = addToStream(this[point], second?.name)
    // A function has a name too, so the type of the options does not exclude it.
    return this.#make.stream(addStep(changes, 'selectKey', { type: 'selectKey', mapper: first as ValueFn<unknown> }))
  }
}
