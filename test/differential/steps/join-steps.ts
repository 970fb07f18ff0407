import type { Catalogue } from '../catalogue.ts'
import type { From, Named, Result, StepId } from '../spec.ts'

/** Joins of streams. */
export type JoinSteps = StreamTableJoinStep | StreamGlobalJoinStep | StreamStreamJoinStep

/** `from` is the stream. The keys of both must be of the same kind. */
export interface StreamTableJoinStep extends Result, From, Named {
  readonly op: 'join' | 'leftJoin'
  readonly table: StepId
  readonly joiner: keyof Catalogue['joiner']
  /** How long records wait for late versions of the table, which must be versioned. */
  readonly graceMs?: number
}

/** With a global table, by the key that `selector` gives. */
export interface StreamGlobalJoinStep extends Result, From, Named {
  readonly op: 'globalJoin'
  readonly kind: 'inner' | 'left'
  readonly with: StepId
  readonly selector: keyof Catalogue['keySelector']
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
  readonly type?: 'memory' | 'persistent'
}
