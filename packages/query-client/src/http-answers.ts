import { QueryClientError } from './query-client-error.ts'

export interface HttpOptions {
  readonly token: string | undefined
  readonly retries: number
  readonly backOffMs: number
  readonly maxBackOffMs: number
  readonly timeoutMs: number
  readonly fetch: (url: URL, init: RequestInit) => Promise<Response>
}

interface Attempt {
  readonly retry: boolean
  readonly waitMs: number | undefined
  readonly error: QueryClientError
}

const MAX_REDIRECTS = 3
/** Statuses that say nothing about the question itself: the same question may be answered a moment later. */
export const PASSING: readonly number[] = [429, 502, 503, 504]

/**
 * Asks until there is an answer. A 503 and a server that cannot be reached are asked again, later each time and not before
 * `Retry-After`.
 *
 * @param urlOf the address of an attempt
 * @returns the JSON of the answer
 */
export async function answerOf(
  urlOf: (attempt: number) => URL,
  options: HttpOptions,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  for (let attempt = 0; ; attempt++) {
    const outcome = await ask(urlOf(attempt), options, signal, 0)
    if (!(typeof outcome === 'object' && outcome !== null && isAttempt(outcome))) return outcome
    const { retry, waitMs, error } = outcome
    if (!retry || attempt >= options.retries) throw error
    await sleep(Math.max(backOffMs(attempt, options), Math.min(waitMs ?? 0, options.maxBackOffMs)), signal)
  }
}

/** The wait after an attempt. Clients that were refused together do not return together. */
export function backOffMs(attempt: number, options: Pick<HttpOptions, 'backOffMs' | 'maxBackOffMs'>): number {
  return Math.min(options.maxBackOffMs, options.backOffMs * 2 ** attempt) * (0.5 + Math.random() / 2)
}

const ATTEMPT = Symbol('attempt')

function isAttempt(outcome: object): outcome is Attempt {
  return ATTEMPT in outcome
}

function failed(error: QueryClientError, retry: boolean, waitMs?: number): Attempt {
  return { [ATTEMPT]: true, error, retry, waitMs } as Attempt
}

async function ask(
  url: URL,
  options: HttpOptions,
  signal: AbortSignal | undefined,
  redirects: number,
): Promise<unknown> {
  const { token, timeoutMs } = options
  const inTime = AbortSignal.timeout(timeoutMs)
  let response: Response
  let text: string
  try {
    response = await options.fetch(url, {
      headers: { accept: 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      redirect: 'manual',
      signal: signal === undefined ? inTime : AbortSignal.any([signal, inTime]),
    })
    text = await response.text()
  } catch (cause) {
    signal?.throwIfAborted()
    return failed(unreachable(url, cause), true)
  }
  // A browser does not show where it would go. The server that was asked can go there itself.
  if (response.type === 'opaqueredirect') return await ask(forwarded(url), options, signal, redirects + 1)
  if (response.status >= 300 && response.status < 400) {
    const target = redirectOf(url, response, redirects)
    return target instanceof QueryClientError
      ? failed(target, false)
      : await ask(target, options, signal, redirects + 1)
  }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch (cause) {
    const error = new QueryClientError(`${url.origin} answered with status ${response.status}, and not with JSON.`, {
      code: 'QUERY_CLIENT_ANSWER',
      hint: 'Check that the address is that of a query server.',
      status: response.status,
      cause,
    })
    return failed(error, PASSING.includes(response.status))
  }
  if (response.ok) return body
  return failed(errorOf(body, response.status), PASSING.includes(response.status), retryAfterMs(response))
}

/**
 * Reads what came back with status 200, which may be of something else than a query server.
 * @throws QueryClientError `QUERY_CLIENT_ANSWER` if it cannot be read
 */
export function understood<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new QueryClientError('What came back is no answer of a query server.', {
      code: 'QUERY_CLIENT_ANSWER',
      hint: 'Check that the address is that of a query server, and that the client is not older than it.',
      status: 200,
      cause,
    })
  }
}

export function retryAfterMs({ headers }: Response): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? NaN)
  return Number.isFinite(seconds) ? seconds * 1000 : undefined
}

export function unreachable(url: URL, cause: unknown): QueryClientError {
  return new QueryClientError(`The query server ${url.origin} gave no answer.`, {
    code: 'QUERY_CLIENT_UNREACHABLE',
    hint: 'Check the address, and that the application runs.',
    cause,
  })
}

function forwarded(url: URL): URL {
  const target = new URL(url)
  target.searchParams.set('route', 'forward')
  return target
}

/** The token goes with the request, so it must not leave TLS, nor go round in circles. */
function redirectOf(url: URL, response: Response, redirects: number): URL | QueryClientError {
  const refused = (message: string) =>
    new QueryClientError(message, {
      code: 'QUERY_CLIENT_REDIRECT',
      hint: 'Set route to "forward", and check the applicationServer of each instance.',
      status: response.status,
    })
  if (redirects >= MAX_REDIRECTS) return refused(`The query was redirected more than ${MAX_REDIRECTS} times.`)
  const location = response.headers.get('location')
  if (location === null || !URL.canParse(location, url.href)) return refused('The redirect does not say where to.')
  const target = new URL(location, url)
  const isSafe = target.protocol === url.protocol || target.protocol === 'https:'
  return isSafe ? target : refused(`The redirect leads from ${url.protocol} to ${target.protocol}.`)
}

export function errorOf(body: unknown, status: number | undefined): QueryClientError {
  const { error } = (body ?? {}) as { readonly error?: Readonly<Record<string, unknown>> }
  const text = (name: string, otherwise: string) => {
    const value = error?.[name]
    return typeof value === 'string' ? value : otherwise
  }
  return new QueryClientError(text('message', `The server answered with status ${status ?? 'of an error'}.`), {
    code: text('code', 'QUERY_CLIENT_ANSWER'),
    hint: text('hint', ''),
    ...(status !== undefined && { status }),
  })
}

export async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = () => reject(signal?.reason as Error)
  const timer = setTimeout(resolve, ms)
  signal?.addEventListener('abort', stop, { once: true })
  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', stop)
  }
}
