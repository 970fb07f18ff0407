import { type Incompatibility, incompatibilities } from '../avro/compatibility.ts'
import { parseSchemaText } from '../avro/parse-schema.ts'
import { printNormalized, printSchema } from '../avro/print-schema.ts'
import { referencedTypes } from '../avro/referenced-types.ts'
import type { AvroNamedType, AvroType } from '../avro/schema.ts'
import type { FormatSchema, SchemaFormat } from './schema-format.ts'

export const avroFormat: SchemaFormat = {
  name: 'AVRO',
  parse(text, referenced, { isNew }) {
    const known = referencedTypes(referenced)
    return new AvroFormatSchema(parseSchemaText(text, { known, checkDefaults: isNew }).type, new Set(known.keys()))
  },
}

class AvroFormatSchema implements FormatSchema {
  readonly canonical: string
  readonly #type: AvroType
  readonly #known: ReadonlySet<string>

  constructor(type: AvroType, known: ReadonlySet<string>) {
    this.#type = type
    this.#known = known
    this.canonical = printSchema(type, known)
  }

  normalized(): string {
    const normal = printNormalized(this.#type, this.#known)
    const known = new Map<string, AvroNamedType>()
    for (const name of this.#known) known.set(name, placeholder(name))
    return printSchema(parseSchemaText(normal, { known, checkDefaults: false }).type, this.#known)
  }

  inlined(): string {
    return printSchema(this.#type)
  }

  cannotRead(writer: FormatSchema): readonly string[] {
    if (!(writer instanceof AvroFormatSchema)) return ['Incompatible because of different schema type']
    return incompatibilities(this.#type, writer.#type).map(describe)
  }
}

/** Only the name of a referenced type is printed. */
function placeholder(name: string): AvroNamedType {
  return { kind: 'fixed', name, size: 0, doc: undefined, aliases: [], properties: {} }
}

function describe({ kind, path, message }: Incompatibility): string {
  return `{errorType:'${kind}', description:'${sentence({ kind, path, message })}', additionalInfo:'${message}'}`
}

function sentence({ kind, path, message }: Incompatibility): string {
  switch (kind) {
    case 'FIXED_SIZE_MISMATCH':
      return `The size of FIXED type field at path '${path}' in the %s schema does not match with the %s schema`
    case 'TYPE_MISMATCH':
      return `The type (path '${path}') of a field in the %s schema does not match with the %s schema`
    case 'NAME_MISMATCH':
      return `The name of the schema has changed (path '${path}')`
    case 'MISSING_ENUM_SYMBOLS':
      return `The %s schema is missing enum symbols '${message}' at path '${path}' in the %s schema`
    case 'MISSING_UNION_BRANCH':
      return `The %s schema is missing a type inside a union field at path '${path}' in the %s schema`
    case 'READER_FIELD_MISSING_DEFAULT_VALUE':
      return `The field '${message}' at path '${path}' in the %s schema has no default value and is missing in the %s schema`
  }
}
