import { millraceError } from '@millrace/core'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './http-failure.ts'
import { FORWARDED } from './peers.ts'
import type { ServerSettings } from './server-options.ts'

/** The event streams that are open: no more of clients than the limit, and none after the server has closed. */
export class LiveStreams {
  readonly #settings: ServerSettings
  readonly #open = new Set<AbortController>()
  #ofClients = 0

  constructor(settings: ServerSettings) {
    this.#settings = settings
  }

  /**
   * Whether there is room, asked before any work is done.
   * @throws MILLRACE_SERVER_LIVE_LIMIT
   */
  check(): void {
    const { maxLiveQueries: limit } = this.#settings
    if (this.#ofClients >= limit) throw millraceError('MILLRACE_SERVER_LIVE_LIMIT', { limit })
  }

  /**
   * Counts a stream before it is served. Those of other instances serve clients that are counted there.
   * @throws MILLRACE_SERVER_LIVE_LIMIT
   */
  enter(request: IncomingMessage): void {
    if (!isOfClient(request)) return
    this.check()
    this.#ofClients++
  }

  /** Writes the stream of an answer until it ends, the reader leaves, or the server closes. */
  async serve(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    try {
      await this.#serve(request, response, answer)
    } finally {
      if (isOfClient(request)) this.#ofClients--
    }
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    { status, contentType = 'text/event-stream', headers = {}, stream }: Answer,
  ): Promise<void> {
    if (response.destroyed) return
    const { timeoutMs, logger } = this.#settings
    response.writeHead(status, {
      'content-type': contentType,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      connection: 'close',
      ...headers,
    })
    if (request.method === 'HEAD' || stream === undefined) return void response.end()
    const ended = new AbortController()
    const end = () => ended.abort()
    response.once('close', end)
    response.once('error', end)
    this.#open.add(ended)
    try {
      await stream(response, ended.signal)
    } catch (error) {
      logger.error({ error }, 'a live query failed')
    } finally {
      this.#open.delete(ended)
      end()
      response.end()
      // What a slow reader has not read by then it will not read.
      const patience = setTimeout(() => response.destroy(), timeoutMs)
      response.once('close', () => clearTimeout(patience))
    }
  }

  close(): void {
    for (const ended of this.#open) ended.abort()
  }
}

function isOfClient({ headers, method }: IncomingMessage): boolean {
  return headers[FORWARDED] === undefined && method !== 'HEAD'
}
