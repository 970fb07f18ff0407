import { isPlainObject, type SchemaEntry } from '../registry/entities.ts'
import { RegistryError, schemaNotFound, subjectNotFound, versionNotFound } from '../registry/registry-error.ts'
import type { Registry } from '../registry/registry.ts'
import { contextOf, DEFAULT_CONTEXT, normalSubject, subjectText } from '../registry/subject.ts'
import { type Answer, flag, page, type RegistryRequest } from './answer.ts'
import { schemaRequest, versionJson } from './schema-json.ts'

/** `/subjects/…` */
export async function subjectRoutes(registry: Registry, request: RegistryRequest): Promise<Answer | undefined> {
  const { method, query, body } = request
  const [, given, versions, version, last] = request.path
  if (given === undefined) return method === 'GET' ? { json: page(listSubjects(registry, query), query) } : undefined
  const subject = withoutAlias(registry, normalSubject(given))
  if (versions === undefined) {
    if (method === 'POST') return { json: versionJson(registry, lookUp(registry, subject, request), query) }
    if (method === 'DELETE') return { json: await registry.deleteSubject(subject, flag(query, 'permanent')) }
    return undefined
  }
  if (versions === 'metadata' && method === 'GET')
    return { json: versionJson(registry, latestWith(registry, subject, query), query) }
  if (versions !== 'versions') return undefined
  if (version === undefined) {
    if (method === 'GET') return { json: page(listVersions(registry, subject, query), query) }
    if (method !== 'POST') return undefined
    const entry = await registry.register(subject, schemaRequest(body), flag(query, 'normalize'))
    const { subject: _subject, ...registered } = versionJson(registry, entry, query)
    return { json: registered }
  }
  if (last === undefined && method === 'DELETE') {
    const permanent = flag(query, 'permanent')
    const entry = versionOf(registry, subject, version, permanent || isSoftDeleted(registry, subject, version))
    return { json: await registry.deleteVersion(subject, entry, permanent) }
  }
  if (method !== 'GET') return undefined
  const entry = versionOf(registry, subject, version, flag(query, 'deleted') || last === 'referencedby')
  if (last === undefined) return { json: versionJson(registry, entry, query) }
  if (last === 'schema') return { text: registry.textOf(entry, query.get('format')) }
  if (last !== 'referencedby') return undefined
  const ids = registry.referencing(entry, flag(query, 'deleted')).map(({ id }) => id)
  return { json: page([...new Set(ids)], query) }
}

/** @param version a number, `latest`, or -1 for the same */
export function versionOf(registry: Registry, subject: string, version: string, deleted: boolean): SchemaEntry {
  const number = version === 'latest' ? -1 : Number(version)
  if (!Number.isInteger(number) || (number < 1 && number !== -1) || number > 2 ** 31 - 1) {
    throw new RegistryError(
      42202,
      `The specified version '${version}' is not a valid version id. Allowed values are between [1, 2^31-1] and the string "latest"`,
    )
  }
  for (const candidate of inContexts(registry, subject)) {
    const entries = registry.state.versions(candidate).filter(entry => deleted || !entry.deleted)
    const found = number === -1 ? entries.at(-1) : entries.find(entry => entry.version === number)
    if (found !== undefined) return found
    if (entries.length > 0) throw versionNotFound(number)
  }
  throw subjectNotFound(subject)
}

/** A subject that names no context is also looked for in the other contexts. */
function inContexts(registry: Registry, subject: string): readonly string[] {
  if (contextOf(subject) !== DEFAULT_CONTEXT) return [subject]
  return registry.state.contexts().map(context => subjectText({ context, name: subject }))
}

function isSoftDeleted(registry: Registry, subject: string, version: string): boolean {
  return registry.state.version(subject, Number(version))?.deleted === true
}

function withoutAlias(registry: Registry, subject: string): string {
  const alias = registry.state.config(subject)?.alias
  return alias === undefined || alias === '' ? subject : normalSubject(alias)
}

function listSubjects(registry: Registry, query: URLSearchParams): readonly string[] {
  const prefix = query.get('subjectPrefix') ?? ''
  const everywhere = prefix === '' || prefix.startsWith(':*:')
  const wanted = prefix.startsWith(':*:') ? prefix.slice(3) : prefix
  return registry.state.subjects().filter(subject => {
    const name =
      everywhere && contextOf(subject) !== DEFAULT_CONTEXT ? subject.slice(subject.indexOf(':', 1) + 1) : subject
    if (!name.startsWith(wanted)) return false
    const isDeleted = registry.state.versions(subject).every(entry => entry.deleted)
    if (flag(query, 'deletedOnly')) return isDeleted
    return flag(query, 'deleted') || !isDeleted
  })
}

function listVersions(registry: Registry, subject: string, query: URLSearchParams): readonly number[] {
  const all = registry.state.versions(subject)
  const only = flag(query, 'deletedOnly')
  const visible = all.filter(entry => (only ? entry.deleted : flag(query, 'deleted') || !entry.deleted))
  const exists = all.some(entry => only || flag(query, 'deleted') || !entry.deleted)
  if (!exists) throw subjectNotFound(subject)
  return visible.map(entry => entry.version)
}

function lookUp(registry: Registry, subject: string, { query, body }: RegistryRequest): SchemaEntry {
  const options = { normalize: flag(query, 'normalize'), deleted: flag(query, 'deleted') }
  const request = schemaRequest(body)
  for (const candidate of inContexts(registry, subject)) {
    const found = registry.find(candidate, request, options)
    if (found !== undefined) return found
  }
  const exists = registry.state.versions(subject).some(entry => options.deleted || !entry.deleted)
  throw exists ? schemaNotFound() : subjectNotFound(subject)
}

/** The latest version whose metadata has all of the given properties. */
function latestWith(registry: Registry, subject: string, query: URLSearchParams): SchemaEntry {
  const names = query.getAll('key')
  const values = query.getAll('value')
  const entries = registry.state.versions(subject).filter(entry => flag(query, 'deleted') || !entry.deleted)
  const found = entries.findLast(({ metadata }) => {
    const properties = metadata?.['properties']
    if (!isPlainObject(properties)) return names.length === 0
    return names.every((name, index) => properties[name] === values[index])
  })
  if (found !== undefined) return found
  throw entries.length === 0 ? subjectNotFound(subject) : schemaNotFound()
}
