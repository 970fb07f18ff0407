import {
  isPlainObject,
  type PlainObject,
  type SchemaEntry,
  type SchemaReference,
  type SchemaRequest,
} from '../registry/entities.ts'
import { RegistryError } from '../registry/registry-error.ts'
import type { Registry } from '../registry/registry.ts'

/** A version as clients see it. Members that are empty are left out. */
export function entryJson(entry: SchemaEntry): Readonly<Record<string, unknown>> {
  const { subject, version, id, guid, schemaType, references, metadata, ruleSet, schema, deleted } = entry
  return {
    subject,
    version,
    id,
    guid,
    schemaType,
    ...(references.length > 0 && { references }),
    ...(metadata !== undefined && { metadata }),
    ...(ruleSet !== undefined && { ruleSet }),
    schema,
    ...(deleted && { deleted }),
  }
}

/** A version with its schema in the form that the query asks for. */
export function versionJson(
  registry: Registry,
  entry: SchemaEntry,
  query: URLSearchParams,
): Readonly<Record<string, unknown>> {
  return entryJson({ ...entry, schema: registry.textOf(entry, query.get('format')) })
}

/** @throws RegistryError when the body is not that of a schema */
export function schemaRequest(body: unknown): SchemaRequest {
  if (typeof body !== 'object' || body === null) throw new RegistryError(422, 'The request has no body')
  const { schema, schemaType, references, id, version, metadata, ruleSet } = body as Readonly<Record<string, unknown>>
  if (schema !== undefined && schema !== null && typeof schema !== 'string') {
    throw new RegistryError(400, 'Unrecognized token: "schema" is a string, with the schema as escaped JSON')
  }
  return {
    ...(typeof schema === 'string' && { schema }),
    ...(typeof schemaType === 'string' && { schemaType }),
    references: referencesOf(references),
    ...(typeof id === 'number' && { id }),
    ...(typeof version === 'number' && { version }),
    metadata: objectOf(metadata, 'metadata'),
    ruleSet: objectOf(ruleSet, 'ruleSet'),
  }
}

function referencesOf(given: unknown): readonly SchemaReference[] {
  if (given === undefined || given === null) return []
  if (!Array.isArray(given)) throw new RegistryError(400, '"references" is a list')
  return given.map((one: Partial<SchemaReference> | null) => {
    const { name, subject, version } = one ?? {}
    if (typeof name !== 'string' || typeof subject !== 'string' || typeof version !== 'number') {
      throw new RegistryError(400, 'A reference has a name, a subject and a version')
    }
    return { name, subject, version }
  })
}

function objectOf(given: unknown, name: string): PlainObject | null {
  if (given === undefined || given === null) return null
  if (!isPlainObject(given)) throw new RegistryError(400, `"${name}" is an object`)
  return given
}
