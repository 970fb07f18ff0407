import { millraceError, reasonOf } from '@millrace/core'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { carriesToken } from './authorization.ts'
import { isOfConsole } from './console-mount.ts'
import { INSTANCE_ROUTES, STORE_ROUTES, type StoreRoute } from './handlers.ts'
import { type Answer, failureAnswer } from './http-failure.ts'
import { LiveStreams } from './live-streams.ts'
import { FORWARDED, Peers } from './peers.ts'
import { PartitionCounts } from './read-partition.ts'
import { type Matched, matchRequest } from './request-parameters.ts'
import { type Route, ROUTES } from './routes.ts'
import {
  isLoopback,
  type QueriedStreams,
  type QueryServerOptions,
  resolveServerOptions,
  type ServerSettings,
  unknownStore,
} from './server-options.ts'

/** A query server that listens. */
export interface QueryServer {
  /** Its address, such as `http://127.0.0.1:8080`. */
  readonly url: string
  readonly port: number
  /** Stops listening, and waits for the requests in work. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Serves the stores of an application over HTTP. Each instance starts one, at its `applicationServer`; any of them answers for all.
 *
 * @param streams it may start before or after the server. The server is closed first
 * @throws MILLRACE_SERVER_INVALID, MILLRACE_SERVER_UNSAFE, MILLRACE_SERVER_LISTEN, MILLRACE_STORE_UNKNOWN
 * @example
 * const streams = new KafkaStreams(plan, { applicationId: 'word-count', client, applicationServer: 'localhost:8080' })
 * const server = await queryServer(streams, { port: 8080, stores: ['counts'] })
 */
export async function queryServer(streams: QueriedStreams, options: QueryServerOptions): Promise<QueryServer> {
  const settings = resolveServerOptions(streams, options)
  const service = new Service(streams, settings)
  const listener: RequestListener = (request, response) => void service.serve(request, response)
  const limits = {
    maxHeaderSize: settings.maxRequestBytes,
    headersTimeout: settings.timeoutMs,
    requestTimeout: settings.timeoutMs,
    connectionsCheckingInterval: 1_000,
  }
  const server: Server =
    settings.tls === undefined
      ? createServer(limits, listener)
      : createTlsServer({ ...limits, ...settings.tls }, listener)
  server.maxConnections = settings.maxConnections
  server.on('clientError', refuseBytes)
  // A client that reads slowly, or not at all, is disconnected. The server's own work ends earlier.
  server.setTimeout(2 * settings.timeoutMs)
  const { host, port } = settings
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen({ host, port }, listening.resolve)
  try {
    await listening.promise
  } catch (cause) {
    service.close()
    throw millraceError('MILLRACE_SERVER_LISTEN', { host, port, reason: reasonOf(cause) }, { cause })
  }
  const address = server.address() as AddressInfo
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address
  let closing: Promise<void> | undefined
  const close = () => (closing ??= closeServer(server, service, settings))
  return {
    url: `${settings.tls === undefined ? 'http' : 'https'}://${shownHost}:${address.port}`,
    port: address.port,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Requests in work are answered; who does not read the answer in time is disconnected. */
async function closeServer(server: Server, service: Service, settings: ServerSettings): Promise<void> {
  const closed = Promise.withResolvers<void>()
  service.closes()
  server.close(() => closed.resolve())
  server.closeIdleConnections()
  const patience = setTimeout(() => server.closeAllConnections(), settings.timeoutMs)
  await closed.promise
  clearTimeout(patience)
  service.close()
  await settings.console?.close()
}

/** Bytes that are no request. An answer is sent if somebody may read it. */
function refuseBytes(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW'
  const refused = tooLarge
    ? millraceError('MILLRACE_SERVER_REQUEST_TOO_LARGE', { reason: 'its path and headers exceed maxRequestBytes' })
    : millraceError('MILLRACE_SERVER_REQUEST', { parameter: 'head', reason: 'it is not HTTP, or it came too slowly' })
  const body = JSON.stringify(failureAnswer(refused).answer.body)
  const status = tooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request'
  const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${body}`)
}

/** Where no token is asked for. */
const OPEN_PATHS: ReadonlySet<string> = new Set(
  Object.values<Route>(ROUTES).flatMap(({ path, open }) => (open === true ? [path] : [])),
)

/** Answers requests, whatever they come over. */
class Service {
  /** Connections are not kept for another request. */
  closing = false
  readonly #streams: QueriedStreams
  readonly #settings: ServerSettings
  readonly #peers: Peers
  readonly #counts: PartitionCounts
  readonly #live: LiveStreams
  /** Requests of clients, which may wait for other instances, and those of other instances, which wait for nobody. */
  readonly #inWork = { clients: 0, instances: 0 }

  constructor(streams: QueriedStreams, settings: ServerSettings) {
    this.#streams = streams
    this.#settings = settings
    this.#peers = new Peers(settings)
    this.#counts = new PartitionCounts(streams)
    this.#live = new LiveStreams(settings)
  }

  /** No more requests come. Live queries end, others are answered. */
  closes(): void {
    this.closing = true
    this.#live.close()
  }

  close(): void {
    this.#peers.close()
    this.#counts.close()
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: Answer
    try {
      answer = await this.#answerTo(request, response)
      if (answer.stream !== undefined) this.#live.enter(request)
    } catch (error) {
      answer = this.#refusal(error, request.method)
    }
    const { status, body, contentType, headers = {}, stream } = answer
    if (stream !== undefined) return await this.#live.serve(request, response, answer)
    let text = typeof body === 'string' ? body : JSON.stringify(body)
    let code = status
    if (Buffer.byteLength(text) > this.#settings.maxAnswerBytes) {
      const reason = `it has more than ${this.#settings.maxAnswerBytes} bytes`
      const tooLarge = failureAnswer(
        millraceError('MILLRACE_SERVER_RESULT_TOO_LARGE', { store: '(any)', reason }),
      ).answer
      text = JSON.stringify(tooLarge.body)
      code = tooLarge.status
    }
    if (response.destroyed) return
    response.writeHead(code, {
      'content-type': contentType ?? 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
      // The bytes of a body are not read, so nothing else can follow on the connection.
      ...((this.closing || hasBody(request)) && { connection: 'close' }),
    })
    response.end(request.method === 'HEAD' ? undefined : text)
  }

  async #answerTo(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const { token, console: mount } = this.#settings
    const url = urlOf(request)
    const ofConsole = isOfConsole(mount, url.pathname)
    const isOpen = ofConsole ? mount.isOpen(url.pathname) : OPEN_PATHS.has(url.pathname)
    if (!isOpen && token !== undefined && !carriesToken(request.headers.authorization, token))
      throw millraceError('MILLRACE_SERVER_UNAUTHORIZED', {})
    this.#checkHost(request)
    if (ofConsole) return await mount.handle(request, closedSignal(response))
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const { answer } = failureAnswer(millraceError('MILLRACE_SERVER_ROUTE_UNKNOWN', {}))
      return { ...answer, status: 405, headers: { allow: 'GET, HEAD' } }
    }
    if (hasBody(request)) throw millraceError('MILLRACE_SERVER_REQUEST_TOO_LARGE', { reason: 'it has a body' })
    const matched = matchRequest(url)
    const forwarded = request.headers[FORWARDED] !== undefined
    const side = forwarded ? 'instances' : 'clients'
    const { maxRequests, timeoutMs } = this.#settings
    if (this.#inWork[side] >= maxRequests)
      throw millraceError('MILLRACE_SERVER_BUSY', { reason: `${maxRequests} requests are in work` })
    const ended = new AbortController()
    const { promise: tooLong, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      reject(millraceError('MILLRACE_SERVER_BUSY', { reason: `the request took more than ${timeoutMs} ms` }))
      ended.abort()
    }, timeoutMs)
    const closed = () => ended.abort()
    response.once('close', closed)
    this.#inWork[side]++
    const lastEventId = request.headers['last-event-id']
    const work = this.#work(matched, url, forwarded, ended.signal, String(lastEventId ?? '')).finally(() => {
      clearTimeout(timer)
      // Every response closes. To abort what is over would only cost.
      response.off('close', closed)
      this.#inWork[side]--
    })
    return await Promise.race([work, tooLong])
  }

  async #work(
    { name, given }: Matched,
    url: URL,
    forwarded: boolean,
    signal: AbortSignal,
    lastEventId: string,
  ): Promise<Answer> {
    try {
      if (!isOfStore(name)) return await INSTANCE_ROUTES[name](this.#streams, this.#settings)
      const plan = this.#streams.plan.stores.find(store => store.name === given.store)
      if (plan === undefined || !this.#settings.stores.has(plan.name))
        throw unknownStore(given.store, this.#settings.stores)
      const { kinds, handle }: StoreRoute = STORE_ROUTES[name]
      if (!kinds.includes(plan.kind))
        throw millraceError('MILLRACE_QUERY_STORE_KIND', {
          store: plan.name,
          actual: plan.kind,
          asked: kinds.join(' or '),
        })
      const [streams, settings, peers, counts] = [this.#streams, this.#settings, this.#peers, this.#counts]
      if (name === 'follow' && !forwarded) this.#live.check()
      const { logger } = settings
      return await handle({
        streams,
        settings,
        peers,
        counts,
        plan,
        given,
        url,
        forwarded,
        signal,
        logger,
        lastEventId,
      })
    } catch (error) {
      return this.#refusal(error, name)
    }
  }

  /** What the client is not told is in the log. */
  #refusal(error: unknown, request: string | undefined): Answer {
    const { answer, hidden } = failureAnswer(error)
    if (hidden) this.#settings.logger.error({ error, request }, 'a query failed')
    return answer
  }

  /** A page of another site can have its own name resolve to this machine. Without a token it would be let in. */
  #checkHost({ headers: { host = '' } }: IncomingMessage): void {
    const { token, allowInsecure } = this.#settings
    if (token !== undefined || allowInsecure) return
    if (isLoopback(host.replace(/:\d+$/, ''))) return
    throw millraceError('MILLRACE_SERVER_REQUEST', {
      parameter: 'host',
      reason: 'without a token it must be localhost',
    })
  }
}

/** Only the path and what follows it count. */
function urlOf({ url = '/' }: IncomingMessage): URL {
  if (url.startsWith('/')) return new URL(`http://server${url}`)
  throw millraceError('MILLRACE_SERVER_ROUTE_UNKNOWN', {})
}

function closedSignal(response: ServerResponse): AbortSignal {
  const ended = new AbortController()
  response.once('close', () => ended.abort())
  return ended.signal
}

function isOfStore(name: Matched['name']): name is keyof typeof STORE_ROUTES {
  return Object.hasOwn(STORE_ROUTES, name)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}
