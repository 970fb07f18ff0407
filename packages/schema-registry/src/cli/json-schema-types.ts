import { hasSiblingsOfRef } from '../json-schema/drafts.ts'
import {
  isSchemaNode,
  isSchemaObject,
  type JsonSchemaObject,
  SchemaDocuments,
  type SchemaPlace,
} from '../json-schema/schema-documents.ts'
import type { ReferencedSchema } from '../registry/schema-format.ts'
import { capital, comment, type GeneratedTypes, property, quoted } from './module-text.ts'

/**
 * TypeScript declarations for a JSON Schema and everything that it refers to, of the values that `jsonSchema()` reads and writes. What
 * TypeScript cannot say (patterns, limits, `not`, `if`) is left out: then the type allows more than the schema.
 * @throws when a `$ref` cannot be resolved
 */
export function jsonSchemaTypes(text: string, referenced: readonly ReferencedSchema[]): GeneratedTypes {
  const schema: unknown = JSON.parse(text)
  if (!isSchemaNode(schema)) throw new Error('a schema is an object, true or false')
  const documents = new SchemaDocuments(schema, referenced)
  return new TypeWriter(documents, hasSiblingsOfRef(schema)).write()
}

class TypeWriter {
  readonly #documents: SchemaDocuments
  /** Whether keywords beside `$ref` count. */
  readonly #siblings: boolean
  readonly #names = new Map<JsonSchemaObject, string>()
  /** Named, and not declared yet. */
  readonly #open: { readonly place: SchemaPlace; readonly name: string }[] = []

  constructor(documents: SchemaDocuments, siblings: boolean) {
    this.#documents = documents
    this.#siblings = siblings
  }

  write(): GeneratedTypes {
    const root = this.#rootName(this.#documents.root)
    const declared: string[] = []
    for (let next = this.#open.shift(); next !== undefined; next = this.#open.shift()) {
      declared.push(this.#declaration(next.place, next.name))
    }
    return { text: declared.join('\n'), root }
  }

  /** A schema that is nothing but a reference has the name of that. */
  #rootName(place: SchemaPlace): string {
    const { node, base } = place
    const target = isSchemaObject(node) ? node['$ref'] : undefined
    const isAlone = isSchemaObject(node) && Object.keys(node).every(key => !TYPED.has(key))
    if (typeof target === 'string' && target !== '#' && (isAlone || !this.#siblings)) {
      const found = this.#documents.resolve(target, base)
      if (isSchemaObject(found.node)) return this.#nameOf(found, target)
    }
    return this.#nameOf(place, '')
  }

  #nameOf(place: SchemaPlace, reference: string): string {
    const { node } = place
    const known = isSchemaObject(node) ? this.#names.get(node) : undefined
    if (known !== undefined) return known
    const title = isSchemaObject(node) ? node['title'] : undefined
    const wanted = identifier(typeof title === 'string' ? title : lastPart(reference))
    const used = new Set(this.#names.values())
    let name = wanted
    for (let number = 2; used.has(name); number++) name = `${wanted}${number}`
    if (isSchemaObject(node)) this.#names.set(node, name)
    this.#open.push({ place, name })
    return name
  }

  #declaration(place: SchemaPlace, name: string): string {
    const type = this.#typeOf(place, '')
    const doc = comment(descriptionOf(place.node), '')
    const isInterface = type.startsWith('{\n') && type.indexOf('\n}') === type.length - 2
    return isInterface ? `${doc}export interface ${name} ${type}\n` : `${doc}export type ${name} = ${type}\n`
  }

