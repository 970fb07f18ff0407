import {
  isSchemaNode,
  isSchemaObject,
  type JsonSchemaObject,
  type SchemaDocuments,
  type SchemaPlace,
} from './schema-documents.ts'

/*
 * Confluent's registry compares schemas by what they describe: text, a number, an object, a choice. A schema with keywords of several
 * kinds is all of them together.
 */

/** A schema within another one. It may be the other one itself, so that it is made when it is looked at. */
export type InnerModel = () => SchemaModel

export type SchemaModel =
  | { readonly kind: 'empty' | 'false' | 'boolean' | 'null' | 'conditional'; readonly source: SchemaPlace }
  | StringModel
  | NumberModel
  | ObjectModel
  | ArrayModel
  | { readonly kind: 'enum'; readonly values: readonly unknown[]; readonly source: SchemaPlace }
  | { readonly kind: 'const'; readonly value: unknown; readonly source: SchemaPlace }
  | { readonly kind: 'not'; readonly inner: InnerModel; readonly source: SchemaPlace }
  | CombinedModel

export interface StringModel {
  readonly kind: 'string'
  readonly source: SchemaPlace
  /** Keywords that are numbers or texts. */
  readonly limits: JsonSchemaObject
}

export interface NumberModel {
  readonly kind: 'number'
  readonly source: SchemaPlace
  readonly limits: JsonSchemaObject
  readonly isInteger: boolean
}

/** What may be there besides the properties, or the items, that a schema names. */
export interface ContentModel {
  readonly isClosed: boolean
  readonly schema: InnerModel | undefined
}

export interface ObjectModel {
  readonly kind: 'object'
  readonly source: SchemaPlace
  readonly limits: JsonSchemaObject
  readonly properties: ReadonlyMap<string, InnerModel>
  readonly required: ReadonlySet<string>
  readonly patterns: readonly (readonly [RegExp, InnerModel])[]
  readonly additional: ContentModel
  readonly unevaluated: InnerModel | undefined
  readonly dependentRequired: ReadonlyMap<string, ReadonlySet<string>>
  readonly dependentSchemas: ReadonlyMap<string, InnerModel>
}

export interface ArrayModel {
  readonly kind: 'array'
  readonly source: SchemaPlace
  readonly limits: JsonSchemaObject
  /** Of all items. */
  readonly items: InnerModel | undefined
  /** Of the first items. */
  readonly tuple: readonly InnerModel[]
  readonly additional: ContentModel
  readonly unevaluated: InnerModel | undefined
}

export interface CombinedModel {
  readonly kind: 'combined'
  readonly source: SchemaPlace
  readonly criterion: 'allOf' | 'anyOf' | 'oneOf'
  readonly parts: readonly InnerModel[]
}

const OBJECT_KEYWORDS = [
  'properties',
  'required',
  'minProperties',
  'maxProperties',
  'dependencies',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'additionalProperties',
  'unevaluatedProperties',
  'propertyNames',
]
const ARRAY_KEYWORDS = [
  'items',
  'prefixItems',
  'additionalItems',
  'unevaluatedItems',
  'minItems',
  'maxItems',
  'uniqueItems',
  'contains',
  'minContains',
  'maxContains',
]
const STRING_KEYWORDS = ['minLength', 'maxLength', 'pattern', 'format']
const NUMBER_KEYWORDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']

/** Makes the models of places; the same place has the same model, so that recursive schemas end. */
export class SchemaModels {
  readonly #documents: SchemaDocuments
  readonly #made = new Map<unknown, SchemaModel>()
  readonly #refersAside: boolean

  /** @param refersAside whether keywords beside `$ref` count, as from draft 2019-09 on */
  constructor(documents: SchemaDocuments, refersAside: boolean) {
    this.#documents = documents
    this.#refersAside = refersAside
  }

  of(place: SchemaPlace): SchemaModel {
    if (typeof place.node === 'boolean') return { kind: place.node ? 'empty' : 'false', source: place }
    const known = this.#made.get(place.node)
    if (known !== undefined) return known
    const followed = this.#follow(place)
    if (followed !== place) return this.of(followed)
    const model = this.#make(place)
    this.#made.set(place.node, model)
    return model
  }

  /** A schema that is only a reference is what it refers to. */
  #follow(place: SchemaPlace): SchemaPlace {
    let at = place
    for (const seen = new Set<unknown>(); ;) {
      if (typeof at.node === 'boolean') return at
      const { $ref } = at.node
      if (typeof $ref !== 'string' || (this.#refersAside && this.#hasMore(at.node))) return at
      if (seen.has(at.node)) throw new Error(`$ref "${$ref}" refers to itself`)
      seen.add(at.node)
      at = this.#documents.resolve($ref, at.base)
    }
  }

  #hasMore(node: JsonSchemaObject): boolean {
    return Object.keys(node).some(name => NAMED_KEYWORDS.has(name))
  }

