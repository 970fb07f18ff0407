import type { Graph } from '../topology/graph.ts'
import { globalPoint, type types } from './point.ts'

/** What a `GlobalKTable` stands for. */
export interface GlobalPoint {
  readonly graph: Graph
  /** The name of its store. */
  readonly store: string
}

/**
 * A topic as a table that every instance has as a whole, whatever its tasks. Streams are joined with it by any key, without
 * repartitioning. It is filled before the tasks run and kept up to date while they do.
 */
export class GlobalKTable<K, V> {
  /** @internal */
  readonly [globalPoint]: GlobalPoint
  /** Never there: carries the types only. */
  declare readonly [types]: { readonly key: K; readonly value: V }

  /** @internal */
  constructor(from: GlobalPoint) {
    this[globalPoint] = from
  }

  /** The name by which processors and queries find its store. */
  get storeName(): string {
    return this[globalPoint].store
  }
}
