import type { ProtoField, ProtoFile, ProtoMessage } from '../../../packages/schema-registry/src/protobuf/proto-file.ts'
import type { Choice } from '../choice.ts'
import { SCALAR_TYPES } from './generate-proto.ts'

const FAMILIES = [
  ['int32', 'int64', 'uint32', 'uint64', 'bool'],
  ['sint32', 'sint64'],
  ['fixed32', 'sfixed32'],
  ['fixed64', 'sfixed64'],
  ['string', 'bytes'],
]

/** The same file some versions later: most changes are such that old data can be read. */
export function evolveProto(choice: Choice, file: ProtoFile): ProtoFile {
  return {
    ...file,
    types: file.types.map(type =>
      type.kind === 'message' && choice.chance(0.8) ? evolveMessage(choice, type, file.syntax === 'proto2') : type,
    ),
  }
}

function evolveMessage(choice: Choice, message: ProtoMessage, isProto2: boolean): ProtoMessage {
  const kept = message.fields.filter(field => field.oneof !== undefined || !choice.chance(0.15))
  return {
    ...message,
    fields: kept.map(field => (choice.chance(0.3) ? evolveField(choice, field, isProto2) : field)),
    types: message.types.map(type =>
      type.kind === 'message' && choice.chance(0.5) ? evolveMessage(choice, type, isProto2) : type,
    ),
  }
}

function evolveField(choice: Choice, field: ProtoField, isProto2: boolean): ProtoField {
  const plain = { ...field, options: [] }
  if (field.map !== undefined) return { ...plain, name: `${field.name}_now` }
  const family = FAMILIES.find(types => types.includes(field.type))
  switch (choice.number(6)) {
    case 0:
      return { ...plain, name: `${field.name}_now` }
    case 1:
      return { ...plain, type: choice.one(SCALAR_TYPES) }
    case 2:
      if (field.oneof !== undefined) return plain
      if (isProto2 && field.label === 'optional' && choice.chance(0.6)) return { ...plain, label: 'required' }
      return { ...plain, label: field.label === 'repeated' ? 'optional' : 'repeated' }
    default:
      return family === undefined ? plain : { ...plain, type: choice.one(family) }
  }
}
