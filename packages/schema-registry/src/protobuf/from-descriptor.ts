import { type DescMessage, isFieldSet, type Message } from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  EnumOptionsSchema,
  EnumValueOptionsSchema,
  ExtensionRangeOptionsSchema,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldOptionsSchema,
  type FileDescriptorProto,
  FileOptionsSchema,
  MessageOptionsSchema,
  MethodOptionsSchema,
  OneofOptionsSchema,
  ServiceOptionsSchema,
  type UninterpretedOption,
} from '@bufbuild/protobuf/wkt'
import { jsonName } from './check-proto.ts'
import { joined } from './link-proto.ts'
import { parseMessageText } from './parse-option.ts'
import { tokenizeProto } from './tokenize-proto.ts'
import type {
  OptionValue,
  ProtoEnum,
  ProtoExtend,
  ProtoField,
  ProtoFile,
  ProtoMessage,
  ProtoOption,
  ProtoReserved,
  ProtoType,
} from './proto-file.ts'

/** The file that a descriptor was made of. Names of types are absolute. Maps are maps again, and groups are groups. */
export function fromDescriptor(descriptor: FileDescriptorProto): ProtoFile {
  const syntax = descriptor.syntax === 'proto3' || descriptor.syntax === 'editions' ? descriptor.syntax : 'proto2'
  const scope = descriptor.package
  const weak = new Set(descriptor.weakDependency)
  const isPublic = new Set(descriptor.publicDependency)
  return {
    syntax,
    hasSyntax: true,
    edition: syntax === 'editions' ? '2023' : undefined,
    package: scope === '' ? undefined : scope,
    imports: descriptor.dependency.map((path, index) => ({
      path,
      kind: isPublic.has(index) ? 'public' : weak.has(index) ? 'weak' : 'plain',
    })),
    options: optionsFrom(FileOptionsSchema, descriptor.options),
    types: typesFrom(syntax, scope, { messages: descriptor.messageType, enums: descriptor.enumType }),
    extensions: extensionsFrom(syntax, scope, { extensions: descriptor.extension, messages: descriptor.messageType }),
    services: descriptor.service.map(({ name, method, options }) => ({
      name,
      options: optionsFrom(ServiceOptionsSchema, options),
      methods: method.map(one => ({
        name: one.name,
        input: one.inputType,
        output: one.outputType,
        streamsInput: one.clientStreaming,
        streamsOutput: one.serverStreaming,
        options: optionsFrom(MethodOptionsSchema, one.options),
      })),
    })),
  }
}

type Syntax = ProtoFile['syntax']

interface Declared {
  readonly messages: readonly DescriptorProto[]
  readonly enums: readonly EnumDescriptorProto[]
}

function typesFrom(syntax: Syntax, scope: string, { messages, enums }: Declared): readonly ProtoType[] {
  return [
    ...messages.filter(({ options }) => options?.mapEntry !== true).map(message => messageFrom(syntax, scope, message)),
    ...enums.map(enumFrom),
  ]
}

function messageFrom(syntax: Syntax, scope: string, descriptor: DescriptorProto): ProtoMessage {
  const name = joined(scope, descriptor.name)
  const around = { syntax, scope: name, messages: descriptor.nestedType }
  const synthetic = new Set(descriptor.field.flatMap(field => (field.proto3Optional ? [field.oneofIndex] : [])))
  return {
    kind: 'message',
    name: descriptor.name,
    options: optionsFrom(MessageOptionsSchema, descriptor.options),
    fields: descriptor.field.map(field => {
      const inOneof = isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex) && !field.proto3Optional
      return fieldFrom(field, around, inOneof ? descriptor.oneofDecl[field.oneofIndex]!.name : undefined)
    }),
    oneofs: descriptor.oneofDecl
      .filter((_, index) => !synthetic.has(index))
      .map(oneof => ({ name: oneof.name, options: optionsFrom(OneofOptionsSchema, oneof.options) })),
    types: typesFrom(syntax, name, { messages: descriptor.nestedType, enums: descriptor.enumType }),
    extensions: extensionsFrom(syntax, name, { extensions: descriptor.extension, messages: descriptor.nestedType }),
    extensionRanges: descriptor.extensionRange.map(({ start, end, options }) => ({
      ranges: [{ start, end: end - 1 }],
      options: optionsFrom(ExtensionRangeOptionsSchema, options),
    })),
    reserved: reservedFrom(descriptor, 1),
  }
}

