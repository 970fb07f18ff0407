import type { Named, Result, Stored } from '../spec.ts'

/** Steps with which a topology begins. */
export type SourceSteps = StreamStep | TableStep

export interface StreamStep extends Result, Named {
  readonly op: 'stream'
  readonly topics: readonly string[]
}

export interface TableStep extends Result, Named, Stored {
  readonly op: 'table'
  readonly topic: string
}
