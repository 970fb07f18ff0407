import { millraceError } from '@millrace/core'

/** The states of an application, as Kafka Streams names them. */
export type StreamsState =
  | 'CREATED'
  | 'REBALANCING'
  | 'RUNNING'
  | 'PENDING_SHUTDOWN'
  | 'NOT_RUNNING'
  | 'PENDING_ERROR'
  | 'ERROR'

const TRANSITIONS: Readonly<Record<StreamsState, readonly StreamsState[]>> = {
  CREATED: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  REBALANCING: ['RUNNING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  RUNNING: ['REBALANCING', 'PENDING_SHUTDOWN', 'PENDING_ERROR'],
  PENDING_SHUTDOWN: ['NOT_RUNNING', 'PENDING_ERROR'],
  NOT_RUNNING: [],
  PENDING_ERROR: ['ERROR'],
  ERROR: [],
}

/**
 * The next state, or an error where there is no such way. Going to the state one is in changes nothing.
 * @throws MILLRACE_STATE_TRANSITION
 */
export function transition(from: StreamsState, to: StreamsState): StreamsState {
  if (from === to || TRANSITIONS[from].includes(to)) return to
  throw millraceError('MILLRACE_STATE_TRANSITION', { from, to })
}

export function canGo(from: StreamsState, to: StreamsState): boolean {
  return TRANSITIONS[from].includes(to)
}
