import { invalidOption, isGivenObject, millraceError, reasonOf } from '@millrace/core'
import { idIn, isNotFound, numbersIn, schemaIn, versionIn } from './registry-answers.ts'
import type { RegisteredSchema, RegistrySchema, SchemaRegistry } from './schema-registry.ts'

/** A response of mappersmith, with which `@kafkajs/confluent-schema-registry` asks. */
interface MappedResponse {
  data(): unknown
}

type Mapped = (parameters: Readonly<Record<string, unknown>>) => Promise<MappedResponse>

/** What an instance of `SchemaRegistry` of `@kafkajs/confluent-schema-registry` has inside. */
interface KafkajsApi {
  readonly Schema: { readonly find: Mapped }
  readonly Subject: {
    readonly latestVersion: Mapped
    readonly version: Mapped
    readonly registered: Mapped
    readonly register: Mapped
  }
}

/** The methods of `SchemaRegistryClient` of `@confluentinc/schemaregistry` that are used. */
export interface ConfluentRegistryClient {
  registerFullResponse(subject: string, schema: SentSchema, normalize: boolean): Promise<object>
  getBySubjectAndId(subject: string, id: number): Promise<object>
  getByGuid(guid: string): Promise<object>
  getIdFullResponse(subject: string, schema: SentSchema, normalize: boolean): Promise<object>
  getLatestSchemaMetadata(subject: string): Promise<object>
  getSchemaMetadata(subject: string, version: number, deleted: boolean): Promise<object>
  getAllVersions(subject: string): Promise<number[]>
}

/** An instance of `SchemaRegistry` of `@kafkajs/confluent-schema-registry`. */
export interface KafkajsRegistryClient {
  getSchema(id: number): Promise<unknown>
  getLatestSchemaId(subject: string): Promise<number>
}

interface SentSchema {
  schema: string
  schemaType?: string
  references?: { name: string; subject: string; version: number }[]
}

/**
 * Uses a client that the application has already, with its settings for authentication and TLS, in place of `schemaRegistry({ url })`:
 * a `SchemaRegistry` of `@kafkajs/confluent-schema-registry`, or a `SchemaRegistryClient` of `@confluentinc/schemaregistry`. The former
 * does not know GUIDs and deleted versions, and does not normalise.
 *
 * @throws MILLRACE_CONFIG_INVALID for any other object
 */
export function existingRegistry(client: ConfluentRegistryClient | KafkajsRegistryClient): SchemaRegistry {
  const given: unknown = client
  if (!isGivenObject(given)) throw invalidClient(client)
  if ('getBySubjectAndId' in client && typeof client.registerFullResponse === 'function') return ofConfluent(client)
  const { api } = client as { readonly api?: unknown }
  if (isKafkajsApi(api)) return ofKafkajs(api)
  throw invalidClient(client)
}

function isKafkajsApi(api: unknown): api is KafkajsApi {
  const { Schema, Subject } = Object(api ?? {}) as Readonly<Record<string, unknown>>
  return isGivenObject(Schema) && typeof Schema['find'] === 'function' && isGivenObject(Subject)
}

function invalidClient(client: unknown): Error {
  const expected =
    'it must be a SchemaRegistry of @kafkajs/confluent-schema-registry or a SchemaRegistryClient of @confluentinc/schemaregistry'
  return invalidOption('client of existingRegistry()', client, expected)
}

