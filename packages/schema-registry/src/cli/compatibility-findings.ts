import { type Incompatibility, incompatibilities } from '../avro/compatibility.ts'
import type { AvroType } from '../avro/schema.ts'
import type { TypedSchema } from './typed-schema.ts'

/** A reason why one schema cannot read what the other wrote. */
export interface Finding {
  /** Which of the two cannot read. */
  readonly reader: 'new' | 'old'
  /** As `lines[].price` for Avro, `#/properties/price` for JSON Schema, `#/Order/3` for Protobuf, in the schema that reads. */
  readonly field: string | undefined
  readonly problem: string
}

export function findingsOf(
  schema: TypedSchema,
  old: TypedSchema,
  direction: 'backward' | 'forward' | 'full' | 'none',
): Finding[] {
  const backward = direction === 'backward' || direction === 'full' ? cannotRead(schema, old, 'new') : []
  const forward = direction === 'forward' || direction === 'full' ? cannotRead(old, schema, 'old') : []
  return [...backward, ...forward]
}

function cannotRead(reader: TypedSchema, writer: TypedSchema, which: Finding['reader']): Finding[] {
  if (reader.schemaType !== writer.schemaType)
    return [
      {
        reader: which,
        field: undefined,
        problem: `one is of the type ${reader.schemaType}, the other of ${writer.schemaType}`,
      },
    ]
  const [avro, written] = [reader.avro, writer.avro]
  if (avro !== undefined && written !== undefined) {
    return incompatibilities(avro, written).map(found => ({
      reader: which,
      field: fieldAt(avro, found.path),
      problem: problemOf(found),
    }))
  }
  const [names, others] = which === 'new' ? (['new', 'old'] as const) : (['old', 'new'] as const)
  return reader.schema.cannotRead(writer.schema).map(message => {
    const problem = descriptionIn(message).replace('%s', names).replace('%s', others)
    return { reader: which, field: /'(#\/[^']*)'/.exec(problem)?.[1], problem }
  })
}

/** A registry puts the sentence into an object that is not quite JSON. */
function descriptionIn(message: string): string {
  return /^\{errorType:"\w+", description:"(.*)"\}$/s.exec(message)?.[1] ?? message
}

function problemOf({ kind, message }: Incompatibility): string {
  switch (kind) {
    case 'READER_FIELD_MISSING_DEFAULT_VALUE':
      return 'it is missing in the data and has no default: give it one'
    case 'TYPE_MISMATCH':
      return `its type has changed (${message})`
    case 'NAME_MISMATCH':
      return `its name has changed (${message}): give it the old name as an alias`
    case 'FIXED_SIZE_MISMATCH':
      return `its size has changed (${message})`
    case 'MISSING_ENUM_SYMBOLS':
      return `the symbols ${message} are missing, and the enum has no default`
    case 'MISSING_UNION_BRANCH':
      return `a type is missing in the union (${message})`
  }
}

/** The field that a path such as `/fields/0/type/items` leads to. */
function fieldAt(root: AvroType, path: string): string | undefined {
  let type: AvroType | undefined = root
  let field = ''
  const tokens = path.split('/').slice(1)
  for (let index = 0; index < tokens.length && type !== undefined; index++) {
    const token = tokens[index]!
    if (type.kind === 'record' && token === 'fields' && tokens[index + 1] !== undefined) {
      const found: { readonly name: string; readonly type: AvroType } | undefined = type.fields[Number(tokens[++index])]
      if (found === undefined) break
      field += field === '' ? found.name : `.${found.name}`
      type = found.type
      if (tokens[index + 1] === 'type') index++
    } else if (type.kind === 'array' && token === 'items') {
      field += '[]'
      type = type.items
    } else if (type.kind === 'map' && token === 'values') {
      field += '{}'
      type = type.values
    } else if (type.kind === 'union' && /^\d+$/.test(token)) {
      type = type.branches[Number(token)]
    }
  }
  return field === '' ? undefined : field
}
