import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  type DescriptorProtoSchema,
  Edition,
  type EnumDescriptorProtoSchema,
  EnumOptionsSchema,
  EnumValueOptionsSchema,
  ExtensionRangeOptionsSchema,
  type FieldDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FieldOptionsSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileOptionsSchema,
  MessageOptionsSchema,
  MethodOptionsSchema,
  OneofOptionsSchema,
  type ServiceDescriptorProtoSchema,
  ServiceOptionsSchema,
} from '@bufbuild/protobuf/wkt'
import { jsonName } from './check-proto.ts'
import { cNumberText } from './c-number-text.ts'
import { type CustomOptions, descriptorOptions } from './descriptor-options.ts'
import { joined, type LinkedProto } from './link-proto.ts'
import {
  mapEntryName,
  type OptionValue,
  plainOption,
  type ProtoEnum,
  type ProtoExtend,
  type ProtoField,
  type ProtoMessage,
  type ProtoReserved,
  type ProtoService,
  SCALARS,
} from './proto-file.ts'

type FieldInit = MessageInitShape<typeof FieldDescriptorProtoSchema>
type MessageInit = MessageInitShape<typeof DescriptorProtoSchema>
type EnumInit = MessageInitShape<typeof EnumDescriptorProtoSchema>

/** Whose descriptor is made, and what custom options mean in a scope; without it they stay uninterpreted. */
export interface Describing {
  readonly linked: LinkedProto
  readonly custom?: (scope: string) => CustomOptions
}

/** The descriptor that protoc makes of the file. */
export function describeProto(from: Describing): FileDescriptorProto {
  const { linked } = from
  const { file } = linked
  const scope = linked.package
  const indexes = (kind: 'public' | 'weak'): number[] =>
    file.imports.flatMap((one, index) => (one.kind === kind ? [index] : []))
  return create(FileDescriptorProtoSchema, {
    name: linked.path,
    ...(file.package !== undefined && { package: file.package }),
    dependency: file.imports.map(({ path }) => path),
    publicDependency: indexes('public'),
    weakDependency: indexes('weak'),
    messageType: file.types.filter(type => type.kind === 'message').map(type => messageInit(from, scope, type)),
    enumType: file.types.filter(type => type.kind === 'enum').map(type => enumInit(from, scope, type)),
    extension: extensionInits(from, scope, file.extensions),
    service: file.services.map(service => serviceInit(from, scope, service)),
    ...optionsOf(FileOptionsSchema, from, scope, file.options),
    // protoc does not write down proto2.
    ...(file.syntax !== 'proto2' && { syntax: file.syntax }),
    ...(file.syntax === 'editions' && { edition: Edition.EDITION_2023 }),
  })
}

function optionsOf<Schema extends Parameters<typeof descriptorOptions>[0]>(
  schema: Schema,
  from: Describing,
  scope: string,
  options: Parameters<typeof descriptorOptions>[1],
): { options?: NonNullable<ReturnType<typeof descriptorOptions<Schema>>> } {
  const made = descriptorOptions(schema, options, from.custom?.(scope))
  return made === undefined ? {} : { options: made }
}

function messageInit(from: Describing, scope: string, message: ProtoMessage): MessageInit {
  const name = joined(scope, message.name)
  const oneofs = message.oneofs.map(oneof => oneof.name)
  // A field of proto3 that is optional is in a oneof of its own, behind the others.
  const taken = new Set([...oneofs, ...message.fields.map(field => field.name)])
  const synthetic: string[] = []
  const fields = message.fields.map((field): FieldInit => {
    const init = fieldInit(from, name, field)
    if (field.oneof !== undefined) return { ...init, oneofIndex: oneofs.indexOf(field.oneof) }
    if (from.linked.file.syntax !== 'proto3' || field.label !== 'optional') return init
    let own = `_${field.name}`
    while (taken.has(own)) own = `X${own}`
    taken.add(own)
    synthetic.push(own)
    return { ...init, oneofIndex: oneofs.length + synthetic.length - 1, proto3Optional: true }
  })
  return {
    name: message.name,
    field: fields,
    ...nested(from, name, message),
    extension: extensionInits(from, name, message.extensions),
    extensionRange: message.extensionRanges.flatMap(({ ranges, options }) =>
      ranges.map(({ start, end }) => ({
        start,
        end: end + 1,
        ...optionsOf(ExtensionRangeOptionsSchema, from, name, options),
      })),
    ),
    oneofDecl: [
      ...message.oneofs.map(oneof => ({
        name: oneof.name,
        ...optionsOf(OneofOptionsSchema, from, name, oneof.options),
      })),
      ...synthetic.map(own => ({ name: own })),
    ],
    ...reservedInit(message.reserved, 1),
    ...optionsOf(MessageOptionsSchema, from, scope, message.options),
  }
}

