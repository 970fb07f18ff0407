import { ERROR_TABLE, type ErrorKind } from './table.ts'

export type ErrorCode = keyof typeof ERROR_TABLE

type Row<Code extends ErrorCode> = (typeof ERROR_TABLE)[Code]

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never

/** What a code's message and hint need: one value for each `{placeholder}` of its row in the table. */
export type ErrorValues<Code extends ErrorCode> = {
  readonly [Name in Placeholders<Row<Code>['message'] | Row<Code>['hint']>]: string | number
}

/**
 * The one error class of Millrace. Tell errors apart by `code` and decide by `kind`. `message` is the code, what went wrong and what to
 * do, since most loggers and test runners show nothing else.
 */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: ErrorCode
  /** Who has to act, see `ErrorKind`. */
  readonly kind: ErrorKind
  /** What went wrong, without code and hint. */
  readonly problem: string
  /** What to do next. */
  readonly hint: string

  constructor(code: ErrorCode, problem: string, options?: { readonly cause?: unknown; readonly hint?: string }) {
    const hint = options?.hint ?? ERROR_TABLE[code].hint
    const sentence = /[.?!]$/.test(problem) ? problem : `${problem}.`
    super(`${code}: ${sentence} ${hint}`, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.kind = ERROR_TABLE[code].kind
    this.problem = problem
    this.hint = hint
  }
}

/**
 * Makes the error of a code from the table.
 *
 * @example
 * throw millraceError('MILLRACE_TOPIC_MISSING', { topic: 'orders' })
 */
export function millraceError<Code extends ErrorCode>(
  code: Code,
  values: ErrorValues<Code>,
  options?: { readonly cause?: unknown; readonly hint?: string },
): MillraceError {
  const byName = values as Readonly<Record<string, string | number>>
  const fill = (text: string) => text.replace(/\{(\w+)\}/g, (whole, name: string) => String(byName[name] ?? whole))
  const { message, hint } = ERROR_TABLE[code]
  return new MillraceError(code, fill(message), { ...options, hint: options?.hint ?? fill(hint) })
}

/** Whether `error` is a MillraceError, of one of `kinds` where any are given. */
export function isMillraceError(error: unknown, ...kinds: readonly ErrorKind[]): error is MillraceError {
  try {
    return error instanceof MillraceError && (kinds.length === 0 || kinds.includes(error.kind))
  } catch {
    // User functions can throw anything, also a proxy that was revoked.
    return false
  }
}
