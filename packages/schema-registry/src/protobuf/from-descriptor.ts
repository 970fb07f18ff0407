import {
  type DescExtension,
  type DescField,
  type DescMessage,
  getExtension,
  isFieldSet,
  type Message,
  type Registry,
} from '@bufbuild/protobuf'
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect'
import {
  type DescriptorProto,
  Edition,
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
import { ProtoProblem } from './proto-problem.ts'
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

/**
 * The file that a descriptor was made of. Names of types are absolute. Maps are maps again, and groups are groups.
 * @param registry has the extensions that the file and its imports declare: custom options that it does not have are left out
 */
export function fromDescriptor(descriptor: FileDescriptorProto, registry?: Registry): ProtoFile {
  const syntax = descriptor.syntax === 'proto3' || descriptor.syntax === 'editions' ? descriptor.syntax : 'proto2'
  if (syntax === 'editions' && descriptor.edition !== Edition.EDITION_2023)
    throw new ProtoProblem(descriptor.name, `${Edition[descriptor.edition]} is not supported, only EDITION_2023`)
  const scope = descriptor.package
  const weak = new Set(descriptor.weakDependency)
  const isPublic = new Set(descriptor.publicDependency)
  const reading: Reading = { syntax, registry }
  return {
    syntax,
    hasSyntax: true,
    edition: syntax === 'editions' ? '2023' : undefined,
    package: scope === '' ? undefined : scope,
    imports: descriptor.dependency.map((path, index) => ({
      path,
      kind: isPublic.has(index) ? 'public' : weak.has(index) ? 'weak' : 'plain',
    })),
    options: optionsFrom(reading, FileOptionsSchema, descriptor.options),
    types: typesFrom(reading, scope, { messages: descriptor.messageType, enums: descriptor.enumType }),
    extensions: extensionsFrom(reading, scope, { extensions: descriptor.extension, messages: descriptor.messageType }),
    services: descriptor.service.map(({ name, method, options }) => ({
      name,
      options: optionsFrom(reading, ServiceOptionsSchema, options),
      methods: method.map(one => ({
        name: one.name,
        input: one.inputType,
        output: one.outputType,
        streamsInput: one.clientStreaming,
        streamsOutput: one.serverStreaming,
        options: optionsFrom(reading, MethodOptionsSchema, one.options),
      })),
    })),
  }
}

interface Reading {
  readonly syntax: ProtoFile['syntax']
  readonly registry: Registry | undefined
}

interface Declared {
  readonly messages: readonly DescriptorProto[]
  readonly enums: readonly EnumDescriptorProto[]
}

function typesFrom(reading: Reading, scope: string, { messages, enums }: Declared): readonly ProtoType[] {
  return [
    ...messages
      .filter(({ options }) => options?.mapEntry !== true)
      .map(message => messageFrom(reading, scope, message)),
    ...enums.map(one => enumFrom(reading, one)),
  ]
}

function messageFrom(reading: Reading, scope: string, descriptor: DescriptorProto): ProtoMessage {
  const name = joined(scope, descriptor.name)
  const around = { reading, scope: name, messages: descriptor.nestedType }
  const synthetic = new Set(descriptor.field.flatMap(field => (field.proto3Optional ? [field.oneofIndex] : [])))
  return {
    kind: 'message',
    name: descriptor.name,
    options: optionsFrom(reading, MessageOptionsSchema, descriptor.options),
    fields: descriptor.field.map(field => {
      const inOneof = isFieldSet(field, FieldDescriptorProtoSchema.field.oneofIndex) && !field.proto3Optional
      return fieldFrom(field, around, inOneof ? descriptor.oneofDecl[field.oneofIndex]!.name : undefined)
    }),
    oneofs: descriptor.oneofDecl
      .filter((_, index) => !synthetic.has(index))
      .map(oneof => ({ name: oneof.name, options: optionsFrom(reading, OneofOptionsSchema, oneof.options) })),
    types: typesFrom(reading, name, { messages: descriptor.nestedType, enums: descriptor.enumType }),
    extensions: extensionsFrom(reading, name, { extensions: descriptor.extension, messages: descriptor.nestedType }),
    extensionRanges: descriptor.extensionRange.map(({ start, end, options }) => ({
      ranges: [{ start, end: end - 1 }],
      options: optionsFrom(reading, ExtensionRangeOptionsSchema, options),
    })),
    reserved: reservedFrom(descriptor, 1),
  }
}

interface Around {
  readonly reading: Reading
  readonly scope: string
  /** In which the messages of maps and groups are. */
  readonly messages: readonly DescriptorProto[]
}

function fieldFrom(field: FieldDescriptorProto, around: Around, oneof: string | undefined): ProtoField {
  const nested = around.messages.find(message => field.typeName === `.${joined(around.scope, message.name)}`)
  const map = nested?.options?.mapEntry === true ? nested : undefined
  const group =
    field.type === Type.GROUP && nested !== undefined ? messageFrom(around.reading, around.scope, nested) : undefined
  return {
    label: map !== undefined || oneof !== undefined ? undefined : labelFrom(field, around.reading.syntax),
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
      ...optionsFrom(around.reading, FieldOptionsSchema, field.options),
    ],
    oneof,
  }
}