/** Nested types, with a message for each map where the map stands. */
function nested(from: Describing, name: string, message: ProtoMessage): Pick<MessageInit, 'nestedType' | 'enumType'> {
  const maps = message.fields.flatMap(field => (field.map === undefined ? [] : [{ field, map: field.map }]))
  return {
    nestedType: [
      ...message.types.filter(type => type.kind === 'message').map(type => messageInit(from, name, type)),
      ...maps.map(({ field, map }): MessageInit => {
        const entry = mapEntryName(field.name)
        const part = (own: 'key' | 'value', number: number, type: string): FieldInit =>
          fieldInit(from, joined(name, entry), {
            ...field,
            map: undefined,
            label: 'optional',
            name: own,
            number,
            type,
            options: [],
          })
        return {
          name: entry,
          field: [part('key', 1, map.key), part('value', 2, map.value)],
          options: create(MessageOptionsSchema, { mapEntry: true }),
        }
      }),
    ],
    enumType: message.types.filter(type => type.kind === 'enum').map(type => enumInit(from, name, type)),
  }
}

function fieldInit(from: Describing, scope: string, field: ProtoField): FieldInit {
  const json = plainOption(field.options, 'json_name')
  const fallback = plainOption(field.options, 'default')
  const options = field.options.filter(
    ({ name }) => name.length > 1 || name[0]!.isExtension || !['json_name', 'default'].includes(name[0]!.text),
  )
  return {
    name: field.name,
    number: field.number,
    label:
      field.map !== undefined || field.label === 'repeated'
        ? Label.REPEATED
        : field.label === 'required'
          ? Label.REQUIRED
          : Label.OPTIONAL,
    ...typeInit(from, scope, field),
    ...(fallback !== undefined && { defaultValue: defaultText(field.type, fallback) }),
    jsonName: json?.kind === 'string' ? Buffer.from(json.bytes).toString() : jsonName(field.name),
    ...optionsOf(FieldOptionsSchema, from, scope, options),
  }
}

function typeInit(from: Describing, scope: string, field: ProtoField): Pick<FieldInit, 'type' | 'typeName'> {
  if (field.map !== undefined) return { type: Type.MESSAGE, typeName: `.${joined(scope, mapEntryName(field.name))}` }
  if (SCALARS.has(field.type)) return { type: Type[field.type.toUpperCase() as keyof typeof Type] }
  const { fullName, symbol } = from.linked.resolve(field.type, scope)
  const type = symbol.kind === 'enum' ? Type.ENUM : field.group === undefined ? Type.MESSAGE : Type.GROUP
  return { type, typeName: `.${fullName}` }
}

function extensionInits(from: Describing, scope: string, extensions: readonly ProtoExtend[]): FieldInit[] {
  return extensions.flatMap(({ extendee, fields }) => {
    const { fullName } = from.linked.resolve(extendee, scope)
    return fields.map(field => {
      const init = { ...fieldInit(from, scope, field), extendee: `.${fullName}` }
      return from.linked.file.syntax === 'proto3' && field.label === 'optional'
        ? { ...init, proto3Optional: true }
        : init
    })
  })
}

function enumInit(from: Describing, scope: string, { name, values, options, reserved }: ProtoEnum): EnumInit {
  return {
    name,
    value: values.map(value => ({
      name: value.name,
      number: value.number,
      ...optionsOf(EnumValueOptionsSchema, from, scope, value.options),
    })),
    ...reservedInit(reserved, 0),
    ...optionsOf(EnumOptionsSchema, from, scope, options),
  }
}

/** @param beyond what is added to the end of a range: those of messages are exclusive, those of enums are not */
function reservedInit(reserved: readonly ProtoReserved[], beyond: 0 | 1) {
  return {
    reservedRange: reserved.flatMap(one =>
      'ranges' in one ? one.ranges.map(({ start, end }) => ({ start, end: end + beyond })) : [],
    ),
    reservedName: reserved.flatMap(one => ('names' in one ? one.names : [])),
  }
}

function serviceInit(
  from: Describing,
  scope: string,
  service: ProtoService,
): MessageInitShape<typeof ServiceDescriptorProtoSchema> {
  const inner = joined(scope, service.name)
  return {
    name: service.name,
    method: service.methods.map(({ name, input, output, streamsInput, streamsOutput, options }) => ({
      name,
      inputType: `.${from.linked.resolve(input, inner).fullName}`,
      outputType: `.${from.linked.resolve(output, inner).fullName}`,
      ...optionsOf(MethodOptionsSchema, from, inner, options),
      ...(streamsInput && { clientStreaming: true }),
      ...(streamsOutput && { serverStreaming: true }),
    })),
    ...optionsOf(ServiceOptionsSchema, from, scope, service.options),
  }
}

function defaultText(type: string, value: OptionValue): string {
  switch (value.kind) {
    case 'string':
      return type === 'bytes' ? cEscaped(value.bytes) : Buffer.from(value.bytes).toString()
    case 'integer':
      return type === 'float' || type === 'double' ? cNumberText(Number(value.value), type) : String(value.value)
    case 'float':
      return cNumberText(value.value, type)
    case 'identifier':
      return value.text
    default:
      return ''
  }
}

function cEscaped(bytes: Uint8Array): string {
  const NAMED: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 39: "\\'", 92: '\\\\' }
  return Array.from(
    bytes,
    byte =>
      NAMED[byte] ?? (byte < 32 || byte > 126 ? `\\${byte.toString(8).padStart(3, '0')}` : String.fromCharCode(byte)),
  ).join('')
}
