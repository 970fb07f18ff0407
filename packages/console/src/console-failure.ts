import { isMillraceError, millraceError, reasonOf } from '@millrace/core'
import type { ErrorAnswer } from './answers.ts'

/** An answer of the console: JSON, or text. */
export interface ConsoleAnswer {
  readonly status: number
  readonly body: unknown
  /** @default JSON */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

const STATUS: Readonly<Record<string, number>> = {
  MILLRACE_SERVER_UNAUTHORIZED: 401,
  MILLRACE_SERVER_ROUTE_UNKNOWN: 404,
  MILLRACE_TOPIC_MISSING: 404,
  MILLRACE_SERVER_REQUEST: 400,
  MILLRACE_SERVER_REQUEST_TOO_LARGE: 413,
  MILLRACE_DEAD_LETTER_UNSENDABLE: 422,
  MILLRACE_SERVER_BUSY: 503,
}

/** Who uses the console operates the application: errors of Kafka are told as they are. */
export function consoleFailure(error: unknown): ConsoleAnswer {
  const known = isMillraceError(error)
  const shown = known ? error : millraceError('MILLRACE_CONSOLE_FAILED', { reason: reasonOf(error) }, { cause: error })
  const { code, problem: message, hint } = shown
  const status = STATUS[code] ?? (shown.kind === 'retriable' ? 503 : 500)
  const body: ErrorAnswer = { error: { code, message, hint } }
  return { status, body, ...(status === 503 && { headers: { 'retry-after': '1' } }) }
}

export function invalidRequest(parameter: string, reason: string): Error {
  return millraceError('MILLRACE_SERVER_REQUEST', { parameter, reason })
}
