import { QueryClientError } from './query-client-error.ts'
import type { ReadSettings } from './query-client.ts'

/*
 * This package has no dependencies, so that it is small in a browser. The server checks the values of a question; what it never hears of is
 * checked here.
 */

type Given = Readonly<Record<string, unknown>>

/** What can be said with every question, and by the kind of question. */
const READ = Object.keys({
  isolation: true,
  standbys: true,
  maxLag: true,
  after: true,
  position: true,
  route: true,
  signal: true,
} satisfies Record<keyof ReadSettings, true>)
const LIST = [...READ, 'reverse', 'limit', 'from', 'to']
const LIVE = ['key', 'from', 'to', 'prefix', 'partition', 'signal']
export const SETTINGS = {
  stores: ['signal'],
  find: [...READ, 'asOf'],
  entries: [...READ, 'from', 'to', 'prefix', 'reverse', 'partition', 'pageSize'],
  windows: LIST,
  allWindows: LIST,
  sessions: LIST,
  versions: LIST,
  live: LIVE,
  liveWindows: LIVE,
} as const

const OPTIONS = ['url', 'token', 'retries', 'backOffMs', 'maxBackOffMs', 'timeoutMs', 'fetch']
/** What a timer takes. */
const LONGEST_MS = 2 ** 31 - 1
const NUMBERS: Readonly<Record<string, readonly [from: number, to: number]>> = {
  retries: [0, Number.POSITIVE_INFINITY],
  backOffMs: [0, LONGEST_MS],
  maxBackOffMs: [0, LONGEST_MS],
  timeoutMs: [1, LONGEST_MS],
}

/** @throws QueryClientError naming the option, and never the token */
export function checkOptions(given: unknown): void {
  checkNames('queryClient', given, OPTIONS)
  const { url, token, fetch } = given as Given
  const urls = [url].flat()
  if (urls.length === 0 || !urls.every(isHttp))
    throw invalid('queryClient', 'url must be an address such as http://localhost:8080, or a list of them')
  if (urls.some(one => /[?#]/.test(String(one))))
    throw invalid('queryClient', 'url must end before ? and #, which requests would not have')
  if (urls.some(one => new URL(one as string | URL).username !== ''))
    throw invalid('queryClient', 'url must have no user and password; give the token of the server')
  if (token !== undefined && !(typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)))
    throw invalid('queryClient', 'token must be text of printable characters without spaces')
  if (fetch !== undefined && typeof fetch !== 'function') throw invalid('queryClient', 'fetch must be a function')
  for (const [option, [from, to]] of Object.entries(NUMBERS)) {
    const value = (given as Given)[option]
    if (value === undefined || value === to || (isWhole(value) && value >= from && value <= to)) continue
    throw invalid('queryClient', `${option} must be a whole number from ${from}`)
  }
}

/** @throws QueryClientError naming the method and the setting */
export function checkSettings(method: keyof typeof SETTINGS, given: unknown): void {
  checkNames(method, given, SETTINGS[method])
  const { signal } = given as Given
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw invalid(method, 'signal must be an AbortSignal')
}

function checkNames(called: string, given: unknown, possible: readonly string[]): void {
  if (Object.prototype.toString.call(given) !== '[object Object]')
    throw invalid(called, `its options must be an object such as { ${possible[0]} }`)
  const unknown = Object.keys(given as Given).find(name => !possible.includes(name))
  if (unknown !== undefined)
    throw invalid(called, `there is no option "${unknown}"; possible are ${possible.join(', ')}`)
}

function isHttp(url: unknown): boolean {
  const text = url instanceof URL ? url.href : url
  return typeof text === 'string' && URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

export function invalid(called: string, reason: string, cause?: unknown): QueryClientError {
  return new QueryClientError(`${called}: ${reason}.`, {
    code: 'QUERY_CLIENT_OPTION',
    hint: 'Correct the argument or option that the message names.',
    cause,
  })
}
