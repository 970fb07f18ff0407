import type { Catalogue } from './catalogue.ts'
import type { TableOnlyStep } from './table-steps.ts'

/**
 * A topology as data, for two interpreters: `interpreter.ts` builds it with Millrace's DSL, `java/` with Kafka Streams'.
 * Steps are carried out in their order, which decides the numbers in generated names. Each gives its result an `id`, and
 * takes those of earlier steps.
 *
 * Topics hold strings. Counts are longs, windowed keys are written as Kafka Streams writes them, and every other function
 * gives strings again.
 */
export type TopologySpec = readonly Step[]

export type Step =
  | TableOnlyStep
  | StreamStep
  | TableStep
  | FilterStep
  | MapStep
  | MapValuesStep
  | FlatMapStep
  | FlatMapValuesStep
  | SelectKeyStep
  | MergeStep
  | PeekStep
  | SplitStep
  | RepartitionStep
  | ToStep
  | ToTableStep
  | GroupByKeyStep
  | GroupByStep
  | WindowedByStep
  | CountStep
  | ReduceStep
  | AggregateStep
  | ToStreamStep
  | StreamTableJoinStep
  | StreamStreamJoinStep
  | CogroupStep

/** Identifies the result of a step: a stream, a table, a grouped or a windowed stream. */
export type StepId = string

/** Node name as the user of the DSL would give it. */
interface Named {
  readonly name?: string
}

interface Result {
  readonly id: StepId
}

/** Of a stream or a table, whichever `from` is. */
interface From {
  readonly from: StepId
}

/**
 * A store as the user asks for it. `{}` differs from leaving it out, as `Materialized.with(…)` differs from no
 * `Materialized`: it gives the serdes, and may spend a number.
 */
export interface StoreSpec {
  readonly name?: string
  readonly caching?: boolean
  readonly logging?: boolean
  /** Of window stores only. */
  readonly retentionMs?: number
}

interface Stored {
  readonly store?: StoreSpec
}

export interface StreamStep extends Result, Named {
  readonly op: 'stream'
  readonly topics: readonly string[]
}

export interface TableStep extends Result, Named, Stored {
  readonly op: 'table'
  readonly topic: string
}

/** `store` only where `from` is a table. */
export interface FilterStep extends Result, From, Named, Stored {
  readonly op: 'filter' | 'filterNot'
  readonly predicate: keyof Catalogue['predicate']
}

export interface MapStep extends Result, From, Named {
  readonly op: 'map'
  readonly mapper: keyof Catalogue['pairMapper']
}

/** `store` only where `from` is a table. */
export interface MapValuesStep extends Result, From, Named, Stored {
  readonly op: 'mapValues'
  readonly mapper: keyof Catalogue['valueMapper']
}

export interface FlatMapStep extends Result, From, Named {
  readonly op: 'flatMap'
  readonly mapper: keyof Catalogue['flatPairMapper']
}

export interface FlatMapValuesStep extends Result, From, Named {
  readonly op: 'flatMapValues'
  readonly mapper: keyof Catalogue['flatValueMapper']
}

export interface SelectKeyStep extends Result, From, Named {
  readonly op: 'selectKey'
  readonly selector: keyof Catalogue['keySelector']
}

/** Both streams must have the same kinds of keys and values. */
export interface MergeStep extends Result, From, Named {
  readonly op: 'merge'
  readonly with: StepId
}

export interface PeekStep extends Result, From, Named {
  readonly op: 'peek'
}

/** Without `defaultBranch`, records that no branch takes are dropped. */
export interface SplitStep extends From, Named {
  readonly op: 'split'
  readonly branches: readonly BranchStep[]
  readonly defaultBranch?: Result & Named
}

export interface BranchStep extends Result, Named {
  readonly predicate: keyof Catalogue['predicate']
}

export interface RepartitionStep extends Result, From, Named {
  readonly op: 'repartition'
  readonly partitions?: number
}

export interface ToStep extends From, Named {
  readonly op: 'to'
  readonly topic: string
}

/** After a step that makes new keys or values, `store` must be there: it gives the serdes that are unknown by then. */
export interface ToTableStep extends Result, From, Named, Stored {
  readonly op: 'toTable'
}

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
  /** Not of unlimited windows nor after `cogroup`. @default on update */
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

export interface ToStreamStep extends Result, From, Named {
  readonly op: 'toStream'
}

/** `from` is the stream. The keys of both must be of the same kind. */
export interface StreamTableJoinStep extends Result, From, Named {
  readonly op: 'join' | 'leftJoin'
  readonly table: StepId
  readonly joiner: keyof Catalogue['joiner']
}

/** Two streams with keys of the same kind; they may be the same one. */
export interface StreamStreamJoinStep extends Result, From, Named {
  readonly op: 'streamJoin'
  readonly kind: 'inner' | 'left' | 'outer'
  readonly with: StepId
  readonly joiner: keyof Catalogue['joiner']
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
  readonly storeName?: string
  readonly logging?: boolean
}

/** Begins a cogrouped stream with a grouped one, or adds one (`with`) to it. `aggregate` then gives the first aggregate. */
export interface CogroupStep extends Result, From {
  readonly op: 'cogroup'
  readonly with?: StepId
  readonly aggregation: keyof Catalogue['aggregation']
}