interface Around {
  readonly syntax: Syntax
  readonly scope: string
  /** In which the messages of maps and groups are. */
  readonly messages: readonly DescriptorProto[]
}

function fieldFrom(field: FieldDescriptorProto, around: Around, oneof: string | undefined): ProtoField {
  const nested = around.messages.find(message => field.typeName === `.${joined(around.scope, message.name)}`)
  const map = nested?.options?.mapEntry === true ? nested : undefined
  const group =
    field.type === Type.GROUP && nested !== undefined ? messageFrom(around.syntax, around.scope, nested) : undefined
  return {
    label: map !== undefined || oneof !== undefined ? undefined : labelFrom(field, around.syntax),
    type: map === undefined ? (group?.name ?? typeName(field)) : '',
    map: map === undefined ? undefined : { key: typeName(map.field[0]!), value: typeName(map.field[1]!) },
    group,
    name: field.name,
    number: field.number,
    options: [
      ...defaultFrom(field),
      ...(field.jsonName === '' || field.jsonName === jsonName(field.name)
        ? []
        : [plain('json_name', { kind: 'string', bytes: Buffer.from(field.jsonName) })]),
      ...optionsFrom(FieldOptionsSchema, field.options),
    ],
    oneof,
  }
}

function labelFrom(field: FieldDescriptorProto, syntax: Syntax): ProtoField['label'] {
  if (field.label === Label.REPEATED) return 'repeated'
  if (field.label === Label.REQUIRED) return 'required'
  return syntax === 'proto2' || field.proto3Optional ? 'optional' : undefined
}

function typeName({ type, typeName: name }: FieldDescriptorProto): string {
  return name === '' ? Type[type].toLowerCase() : name
}

function defaultFrom(field: FieldDescriptorProto): readonly ProtoOption[] {
  if (!isFieldSet(field, FieldDescriptorProtoSchema.field.defaultValue)) return []
  const text = field.defaultValue
  if (field.type === Type.STRING) return [plain('default', { kind: 'string', bytes: Buffer.from(text) })]
  if (field.type === Type.BYTES) {
    const token = tokenizeProto(`"${text}"`)[0]!
    return [plain('default', { kind: 'string', bytes: token.kind === 'string' ? token.bytes : Buffer.from(text) })]
  }
  if (/^-?\d+$/.test(text)) return [plain('default', { kind: 'integer', value: BigInt(text) })]
  if (/^[-\d.]/.test(text) && text !== '-inf') return [plain('default', { kind: 'float', value: Number(text) })]
  if (text === '-inf') return [plain('default', { kind: 'float', value: -Infinity })]
  return [plain('default', { kind: 'identifier', text })]
}

function extensionsFrom(
  syntax: Syntax,
  scope: string,
  {
    extensions,
    messages,
  }: { readonly extensions: readonly FieldDescriptorProto[]; readonly messages: readonly DescriptorProto[] },
): readonly ProtoExtend[] {
  return extensions.map(field => ({
    extendee: field.extendee,
    fields: [fieldFrom(field, { syntax, scope, messages }, undefined)],
  }))
}

function enumFrom(descriptor: EnumDescriptorProto): ProtoEnum {
  return {
    kind: 'enum',
    name: descriptor.name,
    options: optionsFrom(EnumOptionsSchema, descriptor.options),
    values: descriptor.value.map(({ name, number, options }) => ({
      name,
      number,
      options: optionsFrom(EnumValueOptionsSchema, options),
    })),
    reserved: reservedFrom(descriptor, 0),
  }
}

