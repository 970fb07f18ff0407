import {
  aFunction,
  aPlan,
  aText,
  checkArguments,
  checkedInside,
  type ClientFactory,
  isHeaderToken,
  millraceError,
  mustBe,
  optional,
  optionsOf,
  type Plan,
  reasonOf,
} from '@millrace/core'
import type { KafkaStreamsOptions } from '@millrace/runtime'
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ConsoleAnswer, consoleFailure, invalidRequest } from './console-failure.ts'
import { deadLetterTopicOf, type SliceTest } from './console-source.ts'
import { MillraceConsole } from './millrace-console.ts'

export interface ServeConsoleOptions {
  readonly plan: Plan
  readonly applicationId: string
  readonly client: ClientFactory
  /** The options of the application, if they are known: they are shown, and name the dead-letter topic. */
  readonly options?: Partial<KafkaStreamsOptions>
  /** @default as `options` says */
  readonly deadLetterTopic?: string
  /** 0 takes a free one. @default 0 */
  readonly port?: number
  /** Makes a test of records, where the module of the topology is known. @default slices are not offered */
  readonly sliceTest?: SliceTest
  /** The address of a query server of the application, through which stores are read, and its token. @default stores are not read */
  readonly queryServer?: { readonly url: string; readonly token?: string }
}

export interface ServedConsole {
  /** With the token that the page needs. */
  readonly url: string
  close(): Promise<void>
}

const OPTIONS = optionsOf({
  plan: aPlan,
  applicationId: aText,
  client: aFunction,
  options: checkedInside,
  deadLetterTopic: optional(aText),
  port: optional((given, name) =>
    Number.isSafeInteger(given) && (given as number) >= 0 && (given as number) <= 65_535
      ? undefined
      : mustBe(name, 'a number from 0 to 65535', given),
  ),
  sliceTest: optional(aFunction),
  queryServer: optional(
    optionsOf({
      url: (given, name) => (isHttpUrl(given) ? undefined : mustBe(name, 'a URL such as http://localhost:8080', given)),
      // Not shown: it may be a token all the same, read from a file with two lines.
      token: optional((given, name) =>
        isHeaderToken(given) ? undefined : `${name} must be text of printable characters without spaces`,
      ),
    }),
  ),
})

function isHttpUrl(given: unknown): boolean {
  return typeof given === 'string' && URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)
}

const LIMITS = { maxHeaderSize: 16_384, requestTimeout: 30_000, headersTimeout: 10_000 }

/**
 * Serves a console of an application that runs elsewhere, on this machine only. It asks Kafka, and the application does not notice. A random
 * token keeps other users of the machine out.
 *
 * @throws MILLRACE_SERVER_LISTEN
 */
export async function serveConsole(options: ServeConsoleOptions): Promise<ServedConsole> {
  checkArguments('serveConsole', [['options', OPTIONS]], [options])
  const { plan, applicationId, client, port = 0, queryServer } = options
  const console = new MillraceConsole({
    plan,
    applicationId,
    client,
    options: options.options,
    deadLetterTopic: options.deadLetterTopic ?? deadLetterTopicOf(options.options ?? {}),
    streams: undefined,
    readsStores: queryServer !== undefined,
    sliceTest: options.sliceTest,
  })
  const token = randomBytes(18).toString('base64url')
  const answer = (request: IncomingMessage, signal: AbortSignal) =>
    answerTo(request, signal, { console, token, queryServer })
  const server = createServer(LIMITS, (request, response) => void respond(request, response, answer))
  const host = '127.0.0.1'
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen({ host, port }, listening.resolve)
  try {
    await listening.promise
  } catch (cause) {
    throw millraceError('MILLRACE_SERVER_LISTEN', { host, port, reason: reasonOf(cause) }, { cause })
  }
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/console#token=${token}`,
    async close() {
      const closed = Promise.withResolvers<void>()
      server.close(() => closed.resolve())
      server.closeAllConnections()
      await closed.promise
      await console.close()
    },
  }
}

interface Serving {
  readonly console: MillraceConsole
  readonly token: string
  readonly queryServer: ServeConsoleOptions['queryServer']
}

async function answerTo(request: IncomingMessage, signal: AbortSignal, serving: Serving): Promise<ConsoleAnswer> {
  const { console, token, queryServer } = serving
  const { pathname } = new URL(`http://console${request.url ?? '/'}`)
  if (!/^(localhost|127\.0\.0\.1)(:\d+)?$/.test(request.headers.host ?? ''))
    throw invalidRequest('host', 'it must be localhost')
  if (pathname === '/') return { status: 307, body: '', contentType: 'text/plain', headers: { location: '/console' } }
  if (!console.isOpen(pathname) && !carries(request.headers.authorization, token))
    throw millraceError('MILLRACE_SERVER_UNAUTHORIZED', {})
  if (pathname.startsWith(console.path)) return await console.handle(request, signal)
  if (pathname.startsWith('/stores') && request.method === 'GET' && queryServer !== undefined)
    return await readThere(queryServer, request.url!, signal)
  throw millraceError('MILLRACE_SERVER_ROUTE_UNKNOWN', {})
}

/** Stores are in the application. The browser may only speak with this server. */
async function readThere(
  { url, token }: NonNullable<Serving['queryServer']>,
  path: string,
  signal: AbortSignal,
): Promise<ConsoleAnswer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  try {
    const response = await fetch(new URL(path, url), { headers, signal })
    return { status: response.status, body: await response.json() }
  } catch (error) {
    const reason = `the query server at ${new URL(url).host} gave none: ${reasonOf(error)}`
    throw millraceError('MILLRACE_CONSOLE_FAILED', { reason }, { cause: error })
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answerOf: (request: IncomingMessage, signal: AbortSignal) => Promise<ConsoleAnswer>,
): Promise<void> {
  const ended = new AbortController()
  response.once('close', () => ended.abort())
  let answer: ConsoleAnswer
  try {
    answer = await answerOf(request, ended.signal)
  } catch (error) {
    answer = consoleFailure(error)
  }
  const { status, body, contentType = 'application/json; charset=utf-8', headers = {} } = answer
  if (response.destroyed) return
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
    ...(!request.complete && { connection: 'close' }),
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

function carries(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`))
}
