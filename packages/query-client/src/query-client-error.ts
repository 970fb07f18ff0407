/** What a query server has refused, or why it could not be reached. */
export class QueryClientError extends Error {
  override readonly name = 'QueryClientError'
  /**
   * The code of the server's error, such as `MILLRACE_STORE_UNKNOWN`. The client's own are `QUERY_CLIENT_OPTION` (an
   * argument or option is wrong), `QUERY_CLIENT_UNREACHABLE`, `QUERY_CLIENT_ANSWER` (what came back is no answer of a query server) and
   * `QUERY_CLIENT_REDIRECT`.
   */
  readonly code: string
  /** What to do. */
  readonly hint: string
  /** The HTTP status; undefined if there was no answer. */
  readonly status: number | undefined

  constructor(
    message: string,
    {
      code,
      hint,
      status,
      cause,
    }: { readonly code: string; readonly hint: string; readonly status?: number; readonly cause?: unknown },
  ) {
    const sentence = /[.?!]$/.test(message) ? message : `${message}.`
    super(`${code}: ${sentence} ${hint}`.trim(), cause === undefined ? undefined : { cause })
    this.code = code
    this.hint = hint
    this.status = status
  }
}
