import { reasonOf } from '@millrace/core'
import { type StreamMessage, streamMessages } from '@millrace/query-client'
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { Answer } from './http-failure.ts'
import type { ServerSettings } from './server-options.ts'

/** Marks a request of another instance: it is answered from here or not at all, so that no request goes round in circles. */
export const FORWARDED = 'millrace-forwarded'

/** Nothing came back that could be an answer. */
export class PeerFailure extends Error {
  override readonly name = 'PeerFailure'
}

/** The query servers of the other instances. */
export class Peers {
  readonly #settings: ServerSettings
  readonly #agent: HttpAgent
  /** Event streams hold their connections. */
  readonly #liveAgent: HttpAgent

  constructor(settings: ServerSettings) {
    this.#settings = settings
    const options = { keepAlive: true, maxSockets: settings.maxRequests }
    this.#agent = settings.tls === undefined ? new HttpAgent(options) : new HttpsAgent(options)
    this.#liveAgent = settings.tls === undefined ? new HttpAgent() : new HttpsAgent()
  }

  /** @throws TypeError if the address of the instance is none */
  urlOf(host: string, pathAndQuery: string): URL {
    return new URL(`${this.#settings.tls === undefined ? 'http' : 'https'}://${host}${pathAndQuery}`)
  }

  /** @throws PeerFailure */
  async ask(host: string, pathAndQuery: string, signal: AbortSignal): Promise<Answer> {
    try {
      const response = await this.#responseOf(this.urlOf(host, pathAndQuery), signal)
      const status = response.statusCode ?? 0
      const body: unknown = JSON.parse(await this.#textOf(response))
      if (!isAnswer(body)) throw new PeerFailure('it is no query server')
      // Its token is another one, which the client cannot change.
      if (status === 401) throw new PeerFailure('it refused the token')
      return { status, body }
    } catch (error) {
      if (error instanceof PeerFailure) throw error
      throw new PeerFailure(codeOf(error) ?? reasonOf(error), { cause: error })
    }
  }

  /**
   * Follows an event stream of another instance.
   * @throws PeerFailure
   */
  async *follow(
    host: string,
    pathAndQuery: string,
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<StreamMessage, void, void> {
    const { heartbeatMs } = this.#settings
    const more = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    const ended = new AbortController()
    const either = AbortSignal.any([signal, ended.signal])
    // Also a connection that is not made in time. The instances have the same settings, or nearly so.
    const silence = setTimeout(() => ended.abort(new PeerFailure('it says nothing')), 4 * heartbeatMs)
    try {
      const response = await this.#responseOf(this.urlOf(host, pathAndQuery), either, this.#liveAgent, more)
      if (response.statusCode !== 200) {
        response.destroy()
        throw new PeerFailure(`it answered with status ${response.statusCode ?? 0}`)
      }
      for await (const message of streamMessages(response)) {
        silence.refresh()
        yield message
      }
    } catch (error) {
      if (error instanceof PeerFailure) throw error
      throw new PeerFailure(codeOf(error) ?? reasonOf(error), { cause: error })
    } finally {
      clearTimeout(silence)
      ended.abort()
    }
  }

  async #responseOf(
    url: URL,
    signal: AbortSignal,
    agent = this.#agent,
    more: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage> {
    const { token, tls } = this.#settings
    const headers = { [FORWARDED]: '1', ...(token !== undefined && { authorization: `Bearer ${token}` }), ...more }
    const options = { agent, headers, signal, ...tls }
    for (;;) {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
      const request = (tls === undefined ? httpRequest : httpsRequest)(url, options, resolve)
      request.on('error', reject)
      request.end()
      try {
        return await promise
      } catch (error) {
        // The other side may close an idle connection at the moment when it is used again. A fresh one says how it is.
        if (!request.reusedSocket || signal.aborted) throw error
      }
    }
  }

  async #textOf(response: AsyncIterable<Buffer>): Promise<string> {
    const { maxAnswerBytes } = this.#settings
    const parts: Buffer[] = []
    let size = 0
    for await (const part of response) {
      size += part.length
      if (size > maxAnswerBytes) throw new PeerFailure(`its answer has more than ${maxAnswerBytes} bytes`)
      parts.push(part)
    }
    return Buffer.concat(parts).toString()
  }

  close(): void {
    this.#agent.destroy()
    this.#liveAgent.destroy()
  }
}

/** What listens at the address could be anything. */
function isAnswer(body: unknown): boolean {
  return typeof body === 'object' && body !== null && ('value' in body || 'entries' in body || 'error' in body)
}

/** `ECONNREFUSED`, without the address that Node puts behind it. */
function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}
