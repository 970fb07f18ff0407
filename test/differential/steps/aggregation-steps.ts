import type { Catalogue } from '../catalogue.ts'
import type { From, Named, Result, StepId, Stored } from '../spec.ts'

/** Grouping, windows, and what is made of them. */
export type AggregationSteps =
  | GroupByKeyStep
  | GroupByStep
  | WindowedByStep
  | CountStep
  | ReduceStep
  | AggregateStep
  | CogroupStep

/** `name` is that of the grouping, which its repartition topic takes. */
export interface GroupByKeyStep extends Result, From, Named {
  readonly op: 'groupByKey'
}

export interface GroupByStep extends Result, From, Named {
  readonly op: 'groupBy'
  readonly selector: keyof Catalogue['keySelector']
}

/** Windows over a grouped or cogrouped stream. */
export interface WindowedByStep extends Result, From {
  readonly op: 'windowedBy'
  /** @default 'time' */
  readonly kind?: 'time' | 'sliding' | 'session' | 'unlimited'
  /** Length of a window, time difference, gap, or the start of an unlimited one. */
  readonly sizeMs: number
  /** Of windows of time. @default sizeMs */
  readonly advanceMs?: number
  readonly graceMs: number
  /** Not after `cogroup`. @default on update */
  readonly emit?: 'on-close'
}

/** Of a grouped or windowed stream, as the two below. */
export interface CountStep extends Result, From, Named, Stored {
  readonly op: 'count'
}

/** Of strings only. */
export interface ReduceStep extends Result, From, Named, Stored {
  readonly op: 'reduce'
  readonly reducer: keyof Catalogue['reducer']
}

export interface AggregateStep extends Result, From, Named, Stored {
  readonly op: 'aggregate'
  readonly aggregation: keyof Catalogue['aggregation']
}

/** Begins a cogrouped stream with a grouped one, or adds one (`with`) to it. `aggregate` then gives the first aggregate. */
export interface CogroupStep extends Result, From {
  readonly op: 'cogroup'
  readonly with?: StepId
  readonly aggregation: keyof Catalogue['aggregation']
}
