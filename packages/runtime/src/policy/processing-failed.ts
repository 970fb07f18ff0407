import { isMillraceError, millraceError, reasonOf } from '@millrace/core'

/** Where something failed, as far as it is known. */
export interface FailedAt {
  /** The operator, or the task where results of several operators are written together. */
  readonly node: string
  readonly task: string
  /** Null where no record was at hand: in a timer, or when what earlier records have left in caches is written. */
  readonly topic: string | null
  readonly partition: number
  readonly offset: number
}

/** The error that ends an application on a record. What is wrong with one record is known better where it was noticed: so is the remedy. */
export function processingFailed(at: FailedAt, cause: unknown): Error {
  const { node, task, topic, partition, offset } = at
  const operator = node === task ? 'Writing what earlier records have left in caches and stores' : node
  const where = topic === null ? '' : ` on ${topic}-${partition} at offset ${offset}`
  return millraceError(
    'MILLRACE_PROCESSING_FAILED',
    { operator, where, task, reason: reasonOf(cause) },
    { cause, ...(isMillraceError(cause) && { hint: cause.hint }) },
  )
}
