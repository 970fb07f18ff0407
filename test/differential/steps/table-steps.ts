import type { Catalogue } from '../catalogue.ts'
import type { StepId, StoreSpec } from '../spec.ts'

/** Steps that only tables have. `from` is a table, except of the aggregations, where it is a grouped table. */
export type TableSteps =
  | TableGroupByStep
  | TableCountStep
  | TableReduceStep
  | TableAggregateStep
  | TableJoinStep
  | ForeignKeyJoinStep
  | SuppressStep
  | TransformValuesStep

interface Base {
  readonly id: StepId
  readonly from: StepId
  readonly name?: string
}

export interface TableGroupByStep extends Base {
  readonly op: 'tableGroupBy'
  readonly mapper: keyof Catalogue['pairMapper']
}

export interface TableCountStep extends Base {
  readonly op: 'tableCount'
  readonly store?: StoreSpec
}

export interface TableReduceStep extends Base {
  readonly op: 'tableReduce'
  readonly adder: keyof Catalogue['reducer']
  readonly subtractor: keyof Catalogue['reducer']
  readonly store?: StoreSpec
}

export interface TableAggregateStep extends Base {
  readonly op: 'tableAggregate'
  readonly adder: keyof Catalogue['aggregation']
  readonly subtractor: keyof Catalogue['aggregation']
  readonly store?: StoreSpec
}

/** The joiner's key is always `k`: Java's joiners of tables see none. */
export interface TableJoinStep extends Base {
  readonly op: 'tableJoin'
  readonly join: 'inner' | 'left' | 'outer'
  readonly with: StepId
  readonly joiner: keyof Catalogue['joiner']
  readonly store?: StoreSpec
}

export interface ForeignKeyJoinStep extends Base {
  readonly op: 'foreignKeyJoin'
  readonly join: 'inner' | 'left'
  readonly with: StepId
  readonly selector: keyof Catalogue['keySelector']
  readonly joiner: keyof Catalogue['joiner']
  readonly store?: StoreSpec
}

/** Without `waitMs`, until windows close. */
export interface SuppressStep extends Base {
  readonly op: 'suppress'
  readonly waitMs?: number
  readonly maxRecords?: number
  readonly maxBytes?: number
  /** @default emit early, or without `waitMs` shut down */
  readonly whenFull?: 'shut-down'
  readonly logging?: boolean
}

export interface TransformValuesStep extends Base {
  readonly op: 'transformValues'
  readonly mapper: keyof Catalogue['valueMapper']
  /** An `addStore` of kind `keyValue`, in which it counts how often it was called for a key. */
  readonly counts?: StepId
  readonly store?: StoreSpec
}
