import type { ServerResponse } from 'node:http'
import { type ErrorCode, isMillraceError, millraceError, type MillraceError } from '@millrace/core'

/** The status of each error that a client can see. What is not here is a failure of the server, of which the client is told nothing. */
export const STATUS = {
  MILLRACE_SERVER_UNAUTHORIZED: 401,
  MILLRACE_SERVER_ROUTE_UNKNOWN: 404,
  MILLRACE_STORE_UNKNOWN: 404,
  MILLRACE_SERVER_KEY_UNKNOWN: 404,
  MILLRACE_SERVER_REQUEST: 400,
  MILLRACE_QUERY_INVALID: 400,
  MILLRACE_QUERY_STORE_KIND: 400,
  MILLRACE_QUERY_AFTER_IMPOSSIBLE: 400,
  MILLRACE_SERVER_REQUEST_TOO_LARGE: 413,
  MILLRACE_SERVER_RESULT_TOO_LARGE: 422,
  MILLRACE_QUERY_INCOMPLETE: 503,
  MILLRACE_QUERY_NOT_RUNNING: 503,
  MILLRACE_SERVER_OWNER_UNREACHABLE: 503,
  MILLRACE_SERVER_BUSY: 503,
  MILLRACE_SERVER_LIVE_LIMIT: 503,
  MILLRACE_QUERY_TOO_SLOW: 503,
  MILLRACE_SERVER_FAILED: 500,
} as const satisfies Partial<Record<ErrorCode, number>>

/** An answer of the server: JSON, or text. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  /** Set for text. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Writes what follows in place of the body. It ends when the signal is aborted. */
  readonly stream?: (response: ServerResponse, signal: AbortSignal) => Promise<void>
}

/** When a client may come back, in seconds: a rebalance of the cooperative protocol takes about that. */
const RETRY_AFTER = '1'

export function failureAnswer(error: unknown): { readonly answer: Answer; readonly hidden: boolean } {
  const visible = isMillraceError(error) && Object.hasOwn(STATUS, error.code)
  const shown = visible ? error : millraceError('MILLRACE_SERVER_FAILED', {}, { cause: error })
  const status = STATUS[shown.code as keyof typeof STATUS]
  const headers: Readonly<Record<string, string>> =
    status === 503 ? { 'retry-after': RETRY_AFTER } : status === 401 ? { 'www-authenticate': 'Bearer' } : {}
  return { answer: { status, body: errorBody(shown), headers }, hidden: shown.code === 'MILLRACE_SERVER_FAILED' }
}

function errorBody({ code, problem, hint }: MillraceError): object {
  return { error: { code, message: problem, hint } }
}
