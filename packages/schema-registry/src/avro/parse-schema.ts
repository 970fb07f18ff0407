import { millraceError, reasonOf } from '@millrace/core'
import { checkDefault } from './check-default.ts'
import {
  isJsonArray,
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  parseJson,
  printJson,
} from './json-value.ts'
import {
  type AvroEnum,
  type AvroField,
  type AvroFixed,
  type AvroNamedType,
  type AvroRecord,
  type AvroType,
  type AvroUnion,
  branchName,
  namespaceOf,
  PRIMITIVE_KINDS,
  type PrimitiveKind,
} from './schema.ts'

/*
 * The parser takes what Java's `Schema.Parser` (Avro 1.12) takes, since a schema that a Java producer registers must be
 * readable here. Names may be used before they are defined, as there.
 */

const SCHEMA_WORDS = ['type', 'name', 'namespace', 'doc', 'fields', 'items', 'values', 'symbols', 'size', 'aliases']
const ENUM_WORDS = [...SCHEMA_WORDS, 'default']
const FIELD_WORDS = ['name', 'type', 'doc', 'default', 'order', 'aliases']
const NAME = /^[\p{L}_][\p{L}\p{Nd}_]*$/u

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

export interface ParseSchemaOptions {
  /** Named types of other schemas that this one may use, by full name. */
  readonly known?: ReadonlyMap<string, AvroNamedType>
  /**
   * Refuse defaults that do not fit their field. Old schemas are read without it.
   * @default true
   */
  readonly checkDefaults?: boolean
}

export interface ParsedSchema {
  readonly type: AvroType
  /** All named types that the schema defines, by full name, without those that it was given. */
  readonly named: ReadonlyMap<string, AvroNamedType>
}

/**
 * Parses the text of an Avro schema.
 * @throws MILLRACE_SCHEMA_INVALID
 */
export function parseSchemaText(text: string, options: ParseSchemaOptions = {}): ParsedSchema {
  let json: JsonValue
  try {
    json = parseJson(text)
  } catch (cause) {
    // The specification allows the bare name of a type.
    if (/^[A-Za-z_][\w.]*$/.test(text.trim())) return parseSchema(text.trim(), options)
    throw millraceError('MILLRACE_SCHEMA_INVALID', { reason: `it is no JSON (${reasonOf(cause)})` }, { cause })
  }
  return parseSchema(json, options)
}

/**
 * Parses an Avro schema that is JSON already.
 * @throws MILLRACE_SCHEMA_INVALID
 */
function parseSchema(json: JsonValue, options: ParseSchemaOptions = {}): ParsedSchema {
  const parser = new Parser(options.known ?? new Map())
  const holder = { type: undefined as unknown as AvroType }
  parser.put(json, '', 'the schema', type => (holder.type = type))
  parser.resolveNames()
  if (options.checkDefaults ?? true) parser.checkDefaults()
  return { type: holder.type, named: parser.named }
}

class Parser {
  readonly named = new Map<string, AvroNamedType>()
  readonly #known: ReadonlyMap<string, AvroNamedType>
  readonly #unresolved: (() => void)[] = []
  readonly #unions: AvroUnion[] = []

  constructor(known: ReadonlyMap<string, AvroNamedType>) {
    this.#known = known
  }

