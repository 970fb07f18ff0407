import { asError, type ErrorCode, isMillraceError, MillraceError } from '@millrace/core'

/** An error on its way to another thread, which keeps code, hint and causes. */
export interface CrossingError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly cause: CrossingError | undefined
  readonly millrace: { readonly code: ErrorCode; readonly problem: string; readonly hint: string } | undefined
}

/** Causes of causes, in case one is its own cause. */
const MOST_CAUSES = 10

export function packError(thrown: unknown, depth = 0): CrossingError {
  const error = asError(thrown)
  const { name, message, stack, cause } = error
  return {
    name,
    message,
    stack,
    cause: cause === undefined || depth >= MOST_CAUSES ? undefined : packError(cause, depth + 1),
    millrace: isMillraceError(error) ? { code: error.code, problem: error.problem, hint: error.hint } : undefined,
  }
}

export function unpackError({ name, message, stack, cause, millrace }: CrossingError): Error {
  const options = cause === undefined ? {} : { cause: unpackError(cause) }
  const error =
    millrace === undefined
      ? Object.assign(new Error(message, options), { name })
      : new MillraceError(millrace.code, millrace.problem, { ...options, hint: millrace.hint })
  if (stack !== undefined) error.stack = stack
  return error
}
