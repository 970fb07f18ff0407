import {
  isJsonArray,
  isJsonObject,
  JsonNumber,
  type JsonObject,
  type JsonValue,
  printDouble,
  printJson,
} from './json-value.ts'
import { logicalTypeOf } from './logical-type.ts'
import { type AvroField, type AvroNamedType, type AvroType, isNamed, namespaceOf, shortName } from './schema.ts'

/** Prints a schema as Java's `Schema.toString()` does: registries store and compare this text. */
export function printSchema(type: AvroType, known: ReadonlySet<string> = new Set()): string {
  return printType(type, { printed: new Set(known), space: '' })
}

interface Printing {
  readonly printed: Set<string>
  readonly space: string
}

function printType(type: AvroType, at: Printing): string {
  switch (type.kind) {
    case 'union':
      return `[${type.branches.map(branch => printType(branch, at)).join(',')}]`
    case 'array':
      return `{"type":"array","items":${printType(type.items, at)}${members(type.properties)}}`
    case 'map':
      return `{"type":"map","values":${printType(type.values, at)}${members(type.properties)}}`
    case 'record':
    case 'enum':
    case 'fixed':
      return printNamed(type, at)
    default:
      return Object.keys(type.properties).length === 0
        ? `"${type.kind}"`
        : `{"type":"${type.kind}"${members(type.properties)}}`
  }
}

function printNamed(type: AvroNamedType, at: Printing): string {
  const space = namespaceOf(type.name)
  if (at.printed.has(type.name)) return JSON.stringify(space === at.space ? shortName(type.name) : type.name)
  at.printed.add(type.name)
  const kind = type.kind === 'record' && type.isError ? 'error' : type.kind
  const head = `{"type":"${kind}","name":${JSON.stringify(shortName(type.name))}`
  const namespace = space === at.space ? '' : `,"namespace":${JSON.stringify(space)}`
  const doc = type.doc === undefined ? '' : `,"doc":${JSON.stringify(type.doc)}`
  const aliases = type.aliases.map(alias => (namespaceOf(alias) === space ? shortName(alias) : alias))
  const tail = `${members(type.properties)}${aliases.length === 0 ? '' : `,"aliases":${JSON.stringify(aliases)}`}}`
  return head + namespace + doc + printBody(type, { printed: at.printed, space }) + tail
}

function printBody(type: AvroNamedType, at: Printing): string {
  if (type.kind === 'fixed') return `,"size":${type.size}`
  if (type.kind === 'record') return `,"fields":[${type.fields.map(field => printField(field, at)).join(',')}]`
  const defaultSymbol = type.defaultSymbol === undefined ? '' : `,"default":${JSON.stringify(type.defaultSymbol)}`
  return `,"symbols":${JSON.stringify(type.symbols)}${defaultSymbol}`
}

function printField(field: AvroField, at: Printing): string {
  const type = printType(field.type, at)
  const doc = field.doc === undefined ? '' : `,"doc":${JSON.stringify(field.doc)}`
  const defaultValue = field.defaultValue === undefined ? '' : `,"default":${printJson(field.defaultValue)}`
  const order = field.order === 'ascending' ? '' : `,"order":"${field.order}"`
  const aliases = field.aliases.length === 0 ? '' : `,"aliases":${JSON.stringify(field.aliases)}`
  return `{"name":${JSON.stringify(field.name)},"type":${type}${doc}${defaultValue}${order}${aliases}${members(field.properties)}}`
}

function members(properties: JsonObject): string {
  return Object.entries(properties)
    .map(([name, value]) => `,${JSON.stringify(name)}:${printJson(value)}`)
    .join('')
}

/**
 * Prints a schema in the form in which registries compare schemas with `normalize`: full names, and properties in alphabetical
 * order. Unlike Avro's parsing canonical form it keeps defaults, aliases, documentation and logical types.
 */
export function printNormalized(type: AvroType, known: ReadonlySet<string> = new Set()): string {
  return normalType(type, new Set(known))
}

