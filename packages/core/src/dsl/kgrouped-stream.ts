import type { Awaitable } from '../operators/spec.ts'
import type { EmitStrategy, SessionWindowsSpec, WindowsSpec } from '../windows/windows-spec.ts'
import { millraceError } from '../errors/millrace-error.ts'
import { long } from '../serde/number-serdes.ts'
import type { Serde } from '../serde/serde.ts'
import { addAggregation, type GroupPoint } from '../assemble/aggregation.ts'
import { CogroupedKStream } from './cogrouped-kstream.ts'
import { addDistinctCount, type DistinctCountOptions, type DistinctId } from '../assemble/distinct-count.ts'
import type { MissingValue, ResultSerdeMissing, RowOf, SerdeSide, ValueKnown, TopologyError } from './known-serdes.ts'
import type { KTable } from './ktable.ts'
import type { Make } from './make.ts'
import type { AggregateOptions, MaterializeOptions } from './options.ts'
import { type LateOption, onLateOf } from './late-option.ts'
import { point, type types } from '../assemble/point.ts'
import { addTopN, type TopNOptions } from '../assemble/top-n.ts'
import type { SessionWindowedKStream } from './session-windowed-kstream.ts'
import type { TimeWindowedKStream } from './time-windowed-kstream.ts'

type AggregateTypeMissing = 'Give the type of the aggregate: annotate the first parameter of the aggregator'

/** A stream grouped by key, for an aggregation. Records without key or value are dropped. */
export class KGroupedStream<K, V, Known extends SerdeSide = never> {
  /** @internal */
  readonly [point]: GroupPoint
  readonly #make: Make
  /** Never there: carries the types only. A stream that knows more serdes fits where fewer are asked for. */
  declare readonly [types]: {
    readonly grouped: true
    readonly key: K
    readonly value: V
    readonly known: Record<Known, true>
  }

  /** @internal */
  constructor(group: GroupPoint, make: Make) {
    this[point] = group
    this.#make = make
  }

  /**
   * Counts the records of each key.
   *
   * @example
   * grouped.count({ store: 'counts' })
   */
  count<N extends bigint | number = bigint>(options: MaterializeOptions<K, N> = {}): KTable<K, N, SerdeSide> {
    return this.#make.table(addAggregation(this[point], { kind: 'count' }, options, long() as Serde<unknown>))
  }

  /** Combines the values of each key. The first value is the initial result. `null` deletes the key. */
  reduce(
    this: ValueKnown<Known>,
    reducer: (aggregate: RowOf<V>, value: RowOf<V>) => Awaitable<V | null>,
  ): KTable<K, RowOf<V>, SerdeSide>
  reduce(
    reducer: (aggregate: RowOf<V>, value: RowOf<V>) => Awaitable<V | null>,
    options: MaterializeOptions<K, V> & MissingValue<V, Known>,
  ): KTable<K, RowOf<V>, SerdeSide>
  reduce(
    reducer: (aggregate: RowOf<V>, value: RowOf<V>) => Awaitable<V | null>,
    options: MaterializeOptions<K, V> = {},
  ): KTable<K, RowOf<V>, SerdeSide> {
    return this.#make.table(addAggregation(this[point], { kind: 'reduce', reducer }, options, this[point].valueSerde))
  }

  /**
   * Adds each value to the aggregate of its key. `initializer` returns the initial aggregate. `null` deletes the key.
   *
   * @example
   * grouped.aggregate(() => 0, (total, order) => total + order.price, { value: double() })
   */
  aggregate<VR>(
    this: TopologyError<ResultSerdeMissing>,
    initializer: () => VR,
    aggregator: (aggregate: VR, value: RowOf<V>, key: K) => Awaitable<NoInfer<VR> | null>,
  ): KTable<K, RowOf<VR>, SerdeSide>
  aggregate<VR>(
    initializer: () => VR,
    aggregator: (aggregate: VR, value: RowOf<V>, key: K) => Awaitable<NoInfer<VR> | null>,
    options: AggregateOptions<K, VR>,
  ): KTable<K, RowOf<VR>, SerdeSide>
  aggregate<VR>(
    initializer: () => VR,
    aggregator: (aggregate: VR, value: RowOf<V>, key: K) => Awaitable<NoInfer<VR> | null>,
    options: MaterializeOptions<K, VR> = {},
  ): KTable<K, RowOf<VR>, SerdeSide> {
    const aggregate = { kind: 'aggregate', initializer, aggregator } as const
    return this.#make.table(addAggregation(this[point], aggregate, options, undefined))
  }

  /**
   * Keeps the `n` values with the highest rank of each key, highest first.
   *
   * @example
   * grouped.topN({ n: 3, by: order => order.total })
   */
  topN(options: TopNOptions<K, RowOf<V>> & MissingValue<V, Known>): KTable<K, readonly RowOf<V>[], SerdeSide> {
    return this.#make.table(addTopN(this[point], options))
  }

  /**
   * Counts the distinct ids of each key exactly. A record whose id is null is not counted.
   *
   * @example
   * grouped.distinctCount(click => click.user, { id: string() })
   */
  distinctCount<ID extends DistinctId>(
    by: (value: RowOf<V>, key: K) => ID | null,
    options: DistinctCountOptions<ID>,
  ): KTable<K, bigint, SerdeSide> {
    return this.#make.table(addDistinctCount(this[point], by, options))
  }

  /**
   * Starts an aggregation of several grouped streams into one table. `aggregator` adds the values of this stream.
   *
   * @example
   * orders.cogroup(addOrder).cogroup(payments, addPayment).aggregate(emptyAccount, { value: accounts })
   */
  cogroup<VR = TopologyError<AggregateTypeMissing>>(
    aggregator: (aggregate: VR, value: V, key: K) => Awaitable<VR | null>,
  ): CogroupedKStream<K, VR, V> {
    return new CogroupedKStream<K, VR, V>(
      { inputs: [{ group: this[point], aggregator }], repartitioned: new Map() },
      this.#make,
    )
  }

  /** Aggregates per time window or per session. */
  windowedBy<Windows extends WindowsSpec>(
    windows: Windows,
    options?: WindowedByOptions<K, V>,
  ): Windows extends SessionWindowsSpec ? SessionWindowedKStream<K, V, Known> : TimeWindowedKStream<K, V, Known>
  windowedBy(windows: WindowsSpec, options: WindowedByOptions<K, V> = {}): unknown {
    const { emitStrategy: emit = 'on-update' } = options
    const by = { windows, emit, onLate: onLateOf(options, this.#make) }
    if (windows.type === 'session') return this.#make.sessions(this[point], by)
    if (windows.type === 'unlimited' && emit === 'on-close') {
      const reason = 'emitStrategy is "on-close", but an unlimited window never closes'
      throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: 'windowedBy', reason })
    }
    return this.#make.windowed(this[point], by)
  }
}

export interface WindowedByOptions<K, V> extends LateOption<K, V> {
  /**
   * `on-close` emits one result per window, when stream time has passed its end and grace period. This requires a later record
   * of any key in the same partition, or `idleAdvanceMs`.
   * @default 'on-update'
   */
  readonly emitStrategy?: EmitStrategy
}
