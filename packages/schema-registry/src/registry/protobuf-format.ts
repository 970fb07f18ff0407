import { toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { isBreaking, type ProtoChange, protoChanges } from '../protobuf/compare-protos.ts'
import type { LinkedProto } from '../protobuf/link-proto.ts'
import { loadProto } from '../protobuf/load-proto.ts'
import { printProto } from '../protobuf/print-proto.ts'
import { toDescriptor } from '../protobuf/to-descriptor.ts'
import type { FormatSchema, SchemaFormat } from './schema-format.ts'

export const protobufFormat: SchemaFormat = {
  name: 'PROTOBUF',
  parse(text, referenced, { isNew }) {
    const imports = new Map(referenced.map(({ reference, schema }) => [reference.name, schema]))
    const schema = new ProtobufFormatSchema(loadProto(text, imports, { isNew }))
    // What has no descriptor cannot be used by anybody.
    if (isNew) schema.formatted('serialized')
    return schema
  },
}

class ProtobufFormatSchema implements FormatSchema {
  readonly canonical: string
  readonly #linked: LinkedProto

  constructor(linked: LinkedProto) {
    this.#linked = linked
    this.canonical = printProto(linked.file)
  }

  normalized(): string {
    return normalText(this.#linked)
  }

  /** References cannot be written out in a .proto file, so that only equal texts are the same. */
  inlined(): string {
    return this.canonical
  }

  formatted(form: string): string | undefined {
    if (form !== 'serialized') return undefined
    return Buffer.from(toBinary(FileDescriptorProtoSchema, toDescriptor(this.#linked))).toString('base64')
  }

  cannotRead(writer: FormatSchema): readonly string[] {
    if (!(writer instanceof ProtobufFormatSchema)) return ['Incompatible because of different schema type']
    return protoChanges(writer.#linked, this.#linked).filter(isBreaking).map(describe)
  }
}

/** The same for files that mean the same: an order of its own, and absolute names. */
function normalText(linked: LinkedProto): string {
  return printProto(linked.file, {
    isNormal: true,
    absolute: (type, scope) => linked.absolute(type, scope),
  })
}

function describe({ kind, path }: ProtoChange): string {
  return `{errorType:"${kind}", description:"${sentence(kind, path)}"}`
}

/** `%s` stands for the reader and then for the writer. */
function sentence(kind: ProtoChange['kind'], path: string): string {
  switch (kind) {
    case 'PACKAGE_CHANGED':
      return `The package of the %s schema is not that of the %s schema`
    case 'MESSAGE_REMOVED':
      return `The %s schema does not have the message '${path}' of the %s schema`
    case 'FIELD_KIND_CHANGED':
      return `The field '${path}' is a number or text, a message or a map in the %s schema, and another of these in the %s schema`
    case 'FIELD_SCALAR_KIND_CHANGED':
      return `The type of the field '${path}' in the %s schema has other bytes than that in the %s schema`
    case 'FIELD_NAMED_TYPE_CHANGED':
      return `The message of the field '${path}' in the %s schema is not that in the %s schema, or is not compatible with it`
    case 'FIELD_NUMERIC_LABEL_CHANGED':
      return `The field '${path}' is repeated in only one of the %s schema and the %s schema`
    case 'REQUIRED_FIELD_ADDED':
      return `The %s schema requires the field '${path}', which the %s schema does not have`
    case 'REQUIRED_FIELD_REMOVED':
      return `The %s schema does not have the field '${path}', which the %s schema requires`
    case 'ONEOF_FIELD_REMOVED':
      return `The %s schema does not have the field '${path}' of a oneof of the %s schema`
    case 'MULTIPLE_FIELDS_MOVED_TO_ONEOF':
      return `The oneof '${path}' of the %s schema has several fields that do not exclude each other in the %s schema`
    case 'FIELD_MOVED_TO_EXISTING_ONEOF':
      return `The oneof '${path}' of the %s schema has a field that does not exclude the others in the %s schema`
    default:
      return `The %s schema differs from the %s schema at '${path}'`
  }
}
