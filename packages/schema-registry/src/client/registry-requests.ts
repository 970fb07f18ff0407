import { millraceError, reasonOf } from '@millrace/core'
import { checkRegistryOptions } from './check-registry-options.ts'
import { fetchOverTls } from './fetch-over-tls.ts'
import { isNotFound } from './registry-answers.ts'
import type { SchemaRegistryOptions } from './schema-registry.ts'

/**
 * Sends a request, and gives the answer; undefined for what does not exist.
 * @param answer reads it, and throws when it is not what a registry answers
 */
export type RegistryRequests = <T>(
  method: 'GET' | 'POST',
  path: string,
  answer: (body: unknown) => T,
  sent?: object,
) => Promise<T | undefined>

/** @throws as `schemaRegistry` says */
export function registryRequests(options: SchemaRegistryOptions): RegistryRequests {
  checkRegistryOptions(options)
  const endpoints = (typeof options.url === 'string' ? [options.url] : options.url).map(endpointOf)
  const { timeoutMs = 10_000, tls } = options
  const send = options.fetch ?? (tls === undefined ? fetch : fetchOverTls(tls))
  const headers = {
    accept: 'application/vnd.schemaregistry.v1+json, application/json',
    'content-type': 'application/vnd.schemaregistry.v1+json',
    ...authorization(options.auth),
  }

  return async (method, path, answer, sent) => {
    let failure: unknown
    for (const { url, user } of endpoints) {
      try {
        const signal = AbortSignal.timeout(timeoutMs)
        const init = {
          method,
          headers: { ...headers, ...user },
          signal,
          ...(sent !== undefined && { body: JSON.stringify(sent) }),
        }
        return await read(await sendAgain(() => send(url + path, init)), answer, { url, request: `${method} ${path}` })
      } catch (error) {
        if (isRefused(error)) throw error
        failure = unavailable({ url, request: `${method} ${path}` }, error)
      }
    }
    throw failure
  }
}

/** Of Node.js and of its `fetch`: the other side has closed the connection. */
const CLOSED: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])

/**
 * Sends a request once more when its connection was closed before an answer came: a server closes those that were idle, and may do so as a
 * request is on its way. All requests of this client may be repeated.
 */
async function sendAgain(send: () => Promise<Response>): Promise<Response> {
  try {
    return await send()
  } catch (error) {
    const { code, cause } = Object(error) as { readonly code?: unknown; readonly cause?: unknown }
    if (!CLOSED.has(code) && !CLOSED.has((Object(cause) as { readonly code?: unknown }).code)) throw error
    return await send()
  }
}

/** The user of a URL, as Confluent's clients take it, is sent in a header: `fetch` refuses it, and messages must not show the password. */
export function endpointOf(given: string): { readonly url: string; readonly user: Readonly<Record<string, string>> } {
  const url = new URL(given)
  const { username, password } = url
  url.username = url.password = ''
  const user = username === '' ? {} : authorization({ username: decoded(username), password: decoded(password) })
  return { url: url.href.replace(/\/+$/, ''), user }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    // A percent sign that was not written as %25.
    return part
  }
}

function authorization(auth: SchemaRegistryOptions['auth']): Readonly<Record<string, string>> {
  if (auth === undefined) return {}
  if ('token' in auth) return { authorization: `Bearer ${auth.token}` }
  return { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}` }
}

interface Asked {
  readonly url: string
  readonly request: string
}

async function read<T>(response: Response, answer: (body: unknown) => T, asked: Asked): Promise<T | undefined> {
  const text = await response.text()
  const start = `("${text.slice(0, 60).replace(/\s+/g, ' ')}")`
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw unavailable(asked, new Error(`status ${response.status} with something that is no JSON ${start}`))
  }
  if (response.ok) {
    try {
      return answer(body)
    } catch (error) {
      throw unavailable(asked, new Error(`no answer of a registry: ${reasonOf(error)} ${start}`))
    }
  }
  const { error_code: code, message } = Object(body ?? {}) as {
    readonly error_code?: unknown
    readonly message?: unknown
  }
  if (response.status === 404 && isNotFound(code, message)) return undefined
  const shown = typeof message === 'string' ? message : text.slice(0, 200)
  const reason = `status ${response.status}${typeof code === 'number' ? `, code ${code}` : ''}: ${shown}`
  // A redirect that was not followed says nothing, too.
  const { status } = response
  if (status < 400 || status >= 500 || [404, 408, 429].includes(status)) throw unavailable(asked, new Error(reason))
  throw refusedError(asked, reason)
}

const REFUSED = new WeakSet<object>()

function refusedError(asked: Asked, reason: string): Error {
  const error = millraceError('MILLRACE_REGISTRY_REFUSED', { ...asked, reason })
  REFUSED.add(error)
  return error
}

function isRefused(error: unknown): boolean {
  return typeof error === 'object' && error !== null && REFUSED.has(error)
}

function unavailable(asked: Asked, error: unknown): Error {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return millraceError('MILLRACE_REGISTRY_UNAVAILABLE', { ...asked, reason: reasonOf(cause) }, { cause: error })
}
