import type { SchemaEntry } from '../registry/entities.ts'
import { RegistryError, schemaNotFound } from '../registry/registry-error.ts'
import type { Registry } from '../registry/registry.ts'
import { contextOf, DEFAULT_CONTEXT, parseSubject } from '../registry/subject.ts'
import { type Answer, flag, page, type RegistryRequest } from './answer.ts'
import { entryJson, versionJson } from './schema-json.ts'

/** `/schemas/…` */
export function schemaRoutes(registry: Registry, { path, query, method }: RegistryRequest): Answer | undefined {
  if (method !== 'GET') return undefined
  const [, by, key, part] = path
  if (by === undefined) return { json: page(listSchemas(registry, query), query) }
  if (by === 'types') return { json: registry.formats() }
  if (key === undefined) return undefined
  if (by === 'guids') return byGuid(registry, key, part, query)
  if (by !== 'ids') return undefined
  const id = Number(key)
  if (!Number.isInteger(id)) throw new RegistryError(404, 'HTTP 404 Not Found')
  const entries = withId(registry, id, query.get('subject') ?? '')
  const visible = entries.filter(entry => flag(query, 'deleted') || !entry.deleted)
  switch (part) {
    case undefined: {
      const max = flag(query, 'fetchMaxId') && { maxId: registry.state.highestId(contextOf(entries[0]!.subject)) }
      const { id: _id, ...found } = versionJson(registry, entries[0]!, query)
      return { json: { ...found, ...max } }
    }
    case 'schema':
      return { text: registry.textOf(entries[0]!, query.get('format')) }
    case 'subjects': {
      const subject = query.get('subject')
      const subjects = visible.map(entry => entry.subject).filter(name => subject === null || name === subject)
      return { json: page([...new Set(subjects)].sort(), query) }
    }
    case 'versions':
      return {
        json: page(
          visible.map(({ subject, version }) => ({ subject, version })),
          query,
        ),
      }
    default:
      return undefined
  }
}

function byGuid(
  registry: Registry,
  guid: string,
  part: string | undefined,
  query: URLSearchParams,
): Answer | undefined {
  const found = registry.state.contexts().flatMap(context => {
    const entry = registry.state.withGuid(context, guid)
    return entry === undefined ? [] : [{ context, entry }]
  })
  if (found.length === 0) throw schemaNotFound(guid)
  if (part === 'ids') return { json: found.map(({ context, entry }) => ({ context, id: entry.id })) }
  if (part !== undefined) return undefined
  const { id: _id, ...json } = versionJson(registry, found[0]!.entry, query)
  return { json }
}

/** The versions that have the id: in the subject's context, or in another if it names none. Those of the subject come first. */
function withId(registry: Registry, id: number, subject: string): readonly SchemaEntry[] {
  const { context, name } = parseSubject(subject)
  const contexts = context === DEFAULT_CONTEXT ? registry.state.contexts() : [context]
  const candidates = contexts.map(one => registry.state.withId(one, id)).filter(entries => entries.length > 0)
  const has = (entries: readonly SchemaEntry[]) => entries.some(entry => parseSubject(entry.subject).name === name)
  const found = (name === '' ? undefined : candidates.find(has)) ?? candidates[0]
  if (found === undefined) throw schemaNotFound(id)
  return found.toSorted((left, right) => Number(right.subject === subject) - Number(left.subject === subject))
}

function listSchemas(registry: Registry, query: URLSearchParams): readonly unknown[] {
  const prefix = query.get('subjectPrefix') ?? ''
  return registry.state
    .subjects()
    .filter(subject => subject.startsWith(prefix))
    .flatMap(subject => {
      const entries = registry.state.versions(subject).filter(entry => flag(query, 'deleted') || !entry.deleted)
      return flag(query, 'latestOnly') ? entries.slice(-1) : entries
    })
    .map(entryJson)
}
