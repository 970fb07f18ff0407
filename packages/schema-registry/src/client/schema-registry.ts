import { millraceError } from '@millrace/core'
import type { SchemaReference } from '../registry/entities.ts'
import { idIn, numbersIn, schemaIn, versionIn } from './registry-answers.ts'
import type { RegistryTls } from './fetch-over-tls.ts'
import { endpointOf, registryRequests } from './registry-requests.ts'

export interface SchemaRegistryOptions {
  /**
   * Of the registry, such as `http://localhost:8081`, or `https://user:password@registry`. Of several, the next one is asked when one does not
   * answer.
   */
  readonly url: string | readonly string[]
  /** @default the user of the URL, otherwise no authentication */
  readonly auth?: { readonly username: string; readonly password: string } | { readonly token: string }
  /** For one request, in milliseconds. @default 10000 */
  readonly timeoutMs?: number
  /**
   * Options of Node's `tls.connect`: `ca` for an authority of your own, `cert` and `key` for mutual TLS. Every URL must then be one of https.
   * @default the system's certificate authorities
   */
  readonly tls?: RegistryTls
  /** What sends the requests, for proxies. @default Node's fetch */
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
  const ask = registryRequests(options)
  const subjectPath = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`
  return {
    byId: id => ask('GET', `/schemas/ids/${id}`, schemaIn),
    byGuid: guid => ask('GET', `/schemas/guids/${guid}`, schemaIn),
    version: (subject, version) =>
      ask('GET', `${subjectPath(subject)}/versions/${version}?deleted=${version !== 'latest'}`, versionIn),
    versions: async subject => (await ask('GET', `${subjectPath(subject)}/versions?deleted=true`, numbersIn)) ?? [],
    async register(subject, schema, { normalize }) {
      const path = `${subjectPath(subject)}/versions?normalize=${normalize}`
      const registered = await ask('POST', path, idIn, schema)
      if (registered !== undefined) return registered
      throw millraceError('MILLRACE_REGISTRY_REFUSED', {
        url: endpointOf([options.url].flat()[0]!).url,
        request: `POST ${path}`,
        reason: 'it does not know the subject',
      })
    },
    find: (subject, schema, { normalize }) =>
      ask('POST', `${subjectPath(subject)}?normalize=${normalize}`, idIn, schema),
  }
}