function reservedFrom(
  {
    reservedRange,
    reservedName,
  }: Pick<DescriptorProto | EnumDescriptorProto, 'reservedName'> & {
    readonly reservedRange: readonly { readonly start: number; readonly end: number }[]
  },
  beyond: 0 | 1,
): readonly ProtoReserved[] {
  return [
    ...reservedRange.map(({ start, end }) => ({ ranges: [{ start, end: end - beyond }] })),
    ...reservedName.map(name => ({ names: [name] })),
  ]
}

function plain(name: string, value: OptionValue): ProtoOption {
  return { name: [{ text: name, isExtension: false }], value }
}

function optionsFrom(
  schema: DescMessage,
  options: (Message & { uninterpretedOption?: UninterpretedOption[] }) | undefined,
): readonly ProtoOption[] {
  if (options === undefined) return []
  const { fields } = messageValue(reflect(schema, options))
  return [
    ...fields
      .filter(({ name }) => name !== 'uninterpreted_option' && name !== 'map_entry')
      // A list of options is one statement for each item.
      .flatMap(({ name, value }) => (value.kind === 'list' ? value.items : [value]).map(one => plain(name, one))),
    ...(options.uninterpretedOption ?? []).map(custom),
  ]
}

function messageValue(message: ReflectMessage): OptionValue & { readonly kind: 'message' } {
  const fields = message.sortedFields.flatMap((field): { name: string; value: OptionValue }[] => {
    if (!message.isSet(field)) return []
    if (field.fieldKind === 'list') {
      const items = Array.from(message.get(field), item =>
        field.listKind === 'enum'
          ? enumValue(field.enum.values, item)
          : field.listKind === 'message'
            ? messageValue(item as ReflectMessage)
            : scalarValue(item),
      )
      return [{ name: field.name, value: { kind: 'list', items } }]
    }
    if (field.fieldKind === 'map') return []
    if (field.fieldKind === 'message') return [{ name: field.name, value: messageValue(message.get(field)) }]
    const value =
      field.fieldKind === 'enum' ? enumValue(field.enum.values, message.get(field)) : scalarValue(message.get(field))
    return [{ name: field.name, value }]
  })
  return { kind: 'message', fields }
}

function enumValue(values: readonly { readonly name: string; readonly number: number }[], value: unknown): OptionValue {
  const found = values.find(({ number }) => number === value)
  return found === undefined
    ? { kind: 'integer', value: BigInt(value as number) }
    : { kind: 'identifier', text: found.name }
}

function scalarValue(value: unknown): OptionValue {
  switch (typeof value) {
    case 'boolean':
      return { kind: 'identifier', text: String(value) }
    case 'number':
      return Number.isInteger(value) ? { kind: 'integer', value: BigInt(value) } : { kind: 'float', value }
    case 'bigint':
      return { kind: 'integer', value }
    case 'string':
      return { kind: 'string', bytes: Buffer.from(value) }
    default:
      return { kind: 'string', bytes: value as Uint8Array }
  }
}

function custom(option: UninterpretedOption): ProtoOption {
  return {
    name: option.name.map(({ namePart, isExtension }) => ({ text: namePart, isExtension })),
    value: customValue(option),
  }
}

function customValue(option: UninterpretedOption): OptionValue {
  if (option.identifierValue !== '') return { kind: 'identifier', text: option.identifierValue }
  if (option.aggregateValue !== '') return parseMessageText(option.aggregateValue)
  if (option.stringValue.length > 0) return { kind: 'string', bytes: option.stringValue }
  if (option.negativeIntValue !== 0n) return { kind: 'integer', value: option.negativeIntValue }
  if (option.doubleValue !== 0) return { kind: 'float', value: option.doubleValue }
  return { kind: 'integer', value: option.positiveIntValue }
}
