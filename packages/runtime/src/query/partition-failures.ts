import {
  type FailureReason,
  isAtLeast,
  isMillraceError,
  millraceError,
  offsetAt,
  type PartitionFailure,
  type Position,
  reasonOf,
} from '@millrace/core'
import { asMistake, type CheckedRequest } from './query-request.ts'

/** A failure that may pass: a query that waits for a position tries again. */
export type PassingFailure = PartitionFailure & { readonly passes?: true }

export function failure(reason: FailureReason, message: string): PartitionFailure {
  return { ok: false, reason, message }
}

export function passing(reason: FailureReason, message: string): PassingFailure {
  return { ...failure(reason, message), passes: true }
}

export const NOT_YET = passing('NOT_UP_TO_BOUND', 'the state did not include the position of "after" in time')

export function notInTime(timeoutMs: number): PartitionFailure {
  return failure('NOT_UP_TO_BOUND', `the state did not include the position of "after" within ${timeoutMs} ms`)
}

export function unknownType(store: string, type: string, plan: CheckedRequest['plan']): PartitionFailure {
  const kind = `${plan.timestamped ? 'timestamped ' : ''}${plan.kind}`
  return failure(
    'UNKNOWN_QUERY_TYPE',
    `store "${store}" is a ${kind} store, which does not know queries of type "${type}"`,
  )
}

export function boundMessage(position: Position, bound: Position): string {
  const open = bound.filter(part => !isAtLeast(position, [part]))
  const parts = open.map(({ topic, partition, offset }) => {
    const has = offsetAt(position, topic, partition)
    return `${topic}-${partition} is at ${has < 0 ? 'no record' : `offset ${has}`}, and the query asks for ${offset}`
  })
  return parts.join('; ')
}

/**
 * A task that is closed while its store is read has moved, or is being created again after an error.
 * @throws MILLRACE_QUERY_INVALID for a mistake of the query
 */
export function failureOf(error: unknown, store: string, partition: number): PartitionFailure {
  const mistake = asMistake(store, error)
  if (mistake !== undefined) throw mistake
  if (isMillraceError(error, 'config')) throw error
  if (isMillraceError(error) && error.code === 'MILLRACE_STORE_CLOSED')
    return failure('NOT_PRESENT', `partition ${partition} left this instance while it was read`)
  return failure('STORE_EXCEPTION', reasonOf(error))
}

export function standbyUncommitted(store: string, guarantee: string): Error {
  const reason = `under ${guarantee} a standby may have changes that no commit includes yet, so isolation must be 'uncommitted'`
  return millraceError('MILLRACE_QUERY_INVALID', { store, reason })
}