  #make(place: SchemaPlace): SchemaModel {
    const node = place.node as JsonSchemaObject
    const { $ref } = node
    const referred = typeof $ref === 'string' ? [() => this.of(this.#documents.resolve($ref, place.base))] : []
    const parts: SchemaModel[] = []
    if (Array.isArray(node['enum'])) parts.push({ kind: 'enum', values: node['enum'] as unknown[], source: place })
    for (const criterion of ['allOf', 'anyOf', 'oneOf'] as const) {
      const inner = node[criterion]
      if (Array.isArray(inner))
        parts.push({ kind: 'combined', criterion, parts: inner.map(one => this.#inner(place, one)), source: place })
    }
    if (isSchemaNode(node['not'])) {
      const { not } = node
      parts.push({ kind: 'not', inner: this.#inner(place, not), source: place })
    }
    if (Object.hasOwn(node, 'const')) parts.push({ kind: 'const', value: node['const'], source: place })
    if (isSchemaNode(node['if'])) parts.push({ kind: 'conditional', source: place })
    parts.push(...this.#typed(place, node))
    const [first] = parts
    if (referred.length === 0 && first === undefined) return { kind: 'empty', source: place }
    if (referred.length === 0 && parts.length === 1) return first!
    return {
      kind: 'combined',
      criterion: 'allOf',
      parts: [...referred, ...parts.map(part => () => part)],
      source: place,
    }
  }

  #typed(place: SchemaPlace, node: JsonSchemaObject): SchemaModel[] {
    const { type } = node
    if (typeof type === 'string') return [this.#ofType(place, node, type)]
    if (Array.isArray(type)) {
      const parts = type
        .filter(one => typeof one === 'string')
        .map(one => this.#ofType(place, node, one))
        .map(part => () => part)
      return [{ kind: 'combined', criterion: 'anyOf', parts, source: place }]
    }
    const has = (keywords: readonly string[]): boolean => keywords.some(name => Object.hasOwn(node, name))
    if (has(ARRAY_KEYWORDS)) return [this.#array(place, node)]
    if (has(OBJECT_KEYWORDS)) return [this.#object(place, node)]
    if (has(NUMBER_KEYWORDS)) return [this.#ofType(place, node, 'number')]
    return has(STRING_KEYWORDS) ? [this.#ofType(place, node, 'string')] : []
  }

  #ofType(place: SchemaPlace, node: JsonSchemaObject, type: string): SchemaModel {
    switch (type) {
      case 'string':
        return { kind: 'string', limits: node, source: place }
      case 'integer':
      case 'number':
        return { kind: 'number', limits: node, isInteger: type === 'integer', source: place }
      case 'object':
        return this.#object(place, node)
      case 'array':
        return this.#array(place, node)
      case 'boolean':
      case 'null':
        return { kind: type, source: place }
      default:
        throw new Error(`there is no type "${type}"`)
    }
  }

  #object(place: SchemaPlace, node: JsonSchemaObject): ObjectModel {
    const models = (value: unknown): [string, InnerModel][] =>
      Object.entries(isSchemaObject(value) ? value : {}).flatMap(([name, one]) =>
        isSchemaNode(one) ? [[name, this.#inner(place, one)]] : [],
      )
    const lists = (value: unknown): [string, ReadonlySet<string>][] =>
      Object.entries(isSchemaObject(value) ? value : {}).flatMap(([name, one]) =>
        Array.isArray(one) ? [[name, new Set(one as string[])]] : [],
      )
    return {
      kind: 'object',
      source: place,
      limits: node,
      properties: new Map(models(node['properties'])),
      required: new Set(Array.isArray(node['required']) ? (node['required'] as string[]) : []),
      patterns: models(node['patternProperties']).map(([pattern, model]) => [new RegExp(pattern, 'u'), model]),
      additional: this.#content(place, node['additionalProperties']),
      unevaluated: this.#optional(place, node['unevaluatedProperties']),
      dependentRequired: new Map([...lists(node['dependencies']), ...lists(node['dependentRequired'])]),
      dependentSchemas: new Map([...models(node['dependencies']), ...models(node['dependentSchemas'])]),
    }
  }

  #array(place: SchemaPlace, node: JsonSchemaObject): ArrayModel {
    const first = node['prefixItems'] ?? node['items']
    const tuple = Array.isArray(first) ? first.map(one => this.#inner(place, one)) : []
    const rest = node['prefixItems'] === undefined ? node['additionalItems'] : node['items']
    const items = Array.isArray(first) || node['items'] === false ? undefined : this.#optional(place, node['items'])
    const isNone = node['prefixItems'] === undefined && node['items'] === false
    return {
      kind: 'array',
      source: place,
      limits: node,
      items,
      tuple,
      additional: isNone ? { isClosed: true, schema: undefined } : this.#content(place, rest),
      unevaluated: this.#optional(place, node['unevaluatedItems']),
    }
  }

  #content(place: SchemaPlace, value: unknown): ContentModel {
    return { isClosed: value === false, schema: isSchemaObject(value) ? this.#inner(place, value) : undefined }
  }

  #optional(place: SchemaPlace, value: unknown): InnerModel | undefined {
    return isSchemaNode(value) ? this.#inner(place, value) : undefined
  }

  #inner(place: SchemaPlace, value: unknown): InnerModel {
    if (!isSchemaNode(value)) throw new Error(`${JSON.stringify(value)} is not a schema`)
    return () => this.of({ node: value, base: place.base })
  }
}

const NAMED_KEYWORDS = new Set([
  ...OBJECT_KEYWORDS,
  ...ARRAY_KEYWORDS,
  ...STRING_KEYWORDS,
  ...NUMBER_KEYWORDS,
  'type',
  'enum',
  'const',
  'not',
  'if',
  'allOf',
  'anyOf',
  'oneOf',
])