  /** Parses `json` and hands the type to `set`: at once, or at the end if it is a name that is defined later. */
  put(json: JsonValue | undefined, space: string, where: string, set: (type: AvroType) => void): void {
    if (typeof json === 'string') return this.#putName(json, space, where, set)
    if (isJsonArray(json)) return set(this.#union(json, space, where))
    if (!isJsonObject(json)) return refuse(`${where} has no type`)
    const { type } = json
    if (typeof type !== 'string') {
      if (isJsonObject(type) || isJsonArray(type)) return this.put(type, space, where, set)
      return refuse(`${where} has no type`)
    }
    if (isPrimitive(type)) return set({ kind: type, properties: others(json, SCHEMA_WORDS) })
    switch (type) {
      case 'record':
      case 'error':
        return this.#record(json, space, type === 'error', set)
      case 'enum':
        return this.#enum(json, space, set)
      case 'fixed':
        return this.#fixed(json, space, set)
      case 'array': {
        const array = {
          kind: 'array' as const,
          items: undefined as unknown as AvroType,
          properties: others(json, SCHEMA_WORDS),
        }
        set(array)
        return this.put(json['items'], space, `the array's items in ${where}`, items => (array.items = items))
      }
      case 'map': {
        const map = {
          kind: 'map' as const,
          values: undefined as unknown as AvroType,
          properties: others(json, SCHEMA_WORDS),
        }
        set(map)
        return this.put(json['values'], space, `the map's values in ${where}`, values => (map.values = values))
      }
      default:
        return this.#putName(type, space, where, set)
    }
  }

  resolveNames(): void {
    for (const resolve of this.#unresolved) resolve()
    for (const { branches } of this.#unions) {
      const seen = new Set<string>()
      for (const branch of branches) {
        if (branch.kind === 'union') refuse('a union is directly inside a union')
        const name = branchName(branch)
        if (seen.has(name)) refuse(`a union has "${name}" twice`)
        seen.add(name)
      }
    }
  }

  checkDefaults(): void {
    for (const type of this.named.values()) {
      if (type.kind !== 'record') continue
      for (const field of type.fields) {
        if (field.defaultValue === undefined) continue
        const reason = checkDefault(field.type, field.defaultValue)
        if (reason !== undefined) refuse(`the default of "${field.name}" in ${type.name} does not fit: ${reason}`)
      }
    }
  }

  #putName(name: string, space: string, where: string, set: (type: AvroType) => void): void {
    if (isPrimitive(name)) return set({ kind: name, properties: {} })
    // As in Java, a short name is one of the namespace around it, and of no other.
    const qualified = name.includes('.') ? name : qualify(name, space)
    const find = (): AvroNamedType | undefined => this.#lookUp(qualified)
    const found = find()
    if (found !== undefined) return set(found)
    this.#unresolved.push(() => set(find() ?? refuse(`"${qualified}" in ${where} is not defined`)))
  }

  #lookUp(name: string): AvroNamedType | undefined {
    return this.named.get(name) ?? this.#known.get(name)
  }

