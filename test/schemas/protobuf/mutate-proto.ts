import type {
  ProtoEnum,
  ProtoField,
  ProtoFile,
  ProtoMessage,
  ProtoType,
} from '../../../packages/schema-registry/src/protobuf/proto-file.ts'
import type { Choice } from '../choice.ts'
import { plain, SCALAR_TYPES, text, word } from './generate-proto.ts'

/** Changes one thing, which may make the file invalid. */
export function mutateProto(choice: Choice, file: ProtoFile): ProtoFile {
  switch (choice.number(12)) {
    case 0:
      return { ...file, syntax: file.syntax === 'proto3' ? 'proto2' : 'proto3', hasSyntax: true }
    case 1:
      return { ...file, imports: file.imports.slice(1) }
    case 2:
      return { ...file, types: [...file.types, file.types[choice.number(file.types.length)]!] }
    default:
      return { ...file, types: mutateOne(choice, file.types, type => mutateType(choice, type)) }
  }
}

function mutateOne<T>(choice: Choice, items: readonly T[], mutate: (item: T) => T): readonly T[] {
  if (items.length === 0) return items
  const chosen = choice.number(items.length)
  return items.map((item, index) => (index === chosen ? mutate(item) : item))
}

function mutateType(choice: Choice, type: ProtoType): ProtoType {
  return type.kind === 'enum' ? mutateEnum(choice, type) : mutateMessage(choice, type)
}

function mutateEnum(choice: Choice, type: ProtoEnum): ProtoEnum {
  switch (choice.number(5)) {
    case 0:
      return { ...type, values: [] }
    case 1:
      return {
        ...type,
        values: mutateOne(choice, type.values, value => ({ ...value, number: choice.one([0, 1, 10, 1_500, -1]) })),
      }
    case 2:
      return { ...type, options: [plain('allow_alias', word('true'))] }
    case 3:
      return {
        ...type,
        values: mutateOne(choice, type.values, value => ({
          ...value,
          name: choice.one([`${type.name.toUpperCase()}_OLD`, 'ORDER', 'STATUS_0']),
        })),
      }
    default:
      return { ...type, name: choice.one(['Order', 'Item']) }
  }
}

function mutateMessage(choice: Choice, message: ProtoMessage): ProtoMessage {
  switch (choice.number(8)) {
    case 0:
      return { ...message, types: mutateOne(choice, message.types, type => mutateType(choice, type)) }
    case 1:
      return { ...message, reserved: [...message.reserved, { ranges: [{ start: 2, end: 3 }] }] }
    case 2:
      return { ...message, reserved: [...message.reserved, { names: ['id', 'total'] }] }
    case 3:
      return { ...message, oneofs: [...message.oneofs, { name: 'empty', options: [] }] }
    case 4:
      return { ...message, fields: message.fields.filter(() => choice.chance(0.7)) }
    default:
      return { ...message, fields: mutateOne(choice, message.fields, field => mutateField(choice, field)) }
  }
}

function mutateField(choice: Choice, field: ProtoField): ProtoField {
  switch (choice.number(9)) {
    case 0:
      return { ...field, number: choice.one([1, 2, 3, 60, 72, 150, 18_999, 19_000, 19_999, 20_001]) }
    case 1:
      return { ...field, name: choice.one(['id', 'x', 'ID', 'customerName', 'choice']) }
    case 2:
      return field.map === undefined
        ? {
            ...field,
            type: choice.one(['Missing', 'shop.Order', '.shop.Order', 'Order.Item', 'Status', ...SCALAR_TYPES]),
          }
        : field
    case 3:
      return field.map === undefined && field.oneof === undefined
        ? { ...field, label: choice.one([undefined, 'optional', 'required', 'repeated']) }
        : field
    case 4:
      return {
        ...field,
        options: [
          plain(
            'default',
            choice.one([
              word('true'),
              text('x'),
              { kind: 'integer', value: -1n },
              { kind: 'integer', value: 2n ** 40n },
              word('STATUS_0'),
            ]),
          ),
        ],
      }
    case 5:
      return { ...field, options: [plain('packed', word('true'))] }
    case 6:
      return {
        ...field,
        options: [
          plain(
            choice.one(['nonsense', 'deprecated', 'jstype', 'json_name']),
            choice.one([word('true'), text('x'), word('JS_STRING')]),
          ),
        ],
      }
    case 7:
      return field.map === undefined
        ? field
        : {
            ...field,
            map: {
              key: choice.one(['float', 'bytes', 'string', 'Status']),
              value: choice.one(['int32', 'Missing', 'Order']),
            },
          }
    default:
      return { ...field, options: [...field.options, ...field.options] }
  }
}
