/*
 * A .proto file as it was written: types are not resolved yet, and the order of the declarations is kept, because it gives messages their
 * index in Confluent's wire format.
 */

export interface ProtoFile {
  /** `proto2` if the file does not say. */
  readonly syntax: 'proto2' | 'proto3' | 'editions'
  /** Whether the file names its syntax. */
  readonly hasSyntax: boolean
  readonly edition: string | undefined
  readonly package: string | undefined
  readonly imports: readonly ProtoImport[]
  readonly options: readonly ProtoOption[]
  readonly types: readonly ProtoType[]
  readonly extensions: readonly ProtoExtend[]
  readonly services: readonly ProtoService[]
}

export interface ProtoImport {
  readonly path: string
  readonly kind: 'plain' | 'public' | 'weak'
}

export type ProtoType = ProtoMessage | ProtoEnum

export interface ProtoMessage {
  readonly kind: 'message'
  readonly name: string
  readonly options: readonly ProtoOption[]
  /** In the order of their declaration, those of oneofs among them. */
  readonly fields: readonly ProtoField[]
  readonly oneofs: readonly ProtoOneof[]
  readonly types: readonly ProtoType[]
  readonly extensions: readonly ProtoExtend[]
  readonly extensionRanges: readonly ProtoExtensionRanges[]
  readonly reserved: readonly ProtoReserved[]
}

export interface ProtoField {
  readonly label: 'optional' | 'required' | 'repeated' | undefined
  /** As written: a scalar, or the name of a type that may be relative. */
  readonly type: string
  /** Of a map: the types of its keys and values; `type` is empty then. */
  readonly map: { readonly key: string; readonly value: string } | undefined
  /** Of a group: the message that it declares. */
  readonly group: ProtoMessage | undefined
  readonly name: string
  readonly number: number
  readonly options: readonly ProtoOption[]
  /** The oneof that the field is in. */
  readonly oneof: string | undefined
}

export interface ProtoOneof {
  readonly name: string
  readonly options: readonly ProtoOption[]
}

export interface ProtoExtend {
  readonly extendee: string
  readonly fields: readonly ProtoField[]
}

/** Both ends belong to the range. */
export interface ProtoRange {
  readonly start: number
  readonly end: number
}

export interface ProtoExtensionRanges {
  readonly ranges: readonly ProtoRange[]
  readonly options: readonly ProtoOption[]
}

/** One `reserved` statement. */
export type ProtoReserved = { readonly ranges: readonly ProtoRange[] } | { readonly names: readonly string[] }

export interface ProtoEnum {
  readonly kind: 'enum'
  readonly name: string
  readonly options: readonly ProtoOption[]
  readonly values: readonly ProtoEnumValue[]
  readonly reserved: readonly ProtoReserved[]
}

export interface ProtoEnumValue {
  readonly name: string
  readonly number: number
  readonly options: readonly ProtoOption[]
}

export interface ProtoService {
  readonly name: string
  readonly options: readonly ProtoOption[]
  readonly methods: readonly ProtoMethod[]
}

export interface ProtoMethod {
  readonly name: string
  readonly input: string
  readonly output: string
  readonly streamsInput: boolean
  readonly streamsOutput: boolean
  readonly options: readonly ProtoOption[]
}

/** `(shop.tag).name` has the parts `shop.tag`, which is that of an extension, and `name`. */
export interface ProtoOption {
  readonly name: readonly { readonly text: string; readonly isExtension: boolean }[]
  readonly value: OptionValue
}

export type OptionValue =
  | { readonly kind: 'identifier'; readonly text: string }
  /** In the text of a message, a float may not be written as an octal or hexadecimal number. */
  | { readonly kind: 'integer'; readonly value: bigint; readonly isDecimal?: false }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly bytes: Uint8Array }
  | { readonly kind: 'message'; readonly fields: readonly { readonly name: string; readonly value: OptionValue }[] }
  | { readonly kind: 'list'; readonly items: readonly OptionValue[] }

/** The largest number of a field. */
export const MAX_FIELD_NUMBER = 536_870_911
/** The largest number of a value of an enum. */
export const MAX_ENUM_NUMBER = 2_147_483_647

export const SCALARS: ReadonlySet<string> = new Set([
  'double',
  'float',
  'int64',
  'uint64',
  'int32',
  'fixed64',
  'fixed32',
  'bool',
  'string',
  'bytes',
  'uint32',
  'sfixed32',
  'sfixed64',
  'sint32',
  'sint64',
])

/** The option with this name, unless it is one of an extension. */
export function plainOption(options: readonly ProtoOption[], name: string): OptionValue | undefined {
  return options.find(
    option => option.name.length === 1 && option.name[0]!.text === name && !option.name[0]!.isExtension,
  )?.value
}

export function isTrue(value: OptionValue | undefined): boolean {
  return value?.kind === 'identifier' && value.text === 'true'
}

/** The name of the message that stands for an entry of a map field. */
export function mapEntryName(field: string): string {
  return `${field
    .split('_')
    .map(part => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('')}Entry`
}