function labelFrom(field: FieldDescriptorProto, syntax: ProtoFile['syntax']): ProtoField['label'] {
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
  reading: Reading,
  scope: string,
  {
    extensions,
    messages,
  }: { readonly extensions: readonly FieldDescriptorProto[]; readonly messages: readonly DescriptorProto[] },
): readonly ProtoExtend[] {
  return extensions.map(field => ({
    extendee: field.extendee,
    fields: [fieldFrom(field, { reading, scope, messages }, undefined)],
  }))
}

function enumFrom(reading: Reading, descriptor: EnumDescriptorProto): ProtoEnum {
  return {
    kind: 'enum',
    name: descriptor.name,
    options: optionsFrom(reading, EnumOptionsSchema, descriptor.options),
    values: descriptor.value.map(({ name, number, options }) => ({
      name,
      number,
      options: optionsFrom(reading, EnumValueOptionsSchema, options),
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

/** @param name as in the text of a message */
function named(name: string, value: OptionValue): ProtoOption {
  if (!name.startsWith('[')) return plain(name, value)
  return { name: [{ text: `.${name.slice(1, -1)}`, isExtension: true }], value }
}

function optionsFrom(
  { registry }: Reading,
  schema: DescMessage,
  options: (Message & { uninterpretedOption?: UninterpretedOption[] }) | undefined,
): readonly ProtoOption[] {
  if (options === undefined) return []
  const { fields } = messageValue(reflect(schema, options), registry)
  return [
    ...fields
      .filter(({ name }) => name !== 'uninterpreted_option' && name !== 'map_entry')
      // A list of options is one statement for each item.
      .flatMap(({ name, value }) => (value.kind === 'list' ? value.items : [value]).map(one => named(name, one))),
    ...(options.uninterpretedOption ?? []).map(custom),
  ]
}

/** Names of custom options are absolute, in brackets, as in the text of a message. */
function messageValue(
  message: ReflectMessage,
  registry: Registry | undefined,
): OptionValue & { readonly kind: 'message' } {
  const plainFields = message.sortedFields.flatMap((field): { name: string; value: OptionValue }[] => {
    if (!message.isSet(field)) return []
    if (field.fieldKind === 'list') {
      const items = Array.from(message.get(field), item => elementValue(field, item, registry))
      return [{ name: field.name, value: { kind: 'list', items } }]
    }
    if (field.fieldKind === 'map') {
      const entries = Array.from(message.get(field), ([key, value]): OptionValue => {
        const content = elementValue(field, value, registry)
        return {
          kind: 'message',
          fields: [
            { name: 'key', value: scalarValue(key) },
            { name: 'value', value: content },
          ],
        }
      })
      return [{ name: field.name, value: { kind: 'list', items: entries } }]
    }
    return [{ name: field.name, value: elementValue(field, message.get(field), registry) }]
  })
  const numbers = new Set((message.getUnknown() ?? []).map(({ no }) => no))
  const extensions = [...numbers].flatMap((number): { name: string; value: OptionValue }[] => {
    const extension = registry?.getExtensionFor(message.desc, number)
    if (extension === undefined) return []
    const value = getExtension(message.message, extension)
    const name = `[${extension.typeName}]`
    if (extension.fieldKind !== 'list') return [{ name, value: extensionValue(extension, value, registry) }]
    const items = (value as readonly unknown[]).map(item => extensionValue(extension, item, registry))
    return [{ name, value: { kind: 'list', items } }]
  })
  return { kind: 'message', fields: [...plainFields, ...extensions] }
}

/** Extensions have messages as they are, and not as reflection has them. */
function extensionValue(extension: DescExtension, value: unknown, registry: Registry | undefined): OptionValue {
  const given = extension.message === undefined ? value : reflect(extension.message, value as Message)
  return elementValue(extension, given, registry)
}

function elementValue(
  field: Pick<DescField | DescExtension, 'enum' | 'message'>,
  value: unknown,
  registry: Registry | undefined,
): OptionValue {
  if (field.message !== undefined) return messageValue(value as ReflectMessage, registry)
  return field.enum === undefined ? scalarValue(value) : enumValue(field.enum.values, value)
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