  /** @param indent of the line in which the type begins */
  #typeOf(place: SchemaPlace, indent: string): string {
    const { node, base } = place
    if (typeof node === 'boolean') return node ? 'unknown' : 'never'
    const reference = node['$ref']
    const parts: string[] = []
    if (typeof reference === 'string') {
      const found = this.#documents.resolve(reference, base)
      parts.push(isSchemaObject(found.node) ? this.#nameOf(found, reference) : this.#typeOf(found, indent))
      if (!this.#siblings) return parts[0]!
    }
    if (node['const'] !== undefined) parts.push(literal(node['const']))
    else if (Array.isArray(node['enum'])) parts.push(union(node['enum'].map(literal)))
    else parts.push(this.#typed(place, node, indent))
    for (const one of listIn(node['allOf'])) parts.push(this.#inner(one, place, indent))
    for (const choice of ['anyOf', 'oneOf']) {
      const any = listIn(node[choice])
      if (any.length > 0) parts.push(union(any.map(one => this.#inner(one, place, indent))))
    }
    return intersection(parts)
  }

  #typed(place: SchemaPlace, node: JsonSchemaObject, indent: string): string {
    const { type } = node
    if (type === undefined) return isSchemaObject(node['properties']) ? this.#object(place, node, indent) : 'unknown'
    const types: readonly unknown[] = Array.isArray(type) ? type : [type]
    return union(
      types.map(name => {
        switch (name) {
          case 'string':
          case 'boolean':
          case 'null':
            return name
          case 'number':
          case 'integer':
            return 'number'
          case 'array':
            return this.#array(place, node, indent)
          case 'object':
            return this.#object(place, node, indent)
          default:
            return 'unknown'
        }
      }),
    )
  }

  #object(place: SchemaPlace, node: JsonSchemaObject, indent: string): string {
    const { properties, required, additionalProperties: rest, patternProperties: patterns } = node
    const names = isSchemaObject(properties) ? properties : {}
    const needed = new Set(Array.isArray(required) ? required.filter(name => typeof name === 'string') : [])
    const all = [...Object.keys(names), ...[...needed].filter(name => !Object.hasOwn(names, name))]
    if (all.length === 0) {
      const values = [...(isSchemaObject(patterns) ? Object.values(patterns) : []), rest ?? true]
      return `{ [name: string]: ${union(values.map(one => this.#inner(one, place, indent)))} }`
    }
    const lines = all.map(name => {
      const type = Object.hasOwn(names, name) ? this.#inner(names[name], place, `${indent}  `) : 'unknown'
      const doc = comment(descriptionOf(names[name]), `${indent}  `)
      return `${doc}${indent}  ${property(name)}${needed.has(name) ? '' : '?'}: ${type}\n`
    })
    return `{\n${lines.join('')}${indent}}`
  }

  #array(place: SchemaPlace, node: JsonSchemaObject, indent: string): string {
    const { prefixItems, items, additionalItems, minItems } = node
    const tuple = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : undefined
    if (tuple === undefined) return list(this.#inner(items ?? true, place, indent))
    const least = typeof minItems === 'number' ? minItems : 0
    const first = tuple.map((one, index) => {
      const type = this.#inner(one, place, indent)
      return index < least ? type : `${bracketed(type)}?`
    })
    const rest = this.#inner((Array.isArray(items) ? additionalItems : items) ?? true, place, indent)
    return `[${[...first, ...(rest === 'never' ? [] : [`...${list(rest)}`])].join(', ')}]`
  }

  #inner(node: unknown, { base }: SchemaPlace, indent: string): string {
    return isSchemaNode(node) ? this.#typeOf({ node, base: baseOf(node, base, this.#documents) }, indent) : 'unknown'
  }
}

/** Keywords that say something of the value. */
const TYPED = new Set(['type', 'const', 'enum', 'allOf', 'anyOf', 'oneOf', 'properties'])

/** An inner schema with an id of its own is the base of the references in it. */
function baseOf(node: SchemaPlace['node'], base: SchemaPlace['base'], documents: SchemaDocuments): SchemaPlace['base'] {
  const id = isSchemaObject(node) ? (node['$id'] ?? node['id']) : undefined
  return typeof id === 'string' && !id.startsWith('#') ? documents.resolve(id, base).base : base
}

function listIn(keyword: unknown): readonly unknown[] {
  return Array.isArray(keyword) ? keyword : []
}

function literal(value: unknown): string {
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (!isSchemaObject(value)) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${property(name)}: ${literal(member)}`)
  return members.length === 0 ? '{ [name: string]: never }' : `{ ${members.join('; ')} }`
}

function union(types: readonly string[]): string {
  const kept = new Set(types.filter(type => type !== 'never'))
  if (kept.has('unknown')) return 'unknown'
  return kept.size === 0 ? 'never' : [...kept].join(' | ')
}

function intersection(types: readonly string[]): string {
  const kept = [...new Set(types.filter(type => type !== 'unknown'))]
  if (kept.length < 2) return kept[0] ?? 'unknown'
  return kept.map(bracketed).join(' & ')
}

function list(item: string): string {
  return `${bracketed(item)}[]`
}

/** For a type that stands within another one. */
function bracketed(type: string): string {
  return /[|&]/.test(type) ? `(${type})` : type
}

function descriptionOf(node: unknown): string | undefined {
  const description = isSchemaObject(node) ? node['description'] : undefined
  return typeof description === 'string' ? description : undefined
}

/** `customer` of `#/$defs/customer` and of `shop/customer.json`. */
function lastPart(reference: string): string {
  const [path = '', fragment = ''] = reference.split('#', 2)
  const from = fragment === '' ? path.replace(/(\.schema)?\.json$/, '') : decodeURIComponent(fragment)
  return from.split('/').at(-1) ?? ''
}

/** As a name of a type: `OrderOfACustomer`. */
function identifier(text: string): string {
  const name = text
    .split(/[^\p{L}\p{Nd}_]+/u)
    .map(capital)
    .join('')
  return name === '' ? 'Value' : /^\p{Nd}/u.test(name) ? `_${name}` : name
}
