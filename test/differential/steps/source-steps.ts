import type { Catalogue } from '../catalogue.ts'
import type { Named, Result, Stored } from '../spec.ts'

/** Steps with which a topology begins. */
export type SourceSteps = StreamStep | TableStep | GlobalTableStep

interface Read extends Result, Named {
  readonly extractor?: keyof Catalogue['extractor']
  /** What becomes of records with a negative time; not with an extractor. @default the application fails */
  readonly badTimestamp?: 'fail' | 'skip' | 'partition-time'
  readonly offsetReset?: 'earliest'
}

export interface StreamStep extends Read {
  readonly op: 'stream'
  readonly topics: readonly string[]
  /** Instead of those topics by name, all that match; then `topics` are those that match and get records. */
  readonly pattern?: string
}

export interface TableStep extends Read, Stored {
  readonly op: 'table'
  readonly topic: string
}

/** `store` without caching and logging, which a global table does not have. */
export interface GlobalTableStep extends Result, Named, Stored {
  readonly op: 'globalTable'
  readonly topic: string
}
