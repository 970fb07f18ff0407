import type { StorePlan } from '@millrace/core'

/** A store of a task and where its changelog is, if it has one. */
export interface TaskStorePlan {
  readonly plan: StorePlan
  /** Decorated name; undefined without a changelog. */
  readonly changelogTopic: string | undefined
  /** The changelog is the table's own source topic: restored from, never written. */
  readonly changelogIsSource: boolean
}
