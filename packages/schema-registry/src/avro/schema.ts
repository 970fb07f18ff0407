import type { JsonObject, JsonValue } from './json-value.ts'

/** A parsed Avro schema. Named types are shared by reference, so a recursive schema is a graph with cycles. */
export type AvroType = AvroPrimitive | AvroRecord | AvroEnum | AvroFixed | AvroArray | AvroMap | AvroUnion

export const PRIMITIVE_KINDS = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const
export type PrimitiveKind = (typeof PRIMITIVE_KINDS)[number]

interface WithProperties {
  /** Everything that Avro gives no meaning to, and the logical type, in the order of the schema. */
  readonly properties: JsonObject
}

export interface AvroPrimitive extends WithProperties {
  readonly kind: PrimitiveKind
}

interface AvroNamed extends WithProperties {
  /** With its namespace, as in `shop.Order`. */
  readonly name: string
  readonly doc: string | undefined
  /** With their namespaces. */
  readonly aliases: readonly string[]
}

export interface AvroRecord extends AvroNamed {
  readonly kind: 'record'
  readonly isError: boolean
  readonly fields: readonly AvroField[]
}

export interface AvroField extends WithProperties {
  readonly name: string
  readonly type: AvroType
  readonly doc: string | undefined
  /** `undefined` if the field has none; a default of `null` is `null`. */
  readonly defaultValue: JsonValue | undefined
  readonly order: 'ascending' | 'descending' | 'ignore'
  readonly aliases: readonly string[]
}

export interface AvroEnum extends AvroNamed {
  readonly kind: 'enum'
  readonly symbols: readonly string[]
  readonly defaultSymbol: string | undefined
}

export interface AvroFixed extends AvroNamed {
  readonly kind: 'fixed'
  /** Bytes. */
  readonly size: number
}

export interface AvroArray extends WithProperties {
  readonly kind: 'array'
  readonly items: AvroType
}

export interface AvroMap extends WithProperties {
  readonly kind: 'map'
  readonly values: AvroType
}

export interface AvroUnion {
  readonly kind: 'union'
  readonly branches: readonly AvroType[]
}

export type AvroNamedType = AvroRecord | AvroEnum | AvroFixed

export function isNamed(type: AvroType): type is AvroNamedType {
  return type.kind === 'record' || type.kind === 'enum' || type.kind === 'fixed'
}

/** `Order` of `shop.Order`. */
export function shortName(fullName: string): string {
  return fullName.slice(fullName.lastIndexOf('.') + 1)
}

/** `shop` of `shop.Order`; empty if there is none. */
export function namespaceOf(fullName: string): string {
  return fullName.slice(0, Math.max(0, fullName.lastIndexOf('.')))
}

/** What tells the branches of a union apart: the full name, or the kind of an unnamed type. */
export function branchName(type: AvroType): string {
  return isNamed(type) ? type.name : type.kind
}