  #define(json: JsonObject, space: string): { readonly name: string; readonly space: string } {
    const given = json['name']
    if (typeof given !== 'string' || given === '') return refuse('a named type has no name')
    const own = json['namespace']
    const name = given.includes('.') ? given : qualify(given, typeof own === 'string' ? own : space)
    for (const part of name.split('.')) if (!NAME.test(part)) refuse(`"${name}" is not a name`)
    return { name, space: namespaceOf(name) }
  }

  /** An enum or a fixed may be defined again if nothing differs, as in Java since Avro 1.12. */
  #add(type: AvroEnum | AvroFixed, set: (type: AvroType) => void): void {
    const known = this.#lookUp(type.name)
    if (known !== undefined && !isSame(known, type)) refuse(`"${type.name}" is defined twice`)
    if (known === undefined) this.named.set(type.name, type)
    set(known ?? type)
  }

  #common(json: JsonObject, space: string, words: readonly string[]) {
    const defined = this.#define(json, space)
    const { doc, aliases } = json
    return {
      space: defined.space,
      base: {
        name: defined.name,
        doc: typeof doc === 'string' ? doc : undefined,
        aliases: namesOf(aliases, 'aliases').map(alias =>
          alias.includes('.') ? alias : qualify(alias, defined.space),
        ),
        properties: others(json, words),
      },
    }
  }

  #record(json: JsonObject, outer: string, isError: boolean, set: (type: AvroType) => void): void {
    const { base, space } = this.#common(json, outer, SCHEMA_WORDS)
    if (this.#lookUp(base.name) !== undefined) refuse(`"${base.name}" is defined twice`)
    const fields: AvroField[] = []
    const record: AvroRecord = { kind: 'record', ...base, isError, fields }
    this.named.set(base.name, record)
    set(record)
    const given = json['fields']
    if (!isJsonArray(given)) return refuse(`the record ${base.name} has no list of fields`)
    const names = new Set<string>()
    for (const one of given) {
      if (!isJsonObject(one)) return refuse(`a field of ${base.name} is not an object`)
      const { name, doc, default: defaultValue, order = 'ascending', aliases } = one
      if (typeof name !== 'string' || !NAME.test(name)) return refuse(`a field of ${base.name} has no valid name`)
      if (names.has(name)) refuse(`the record ${base.name} has the field "${name}" twice`)
      names.add(name)
      const direction = typeof order === 'string' ? order.toLowerCase() : ''
      if (direction !== 'ascending' && direction !== 'descending' && direction !== 'ignore') {
        return refuse(`the order of "${name}" in ${base.name} is unknown`)
      }
      const field: Mutable<AvroField> = {
        name,
        type: undefined as unknown as AvroType,
        doc: typeof doc === 'string' ? doc : undefined,
        defaultValue,
        order: direction,
        aliases: namesOf(aliases, `aliases of the field "${name}"`),
        properties: others(one, FIELD_WORDS),
      }
      fields.push(field)
      this.put(one['type'], space, `the field "${name}" of ${base.name}`, type => (field.type = type))
    }
  }

  #enum(json: JsonObject, space: string, set: (type: AvroType) => void): void {
    const { base } = this.#common(json, space, ENUM_WORDS)
    const { symbols, default: defaultSymbol } = json
    if (!isJsonArray(symbols)) return refuse(`the enum ${base.name} has no list of symbols`)
    const names = namesOf(symbols, `symbols of ${base.name}`)
    for (const name of names) if (!NAME.test(name)) refuse(`"${name}" in the enum ${base.name} is not a symbol`)
    if (new Set(names).size < names.length) refuse(`the enum ${base.name} has a symbol twice`)
    if (defaultSymbol !== undefined && !(typeof defaultSymbol === 'string' && names.includes(defaultSymbol))) {
      return refuse(`the default of the enum ${base.name} is none of its symbols`)
    }
    this.#add({ kind: 'enum', ...base, symbols: names, defaultSymbol }, set)
  }

  #fixed(json: JsonObject, space: string, set: (type: AvroType) => void): void {
    const { base } = this.#common(json, space, SCHEMA_WORDS)
    const { size } = json
    if (!(size instanceof JsonNumber) || !size.isInteger || Number(size.text) < 0) {
      return refuse(`the size of the fixed ${base.name} is not a number of bytes`)
    }
    this.#add({ kind: 'fixed', ...base, size: Number(size.text) }, set)
  }

  #union(json: readonly JsonValue[], space: string, where: string): AvroUnion {
    const branches: AvroType[] = []
    const union: AvroUnion = { kind: 'union', branches }
    this.#unions.push(union)
    json.forEach((branch, index) => this.put(branch, space, where, type => (branches[index] = type)))
    return union
  }
}

/** By the rules of `Schema.equals` in Java: documentation, aliases and the default of an enum do not count. */
function isSame(one: AvroNamedType, other: AvroEnum | AvroFixed): boolean {
  if (one.kind !== other.kind) return false
  const names = Object.keys(one.properties)
  const same = (name: string) => {
    const value = other.properties[name]
    return value !== undefined && printJson(value) === printJson(one.properties[name]!)
  }
  if (names.length !== Object.keys(other.properties).length || !names.every(same)) return false
  if (one.kind === 'fixed') return one.size === (other as AvroFixed).size
  return one.kind === 'enum' && one.symbols.join() === (other as AvroEnum).symbols.join()
}

function isPrimitive(name: string): name is PrimitiveKind {
  return (PRIMITIVE_KINDS as readonly string[]).includes(name)
}

function qualify(name: string, space: string): string {
  return space === '' ? name : `${space}.${name}`
}

function others(json: JsonObject, words: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([name]) => !words.includes(name)))
}

function namesOf(json: JsonValue | undefined, what: string): string[] {
  if (json === undefined || json === null) return []
  if (isJsonArray(json) && json.every(name => typeof name === 'string')) return [...json]
  return refuse(`the ${what} are not a list of names`)
}

function refuse(reason: string): never {
  throw millraceError('MILLRACE_SCHEMA_INVALID', { reason })
}
