import type { ValueTransformer } from '../operators/processor.ts'
import type { Awaitable, ValueFn } from '../operators/spec.ts'
import type { ForeignKeyFn } from '../operators/foreign-key-join.ts'
import type { TableJoiner } from '../operators/table-table-join.ts'
import type { Serde } from '../serde/serde.ts'
import { addForeignKeyJoin } from '../assemble/foreign-key-joins.ts'
import type { KGroupedTable } from './kgrouped-table.ts'
import type {
  IfGiven,
  KnownAfter,
  ResultSerdeMissing,
  RowOf,
  SameKeyOf,
  SerdeOf,
  SerdeSide,
  TopologyError,
  TransformerExpected,
} from './known-serdes.ts'
import type { TableExpected, TableJoin, ThirdOfTableJoin, ValueSerdeOf } from './join-types.ts'
import type { KStream } from './kstream.ts'
import type { Make } from './make.ts'
import type {
  ForeignKeyJoinOptions,
  MaterializeOptions,
  NameOption,
  ProcessOptions,
  SerdeOptions,
  StoreOptions,
} from './options.ts'
import { point, type TablePoint, type types } from '../assemble/point.ts'
import { addStep } from '../assemble/steps.ts'
import { addTableGroup } from '../assemble/table-aggregation.ts'
import { addTableTableJoin } from '../assemble/table-joins.ts'
import { addSuppress, type SuppressOptions } from '../assemble/suppress.ts'
import { addTableFilter, addTableMapValues, addTableTransformValues, addToStream } from '../assemble/tables.ts'

type SuppressionMissing =
  "Say how long updates are held back: { until: 'window-closes' } or { until: 'time-limit', waitMs: … }"

/** A table of whatever types. */
type AnyTable = { readonly [point]: TablePoint }

/** Options of a filter. Its rows keep the serdes of the input. To store them, the value serde must be known. */
type FilterOptions<K, V, Known extends SerdeSide, S> = SerdeOptions<K, V> & {
  readonly value?: S
  readonly store?: StoreOf<Known | IfGiven<S, 'value'>>
}

/**
 * Options of an operator with new values. With a store, the value serde must be known; it is known if the type of the values
 * does not change. Without a store it can be given for later operators. `S` is the type of the serde that is given.
 */
type NewRowsOptions<K, V, VR, Known extends SerdeSide, S> = RowsOptions<K, V, VR, Known, S> & { readonly value?: S }

type RowsOptions<K, V, VR, Known extends SerdeSide, S> = SerdeOptions<K, VR> & {
  readonly store?: StoreOf<KnownOfNewRows<Known, V, NoInfer<VR>> | IfGiven<S, 'value'>>
}

export interface TableGroupByOptions<K, V> extends NameOption {
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** Requires nothing before the compiler has inferred `VR`. */
type KnownOfNewRows<Known extends SerdeSide, V, VR> = unknown extends VR ? SerdeSide : KnownAfter<Known, V, VR>

/**
 * The store of rows, or a sentence that says what to do where their serde is not known. It is a string too, so that a table that knows more
 * serdes fits where fewer are asked for.
 */
type StoreOf<Known extends SerdeSide> = 'value' extends Known
  ? string | StoreOptions
  : string & TopologyError<ResultSerdeMissing>

/**
 * A table: the latest value of each key, updated by each record. It is kept in a store if you name one or another operator
 * needs one.
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
   * The name of the store that you gave to this table, for processors and queries. Undefined if you gave none, even if another
   * operator created a store for it. Kafka Streams' `queryableStoreName`.
   */
  get storeName(): string | undefined {
    return this[point].storeName
  }