function normalType(type: AvroType, printed: Set<string>): string {
  if (type.kind === 'union') return `[${type.branches.map(branch => normalType(branch, printed)).join(',')}]`
  if (isNamed(type)) {
    if (printed.has(type.name)) return JSON.stringify(type.name)
    printed.add(type.name)
    const doc = type.doc === undefined || type.doc === '' ? '' : `,"doc":${JSON.stringify(type.doc)}`
    const head = `{"name":${JSON.stringify(type.name)},"type":"${type.kind}"`
    return `${head}${normalBody(type, printed)}${logical(type)}${doc}${normalAliases(type.aliases)}${normalDefault(type)}${sorted(type)}}`
  }
  if (type.kind === 'array')
    return `{"type":"array","items":${normalType(type.items, printed)}${logical(type)}${sorted(type)}}`
  if (type.kind === 'map')
    return `{"type":"map","values":${normalType(type.values, printed)}${logical(type)}${sorted(type)}}`
  const rest = logical(type) + sorted(type)
  return rest === '' ? `"${type.kind}"` : `{"type":"${type.kind}"${rest}}`
}

function normalBody(type: AvroNamedType, printed: Set<string>): string {
  if (type.kind === 'enum') return `,"symbols":${JSON.stringify(type.symbols)}`
  if (type.kind === 'fixed') return `,"size":${type.size}`
  return `,"fields":[${type.fields.map(field => normalField(field, printed)).join(',')}]`
}

function normalField(field: AvroField, printed: Set<string>): string {
  const type = normalType(field.type, printed)
  const order = field.order === 'ascending' ? '' : `,"order":"${field.order}"`
  const given = field.defaultValue
  const defaultValue = given === undefined ? '' : `,"default":${printJson(normalValue(field.type, given))}`
  const doc = field.doc === undefined ? '' : `,"doc":${JSON.stringify(field.doc)}`
  const properties = members(Object.fromEntries(Object.entries(field.properties).sort(byName)))
  const aliases = normalAliases(field.aliases)
  return `{"name":${JSON.stringify(field.name)},"type":${type}${order}${defaultValue}${doc}${aliases}${properties}}`
}

/** A default with sorted members, and whose doubles are written as doubles. */
function normalValue(type: AvroType, value: JsonValue): JsonValue {
  if (type.kind === 'union') return type.branches.length === 0 ? value : normalValue(type.branches[0]!, value)
  if (value instanceof JsonNumber) {
    return type.kind === 'float' || type.kind === 'double' ? new JsonNumber(printDouble(Number(value.text))) : value
  }
  if (isJsonArray(value)) return type.kind === 'array' ? value.map(item => normalValue(type.items, item)) : value
  if (!isJsonObject(value)) return value
  const memberType = (name: string): AvroType | undefined =>
    type.kind === 'map'
      ? type.values
      : type.kind === 'record'
        ? type.fields.find(field => field.name === name)?.type
        : undefined
  const members = Object.entries(value).map(([name, member]) => {
    const known = memberType(name)
    return [name, known === undefined ? member : normalValue(known, member)] as const
  })
  return Object.fromEntries(members.sort(byName))
}

function normalDefault(type: AvroNamedType): string {
  return type.kind === 'enum' && type.defaultSymbol !== undefined
    ? `,"default":${JSON.stringify(type.defaultSymbol)}`
    : ''
}

function normalAliases(aliases: readonly string[]): string {
  return aliases.length === 0 ? '' : `,"aliases":${JSON.stringify([...aliases].sort())}`
}

function logical(type: AvroType): string {
  const known = logicalTypeOf(type)
  if (known === undefined) return ''
  if (known.name !== 'decimal') return `,"logicalType":"${known.name}"`
  return `,"logicalType":"decimal","precision":${known.precision}${known.scale === 0 ? '' : `,"scale":${known.scale}`}`
}

function sorted(type: Exclude<AvroType, { kind: 'union' }>): string {
  const meant = logicalTypeOf(type) === undefined ? [] : ['logicalType', 'precision', 'scale']
  const rest = Object.entries(type.properties).filter(([name]) => !meant.includes(name))
  return members(Object.fromEntries(rest.sort(byName)))
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : left > right ? 1 : 0
}
