import type { Awaitable } from '../operators/spec.ts'
import type { SessionWindowsSpec, WindowsSpec } from '../windows/windows-spec.ts'
import type { Windowed } from '../record/windowed.ts'
import type { WindowedBy } from '../assemble/aggregation.ts'
import { addCogroup, type CogroupPoint } from '../assemble/cogroup.ts'
import type { ResultSerdeMissing, RowOf, SerdeSide, TopologyError } from './known-serdes.ts'
import type { KGroupedStream } from './kgrouped-stream.ts'
import type { KTable } from './ktable.ts'
import { type LateOption, onLateOf } from './late-option.ts'
import type { Make } from './make.ts'
import type { AggregateOptions, AggregateWindowsOptions } from './options.ts'
import { point, sameGraph } from '../assemble/point.ts'

/**
 * Several grouped streams with the same key type that are aggregated into one table, each with its own aggregator. `V` is the
 * type of their values.
 */
export class CogroupedKStream<K, VR, V = unknown> {
  readonly #point: CogroupPoint
  readonly #make: Make

  /** @internal */
  constructor(from: CogroupPoint, make: Make) {
    this.#point = from
    this.#make = make
  }

  /** Adds a grouped stream. `aggregator` adds its values to the aggregate. */
  cogroup<VO, Known extends SerdeSide>(
    grouped: KGroupedStream<K, VO, Known>,
    aggregator: (aggregate: VR, value: VO, key: K) => Awaitable<NoInfer<VR> | null>,
  ): CogroupedKStream<K, VR, V | VO> {
    sameGraph(this.#point.inputs[0]!.group, grouped[point], 'cogroup')
    const group = grouped[point]
    const { inputs: before, repartitioned } = this.#point
    // Of a stream that is given twice the last aggregator counts, as in Kafka Streams.
    const known = before.findIndex(input => input.group === group)
    const inputs = known < 0 ? [...before, { group, aggregator }] : before.with(known, { group, aggregator })
    return new CogroupedKStream({ inputs, repartitioned }, this.#make)
  }

  /** Returns the table of the aggregates. `initializer` returns the initial aggregate of a key. */
  aggregate(this: TopologyError<ResultSerdeMissing>, initializer: () => NoInfer<VR>): KTable<K, RowOf<VR>, SerdeSide>
  aggregate(initializer: () => NoInfer<VR>, options: AggregateOptions<K, VR>): KTable<K, RowOf<VR>, SerdeSide>
  aggregate(initializer: () => NoInfer<VR>, options?: object): KTable<K, RowOf<VR>, SerdeSide> {
    return this.#make.table(addCogroup(this.#point, initializer, options as never))
  }

  /** Aggregates per time window or per session. */
  windowedBy<Windows extends WindowsSpec>(
    windows: Windows,
    options?: LateOption<K, V>,
  ): Windows extends SessionWindowsSpec ? SessionWindowedCogroupedKStream<K, VR> : TimeWindowedCogroupedKStream<K, VR>
  windowedBy(windows: WindowsSpec, options: LateOption<K, V> = {}): unknown {
    const by: WindowedBy = { windows, emit: 'on-update', onLate: onLateOf(options, this.#make) }
    const from = this.#point
    return windows.type === 'session'
      ? new SessionWindowedCogroupedKStream(from, by, this.#make)
      : new TimeWindowedCogroupedKStream(from, by, this.#make)
  }
}

/** A `CogroupedKStream` over time windows. */
export class TimeWindowedCogroupedKStream<K, VR> {
  readonly #point: CogroupPoint
  readonly #by: WindowedBy
  readonly #make: Make

  /** @internal */
  constructor(from: CogroupPoint, by: WindowedBy, make: Make) {
    this.#point = from
    this.#by = by
    this.#make = make
  }

  /** Returns the table of the aggregates of each window. */
  aggregate(
    this: TopologyError<ResultSerdeMissing>,
    initializer: () => NoInfer<VR>,
  ): KTable<Windowed<K>, RowOf<VR>, SerdeSide>
  aggregate(
    initializer: () => NoInfer<VR>,
    options: AggregateWindowsOptions<K, VR>,
  ): KTable<Windowed<K>, RowOf<VR>, SerdeSide>
  aggregate(initializer: () => NoInfer<VR>, options?: object): KTable<Windowed<K>, RowOf<VR>, SerdeSide> {
    return this.#make.table(addCogroup(this.#point, initializer, options as never, this.#by))
  }
}

/** A `CogroupedKStream` over sessions. */
export class SessionWindowedCogroupedKStream<K, VR> {
  readonly #point: CogroupPoint
  readonly #by: WindowedBy
  readonly #make: Make

  /** @internal */
  constructor(from: CogroupPoint, by: WindowedBy, make: Make) {
    this.#point = from
    this.#by = by
    this.#make = make
  }

  /**
   * Returns the table of the aggregates of each session. `merger` merges the aggregates of two sessions that a record
   * connects.
   */
  aggregate(
    initializer: () => NoInfer<VR>,
    merger: (one: VR, other: VR, key: K) => Awaitable<NoInfer<VR>>,
    options: AggregateWindowsOptions<K, VR>,
  ): KTable<Windowed<K>, RowOf<VR>, SerdeSide> {
    return this.#make.table(addCogroup(this.#point, initializer, options, { ...this.#by, merger }))
  }
}