  /** Keeps the rows for which `predicate` returns a truthy value. A row that no longer matches is deleted. */
  filter<S extends SerdeOf<V> | undefined = undefined>(
    predicate: (value: V, key: K) => Awaitable<boolean>,
    options?: FilterOptions<K, V, Known, S>,
  ): KTable<K, V, Known> {
    return this.#make.table(
      addTableFilter(this[point], { predicate, negate: false }, (options ?? {}) as MaterializeOptions<K, V>),
    )
  }

  /** Keeps the rows for which `predicate` returns a falsy value. */
  filterNot<S extends SerdeOf<V> | undefined = undefined>(
    predicate: (value: V, key: K) => Awaitable<boolean>,
    options?: FilterOptions<K, V, Known, S>,
  ): KTable<K, V, Known> {
    return this.#make.table(
      addTableFilter(this[point], { predicate, negate: true }, (options ?? {}) as MaterializeOptions<K, V>),
    )
  }

  /** Replaces the value of each row. Null deletes the row. To store the result, its value serde must be known. */
  mapValues<VR, S extends SerdeOf<VR> | undefined = undefined>(
    mapper: (value: V, key: K) => Awaitable<VR>,
    options?: NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>> {
    return this.#make.table(addTableMapValues(this[point], mapper, (options ?? {}) as MaterializeOptions<K, VR>))
  }

  /**
   * Replaces the value of each row with custom code that can use stores and punctuations. `supplier` is called once per task
   * and returns its transformer.
   */
  transformValues<VR, S extends SerdeOf<VR> | undefined = undefined>(
    supplier: (none: TopologyError<TransformerExpected>) => ValueTransformer<K, V, VR>,
    options?: ProcessOptions & NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>> {
    return this.#make.table(
      addTableTransformValues(
        this[point],
        supplier as () => ValueTransformer<K, V, VR>,
        (options ?? {}) as MaterializeOptions<K, VR>,
      ),
    )
  }

  /**
   * Groups the rows by a new key, with a new value, for an aggregation. Rows whose new key or value is null are ignored. The
   * table gets a store if it has none.
   */
  groupBy<KR, VR>(
    selector: (value: V, key: K) => Awaitable<readonly [KR | null, VR | null]>,
    options: TableGroupByOptions<KR, VR>,
  ): KGroupedTable<KR, VR> {
    return this.#make.groupedTable(addTableGroup(this[point], selector, options as never))
  }

  /**
   * Joins the rows with the same key in both tables. The result is updated when either table changes. Both tables get stores
   * if they have none.
   */
  join<KO, VO, VR, OtherKnown extends SerdeSide>(
    other: KTable<KO, VO, OtherKnown> & SameKeyOf<K, KO, TableExpected>,
    joiner: (value: V, otherValue: VO, key: K) => Awaitable<VR>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR>>
  /**
   * Joins the rows with the same key as above, with options. If the third argument is a function, it is the joiner, and the second returns
   * the foreign key: the key in the other table, or null for none.
   */
  join<KO, VO, Result, VR, OtherKnown extends SerdeSide, Third>(
    other: KTable<KO, VO, OtherKnown> & TableJoin<Third, SameKeyOf<K, KO, TableExpected>, unknown>,
    first: (value: V, otherValue: TableJoin<Third, VO, K>, key: K) => Result,
    third: ThirdOfTableJoin<
      Third,
      RowsOptions<K, V, Awaited<Result>, Known, ValueSerdeOf<Third>>,
      KO,
      Result,
      (value: V, otherValue: VO, key: K) => Awaitable<VR>
    >,
  ): KTable<
    K,
    RowOf<TableJoin<Third, Awaited<Result>, VR>>,
    KnownAfter<Known, V, TableJoin<Third, Awaited<Result>, VR>> | IfGiven<ValueSerdeOf<Third>, 'value'>
  >
  /**
   * Joins each row with the row of another table that its foreign key refers to. Rows without a match are not in the result.
   * The result is updated when either table changes. Both tables get stores if they have none, and may have different
   * partition counts. The options can be left out, but a joiner that is a generic function gets its types only if they are
   * given; `{}` suffices.
   * @param foreignKey the key in the other table, or null for none
   */
  join<KO, VO, VR, OtherKnown extends SerdeSide, S extends SerdeOf<VR> | undefined = undefined>(
    other: KTable<KO, VO, OtherKnown>,
    foreignKey: (value: V, key: K) => NoInfer<KO> | null,
    joiner: (value: V, otherValue: VO, key: K) => Awaitable<VR>,
    options: ForeignKeyJoinOptions<K, KO> & NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>>
  join(other: AnyTable, first: unknown, second?: unknown, third?: object): unknown {
    const table =
      typeof second === 'function'
        ? addForeignKeyJoin(this[point], other[point], 'inner', first as ForeignKeyFn, second as TableJoiner, third)
        : addTableTableJoin(this[point], other[point], 'inner', first as TableJoiner, second as object | undefined)
    return this.#make.table(table)
  }

  /** Joins each row of this table with the row of the other table with the same key, or with null. */
  leftJoin<KO, VO, VR, OtherKnown extends SerdeSide>(
    other: KTable<KO, VO, OtherKnown> & SameKeyOf<K, KO, TableExpected>,
    joiner: (value: V, otherValue: VO | null, key: K) => Awaitable<VR>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR>>
  /** Joins with options as above, or by foreign key if the third argument is the joiner. */
  leftJoin<KO, VO, Result, VR, OtherKnown extends SerdeSide, Third>(
    other: KTable<KO, VO, OtherKnown> & TableJoin<Third, SameKeyOf<K, KO, TableExpected>, unknown>,
    first: (value: V, otherValue: TableJoin<Third, VO | null, K>, key: K) => Result,
    third: ThirdOfTableJoin<
      Third,
      RowsOptions<K, V, Awaited<Result>, Known, ValueSerdeOf<Third>>,
      KO,
      Result,
      (value: V, otherValue: VO | null, key: K) => Awaitable<VR>
    >,
  ): KTable<
    K,
    RowOf<TableJoin<Third, Awaited<Result>, VR>>,
    KnownAfter<Known, V, TableJoin<Third, Awaited<Result>, VR>> | IfGiven<ValueSerdeOf<Third>, 'value'>
  >
  /**
   * Joins each row with the row of another table that its foreign key refers to, or with null. The result is updated when
   * either table changes. Both tables get stores if they have none, and may have different partition counts. The options can be
   * left out, but a joiner that is a generic function gets its types only if they are given; `{}` suffices.
   * @param foreignKey the key in the other table, or null for none
   */
  leftJoin<KO, VO, VR, OtherKnown extends SerdeSide, S extends SerdeOf<VR> | undefined = undefined>(
    other: KTable<KO, VO, OtherKnown>,
    foreignKey: (value: V, key: K) => NoInfer<KO> | null,
    joiner: (value: V, otherValue: VO | null, key: K) => Awaitable<VR>,
    options: ForeignKeyJoinOptions<K, KO> & NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>>
  leftJoin(other: AnyTable, first: unknown, second?: unknown, third?: object): unknown {
    const table =
      typeof second === 'function'
        ? addForeignKeyJoin(this[point], other[point], 'left', first as ForeignKeyFn, second as TableJoiner, third)
        : addTableTableJoin(this[point], other[point], 'left', first as TableJoiner, second as object | undefined)
    return this.#make.table(table)
  }

  /** Joins the rows of both tables by key. The joiner receives null if a table has no such row. */
  outerJoin<KO, VO, VR, OtherKnown extends SerdeSide, S extends SerdeOf<VR> | undefined = undefined>(
    other: KTable<KO, VO, OtherKnown> & SameKeyOf<K, KO, TableExpected>,
    joiner: (value: V | null, otherValue: VO | null, key: K) => Awaitable<VR>,
    options?: NewRowsOptions<K, V, VR, Known, S>,
  ): KTable<K, RowOf<VR>, KnownAfter<Known, V, VR> | IfGiven<S, 'value'>> {
    return this.#make.table(
      addTableTableJoin(this[point], other[point], 'outer', joiner, options as MaterializeOptions<K, VR>),
    )
  }

  /**
   * Holds updates back to reduce the number of results: until a window closes (only its final result is emitted), or for a
   * time limit (only the latest update of each key is emitted). Time is stream time: without new records nothing is emitted.
   *
   * @example
   * grouped.windowedBy(tumbling({ sizeMs: 60_000, graceMs: 5_000 })).count().suppress({ until: 'window-closes' })
   */
  suppress(this: TopologyError<SuppressionMissing>): KTable<K, V, Known>
  suppress(options: SuppressOptions): KTable<K, V, Known>
  suppress(options?: SuppressOptions): KTable<K, V, Known> {
    return this.#make.table(addSuppress(this[point], options as SuppressOptions))
  }

  /**
   * Converts the table to the stream of its changes. The value is null if a row was deleted; a session that is merged into
   * another session is also deleted. `mapper` returns a new key for each record.
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