function ofConfluent(client: ConfluentRegistryClient): SchemaRegistry {
  const url = 'the URL of the client'
  return {
    byId: id => asked(`GET /schemas/ids/${id}`, url, async () => schemaIn(await client.getBySubjectAndId('', id))),
    byGuid: guid => asked(`GET /schemas/guids/${guid}`, url, async () => schemaIn(await client.getByGuid(guid))),
    version: (subject, version) =>
      asked(`GET /subjects/${subject}/versions/${version}`, url, async () =>
        versionIn(
          version === 'latest'
            ? await client.getLatestSchemaMetadata(subject)
            : await client.getSchemaMetadata(subject, version, true),
        ),
      ),
    versions: async subject =>
      (await asked(`GET /subjects/${subject}/versions`, url, async () =>
        numbersIn(await client.getAllVersions(subject)),
      )) ?? [],
    register: async (subject, schema, { normalize }) =>
      orRefused(
        await asked(`POST /subjects/${subject}/versions`, url, async () =>
          idIn(await client.registerFullResponse(subject, sent(schema), normalize)),
        ),
      ),
    find: (subject, schema, { normalize }) =>
      asked(`POST /subjects/${subject}`, url, async () =>
        idIn(await client.getIdFullResponse(subject, sent(schema), normalize)),
      ),
  }
}

function ofKafkajs(api: KafkajsApi): SchemaRegistry {
  const url = 'the host of the client'
  const ask = <T>(request: string, send: () => Promise<MappedResponse>, read: (data: unknown) => T) =>
    asked(request, url, async () => read((await send()).data()))
  const version = (subject: string, number: number | 'latest') =>
    ask(
      `GET /subjects/${subject}/versions/${number}`,
      () =>
        number === 'latest'
          ? api.Subject.latestVersion({ subject })
          : api.Subject.version({ subject, version: number }),
      versionIn,
    )
  return {
    byId: id => ask(`GET /schemas/ids/${id}`, () => api.Schema.find({ id }), schemaIn),
    byGuid: guid =>
      Promise.reject(
        refused(`GET /schemas/guids/${guid}`, url, 'this client knows no GUIDs: use schemaRegistry({ url })'),
      ),
    version,
    async versions(subject) {
      // This client has no list. Versions that were deleted are missing among the numbers.
      const latest = await version(subject, 'latest')
      return Array.from({ length: latest?.version ?? 0 }, (_, index) => index + 1)
    },
    register: async (subject, schema) =>
      orRefused(
        await ask(
          `POST /subjects/${subject}/versions`,
          () => api.Subject.register({ subject, body: sent(schema) }),
          idIn,
        ),
      ),
    find: (subject, schema) =>
      ask(`POST /subjects/${subject}`, () => api.Subject.registered({ subject, body: sent(schema) }), idIn),
  }
}

function sent({ schema, schemaType, references }: RegistrySchema): SentSchema {
  return {
    schema,
    ...(schemaType !== undefined && { schemaType }),
    ...(references !== undefined && { references: references.map(reference => ({ ...reference })) }),
  }
}

/** Undefined for what does not exist; other failures as those of `schemaRegistry`. */
async function asked<T>(request: string, url: string, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    const { status } = (error ?? {}) as { readonly status?: unknown }
    if (status === 404 && saysNotFound(error)) return undefined
    if (isRefusal(error, status)) throw refused(request, url, reasonOf(error), error)
    throw millraceError('MILLRACE_REGISTRY_UNAVAILABLE', { url, request, reason: reasonOf(error) }, { cause: error })
  }
}

function saysNotFound(error: unknown): boolean {
  const { errorCode } = error as { readonly errorCode?: unknown }
  // The client of kafkajs gives no code, but its name and the words of the registry; "Error, status" if there were none.
  if (errorCode === undefined)
    return / - (?!Error, status).*(schema|subject|version|content|artifact)/i.test(reasonOf(error))
  return isNotFound(errorCode, reasonOf(error))
}

function isRefusal(error: unknown, status: unknown): boolean {
  if (typeof status !== 'number' || status < 400 || status >= 500 || [404, 408, 429].includes(status)) return false
  // mappersmith gives a connection that fails the status 400, and no answer of the registry.
  return status !== 400 || !/Error, status 400/.test(reasonOf(error))
}

function refused(request: string, url: string, reason: string, cause?: unknown): Error {
  return millraceError('MILLRACE_REGISTRY_REFUSED', { url, request, reason }, { cause })
}

function orRefused(found: RegisteredSchema | undefined): RegisteredSchema {
  if (found !== undefined) return found
  throw refused('POST', 'the URL of the client', 'it does not know the subject')
}
