import type { Catalogue } from '../catalogue.ts'
import type { From, Named, Result, StepId, Stored } from '../spec.ts'

/** Steps of streams without state. */
export type StreamSteps =
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
  | EndStep
  | ToTableStep
  | ToStreamStep

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
  readonly partitioner?: keyof Catalogue['partitions']
}

/** Either to `topic`, or to that which `choice` gives. */
export interface ToStep extends From, Named {
  readonly op: 'to'
  readonly topic?: string
  readonly choice?: keyof Catalogue['topicChoice']
  readonly partitioner?: keyof Catalogue['partitions']
}

/** Ends of a stream. What `print` prints nobody compares. */
export interface EndStep extends From, Named {
  readonly op: 'foreach' | 'print'
}

/** After a step that makes new keys or values, `store` must be there: it gives the serdes that are unknown by then. */
export interface ToTableStep extends Result, From, Named, Stored {
  readonly op: 'toTable'
}

export interface ToStreamStep extends Result, From, Named {
  readonly op: 'toStream'
  /** For new keys. */
  readonly selector?: keyof Catalogue['keySelector']
}
