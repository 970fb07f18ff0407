import type { RegisteredSchema, RegistrySchema, RegistryVersion } from './schema-registry.ts'

/*
 * What the answers of a registry must have. An answer without it does not come from a registry, but from a proxy or from another server, and
 * says nothing about a schema.
 */

export function schemaIn(data: unknown): RegistrySchema {
  if (typeof membersOf(data)['schema'] === 'string') return data as RegistrySchema
  throw new Error('the answer has no schema')
}

export function idIn(data: unknown): RegisteredSchema {
  if (typeof membersOf(data)['id'] === 'number') return data as RegisteredSchema
  throw new Error('the answer has no id')
}

export function versionIn(data: unknown): RegistryVersion {
  return { ...schemaIn(data), ...idIn(data) } as RegistryVersion
}

export function numbersIn(data: unknown): number[] {
  if (Array.isArray(data) && data.every(one => typeof one === 'number')) return data
  throw new Error('the answer is not a list of versions')
}

export function namesIn(data: unknown): string[] {
  if (Array.isArray(data) && data.every(one => typeof one === 'string')) return data
  throw new Error('the answer is not a list of subjects')
}

export function levelIn(data: unknown): string {
  const level = membersOf(data)['compatibilityLevel']
  if (typeof level === 'string') return level
  throw new Error('the answer has no level')
}

/**
 * Whether an answer with the status 404 says that the registry does not have the thing. Registries have codes from 40401 for this, and old
 * versions of Apicurio the code 404. A path that does not exist, and a proxy in between, have the status 404, too.
 */
export function isNotFound(code: unknown, message: unknown): boolean {
  if (typeof code !== 'number') return false
  return (code > 40_400 && code < 40_500) || (code === 404 && !/HTTP 404/.test(String(message)))
}

function membersOf(data: unknown): Readonly<Record<string, unknown>> {
  return Object(data ?? {}) as Readonly<Record<string, unknown>>
}
