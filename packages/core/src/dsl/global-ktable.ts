import { globalPoint, type GlobalPoint, type types } from '../assemble/point.ts'

/**
 * A table of which every instance has all partitions. Streams can be joined with it by any key without repartitioning. It is
 * loaded before the tasks start, and updated while they run.
 */
export class GlobalKTable<K, V> {
  /** @internal */
  readonly [globalPoint]: GlobalPoint
  /** Never there: carries the types only. */
  declare readonly [types]: { readonly global: true; readonly key: K; readonly value: V }

  /** @internal */
  constructor(from: GlobalPoint) {
    this[globalPoint] = from
  }

  /** The name of its store, for processors and queries. */
  get storeName(): string {
    return this[globalPoint].store
  }
}
