import { millraceError, reasonOf } from '@millrace/core'
import type { SchemaReference } from '../registry/entities.ts'

export interface SchemaRegistryOptions {
  /** Of the registry, such as `http://localhost:8081`. Of several, the next one is asked when one does not answer. */
  readonly url: string | readonly string[]
  /** @default no authentication */
  readonly auth?: { readonly username: string; readonly password: string } | { readonly token: string }
  /** For one request, in milliseconds. @default 10000 */
  readonly timeoutMs?: number
  /** What sends the requests, for certificates of your own (with undici's `Agent`) and for proxies. @default Node's fetch */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
}

/** A schema as the registry gives it. */
export interface RegistrySchema {
  readonly schema: string
  /** @default 'AVRO' */
  readonly schemaType?: string
  readonly references?: readonly SchemaReference[]
}

/** Under which id a registry has a schema. */
export interface RegisteredSchema {
  readonly id: number
  /** Registries before version 8 of Confluent's have none. */
  readonly guid?: string
  /** Of the subject. Some registries leave it out. */
  readonly version?: number
}

/** A version of a subject. */
export interface RegistryVersion extends RegistrySchema, RegisteredSchema {
  readonly version: number
}

/** A client of a schema registry with Confluent's REST API. It keeps nothing: serdes keep what they have asked for. */
export interface SchemaRegistry {
  /** @returns undefined if there is no such id */
  byId(id: number): Promise<RegistrySchema | undefined>
  /** @returns undefined if there is no such GUID */
  byGuid(guid: string): Promise<RegistrySchema | undefined>
  /** @returns undefined if there is no such version */
  version(subject: string, version: number | 'latest'): Promise<RegistryVersion | undefined>
  /** All versions of a subject, deleted ones too; empty if it does not exist. */
  versions(subject: string): Promise<readonly number[]>
  /** Registers the schema unless the subject has it. @throws MILLRACE_REGISTRY_REFUSED when it is incompatible */
  register(subject: string, schema: RegistrySchema, options: { readonly normalize: boolean }): Promise<RegisteredSchema>
  /** @returns undefined if the subject does not have the schema */
  find(
    subject: string,
    schema: RegistrySchema,
    options: { readonly normalize: boolean },
  ): Promise<RegisteredSchema | undefined>
}

/**
 * Connects to a schema registry. Nothing is sent before the first request. All requests throw `MILLRACE_REGISTRY_UNAVAILABLE` when no
 * registry answers, and `MILLRACE_REGISTRY_REFUSED` when it does not accept the request.
 */
export function schemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  const urls = (typeof options.url === 'string' ? [options.url] : options.url).map(url => url.replace(/\/+$/, ''))
  const { timeoutMs = 10_000, fetch: send = fetch } = options
  const headers = {
    accept: 'application/vnd.schemaregistry.v1+json, application/json',
    'content-type': 'application/vnd.schemaregistry.v1+json',
    ...authorization(options.auth),
  }

  async function ask<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T | undefined> {
    let failure: unknown
    for (const url of urls) {
      try {
        const signal = AbortSignal.timeout(timeoutMs)
        const init = { method, headers, signal, ...(body !== undefined && { body: JSON.stringify(body) }) }
        return await read<T>(await send(url + path, init), { url, request: `${method} ${path}` })
      } catch (error) {
        if (isRefused(error)) throw error
        failure = unavailable({ url, request: `${method} ${path}` }, error)
      }
    }
    throw failure
  }

  const subjectPath = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`
  return {
    byId: id => ask('GET', `/schemas/ids/${id}`),
    byGuid: guid => ask('GET', `/schemas/guids/${guid}`),
    version: (subject, version) =>
      ask('GET', `${subjectPath(subject)}/versions/${version}?deleted=${version !== 'latest'}`),
    versions: async subject => (await ask<number[]>('GET', `${subjectPath(subject)}/versions?deleted=true`)) ?? [],
    async register(subject, schema, { normalize }) {
      const path = `${subjectPath(subject)}/versions?normalize=${normalize}`
      const registered = await ask<RegisteredSchema>('POST', path, schema)
      if (registered !== undefined) return registered
      throw millraceError('MILLRACE_REGISTRY_REFUSED', {
        url: urls[0]!,
        request: `POST ${path}`,
        reason: 'it knows no such path',
      })
    },
    find: (subject, schema, { normalize }) => ask('POST', `${subjectPath(subject)}?normalize=${normalize}`, schema),
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

async function read<T>(response: Response, asked: Asked): Promise<T | undefined> {
  const text = await response.text()
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    const start = text.slice(0, 60).replace(/\s+/g, ' ')
    throw unavailable(asked, new Error(`status ${response.status} with something that is no JSON ("${start}")`))
  }
  if (response.ok) return body as T
  const { error_code: code, message } = (body ?? {}) as { readonly error_code?: number; readonly message?: string }
  const reason = `status ${response.status}${code === undefined ? '' : `, code ${code}`}: ${message ?? text.slice(0, 200)}`
  if (response.status === 404) return undefined
  if (response.status >= 500 || response.status === 429 || response.status === 408)
    throw unavailable(asked, new Error(reason))
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
