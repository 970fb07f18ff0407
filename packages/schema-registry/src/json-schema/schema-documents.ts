import type { ReferencedSchema } from '../registry/schema-format.ts'

/** A schema as JSON. */
export type JsonSchemaNode = boolean | JsonSchemaObject
export type JsonSchemaObject = Readonly<Record<string, unknown>>

export function isSchemaObject(value: unknown): value is JsonSchemaObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isSchemaNode(value: unknown): value is JsonSchemaNode {
  return typeof value === 'boolean' || isSchemaObject(value)
}

/** A place in a document. */
export interface SchemaPlace {
  readonly node: JsonSchemaNode
  /** The document or resource in which `$ref` is resolved. */
  readonly base: SchemaResource
}

/** A document, or a part of one that has an id of its own. */
export interface SchemaResource {
  readonly uri: string
  readonly root: JsonSchemaNode
}

/** Of a schema without an id. */
const NAMELESS = 'mem://input/'

/** A schema with those that it refers to. */
export class SchemaDocuments {
  readonly root: SchemaPlace
  readonly #resources = new Map<string, SchemaResource>()
  readonly #anchors = new Map<string, SchemaPlace>()

  /** @param referenced a reference has the URI of `$ref` as its name, relative or absolute */
  constructor(root: JsonSchemaNode, referenced: readonly ReferencedSchema[]) {
    const own = this.#add(idOf(root) ?? '', root)
    for (const { reference, schema } of referenced) {
      const parsed = JSON.parse(schema) as unknown
      if (isSchemaNode(parsed)) this.#add(absolute(reference.name, own.uri), parsed)
    }
    this.root = { node: root, base: own }
  }

  /** @throws when there is nothing at the reference */
  resolve(reference: string, base: SchemaResource): SchemaPlace {
    const [path = '', fragment = ''] = absolute(reference, base.uri).split('#', 2)
    const resource = reference.startsWith('#') ? base : this.#resources.get(path)
    if (resource === undefined) throw new Error(`$ref "${reference}" cannot be resolved: no reference has this name`)
    if (fragment === '') return { node: resource.root, base: resource }
    const found = fragment.startsWith('/')
      ? atPointer(resource, fragment)
      : this.#anchors.get(`${resource.uri}#${fragment}`)
    if (found === undefined) throw new Error(`$ref "${reference}" cannot be resolved: there is nothing at #${fragment}`)
    return found
  }

  #add(name: string, root: JsonSchemaNode): SchemaResource {
    const resource = { uri: absolute(name, NAMELESS).split('#')[0]!, root }
    this.#resources.set(resource.uri, resource)
    const id = idOf(root)
    if (id !== undefined) this.#resources.set(absolute(id, resource.uri).split('#')[0]!, resource)
    this.#index(root, resource, new Set())
    return resource
  }

  /** Finds the ids and anchors in a document. */
  #index(value: unknown, base: SchemaResource, seen: Set<unknown>): void {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    let inner = base
    if (isSchemaObject(value)) {
      const id = idOf(value)
      if (id?.startsWith('#') === true) this.#anchors.set(`${base.uri}${id}`, { node: value, base })
      else if (id !== undefined && value !== base.root) {
        inner = { uri: absolute(id, base.uri).split('#')[0]!, root: value }
        this.#resources.set(inner.uri, inner)
      }
      for (const name of ['$anchor', '$dynamicAnchor']) {
        if (typeof value[name] === 'string')
          this.#anchors.set(`${inner.uri}#${value[name]}`, { node: value, base: inner })
      }
    }
    for (const member of Object.values(value)) this.#index(member, inner, seen)
  }
}

function idOf(node: JsonSchemaNode): string | undefined {
  if (typeof node === 'boolean') return undefined
  const id = node['$id'] ?? node['id']
  return typeof id === 'string' ? id : undefined
}

function absolute(reference: string, base: string): string {
  try {
    return new URL(reference, base).href
  } catch {
    return reference
  }
}

function atPointer(resource: SchemaResource, pointer: string): SchemaPlace | undefined {
  const tokens = decodeURIComponent(pointer)
    .split('/')
    .slice(1)
    .map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  return (
    walk(resource, tokens) ?? walk(resource, [tokens[0] === '$defs' ? 'definitions' : tokens[0]!, ...tokens.slice(1)])
  )
}

function walk(resource: SchemaResource, tokens: readonly string[]): SchemaPlace | undefined {
  let base = resource
  let value: unknown = resource.root
  for (const token of tokens) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[token]
    const id = isSchemaObject(value) ? idOf(value) : undefined
    if (id !== undefined && !id.startsWith('#'))
      base = { uri: absolute(id, base.uri).split('#')[0]!, root: value as JsonSchemaNode }
  }
  return isSchemaNode(value) ? { node: value, base } : undefined
}
