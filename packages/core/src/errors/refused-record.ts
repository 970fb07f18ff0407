import type { RefusedRecord } from '../ports/client.ts'
import { type MillraceError, millraceError } from './millrace-error.ts'

const REFUSED = new WeakMap<MillraceError, RefusedRecord>()

/** The error of a record that a broker refuses for good. */
export function recordRefusedError(
  record: RefusedRecord,
  reason: string,
  options?: { readonly cause?: unknown },
): MillraceError {
  const { topic, partition } = record
  const error = millraceError('MILLRACE_PRODUCE_RECORD_REFUSED', { topic, partition, reason }, options)
  REFUSED.set(error, record)
  return error
}

/** Which record it was; undefined for every other error. */
export function refusedRecord(error: unknown): RefusedRecord | undefined {
  return REFUSED.get(error as MillraceError)
}
