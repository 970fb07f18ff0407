import { ByteSink, millraceError, reasonOf, type Serde } from '@millrace/core'
import { AvroCursor, AvroMisfit } from '../avro/avro-cursor.ts'
import { compileReader } from '../avro/compile-reader.ts'
import { type AvroWriter, compileWriter } from '../avro/compile-writer.ts'
import { parseSchemaText } from '../avro/parse-schema.ts'
import { printSchema } from '../avro/print-schema.ts'
import { referencedTypes } from '../avro/referenced-types.ts'
import { type AvroType, branchName } from '../avro/schema.ts'
import type { ValueForm } from '../avro/value-form.ts'
import type { SchemaReference } from '../registry/entities.ts'
import type { ReferencedSchema } from '../registry/schema-format.ts'
import type { AvroTyping, AvroValue } from './avro-value.ts'
import { checkAvroOptions } from './check-avro-options.ts'
import { schemaText } from './check-serde-options.ts'
import { type LocateSchema, registeredSerde, type Writer } from './registered-serde.ts'
import type { RegisteredSerdeOptions } from './serde-options.ts'

/** A schema of which the given one uses types by their names. */
export interface AvroReference {
  /** The full name of the type, such as `shop.Customer`. */
  readonly name: string
  readonly subject: string
  /** @default that which has the schema; it is registered or required, as `register` says */
  readonly version?: number
  readonly schema: object | string
  /** Of this schema itself. */
  readonly references?: readonly AvroReference[]
}

export interface AvroOptions extends AvroTyping, RegisteredSerdeOptions {
  /** Schemas of other subjects that the schema uses. @default none */
  readonly references?: readonly AvroReference[]
}

/** Makes serdes for Avro. */
export interface Avro {
  /** The type of the values comes from the schema, if it is written as a literal. */
  <const Schema, const Options extends AvroOptions>(schema: Schema, options: Options): Serde<AvroValue<Schema, Options>>
  /** With a type of your own, for schemas that are given as text or that refer to types by name. */
  <T>(schema: object | string, options: AvroOptions): Serde<T>
}

/**
 * A serde for Avro in Confluent's wire format. Values are written with the given schema. Values that were written with another one are
 * read as the given one, by Avro's rules for evolution.
 *
 * @throws MILLRACE_SCHEMA_INVALID, MILLRACE_CONFIG_INVALID
 * @example
 * const order = avro(
 *   { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }] },
 *   { registry: schemaRegistry({ url: 'http://localhost:8081' }) },
 * )
 */
// The types of the values follow from the schema, which the compiler cannot see in the code below.
export const avro = avroSerde as unknown as Avro

function avroSerde(schema: unknown, options: AvroOptions): Serde<unknown> {
  checkAvroOptions(options)
  const { references = [] } = options
  const form: ValueForm = { longs: options.longs ?? 'number', logicalTypes: options.logicalTypes ?? {} }
  const own = parseWith(schema, references)
  const recordName = branchName(own.type)
  const name = `avro(${recordName})`
  const sink = new ByteSink()
  const cursor = new AvroCursor()

  const writer = (append: AvroWriter): Writer<unknown> => ({
    label: NO_LABEL,
    write(value, prefix) {
      sink.position = 0
      sink.append(prefix)
      try {
        append(sink, value)
      } catch (cause) {
        if (!(cause instanceof AvroMisfit)) throw cause
        throw millraceError('MILLRACE_SERDE_ENCODE', { serde: name, reason: reasonOf(cause) }, { cause })
      }
      const bytes = Buffer.allocUnsafe(sink.position)
      sink.buffer.copy(bytes, 0, 0, sink.position)
      return bytes
    },
  })
  const ownWriter = writer(compileWriter(own.type, form))

  return registeredSerde<unknown, AvroType>(
    {
      name,
      schemaType: 'AVRO',
      recordNames: [recordName],
      recordName: () => recordName,
      parse: (text, referenced) =>
        parseSchemaText(text, { known: referencedTypes(referenced), checkDefaults: false }).type,
      ownSchema: async (_name, locate) => registerable(own.text, references, locate),
      writer: (_name, latest) => (latest === undefined ? ownWriter : writer(compileWriter(latest, form))),
      reader(written) {
        const read = compileReader(written, own.type, form)
        return (bytes, start, id) => {
          cursor.start(bytes, start, bytes.length)
          try {
            return read(cursor)
          } catch (cause) {
            if (!(cause instanceof AvroMisfit)) throw cause
            const reason = `${reasonOf(cause)} (written with the schema ${id})`
            throw millraceError('MILLRACE_SERDE_DECODE', { serde: name, reason }, { cause })
          }
        }
      },
    },
    options,
  )
}

const NO_LABEL = Buffer.alloc(0)

/** The type of a schema, and the text under which it is registered. */
function parseWith(
  schema: unknown,
  references: readonly AvroReference[],
): { readonly type: AvroType; readonly text: string } {
  const known = referencedTypes(flatten(references), { checkDefaults: true })
  const { type } = parseSchemaText(schemaText(schema), { known, checkDefaults: true })
  return { type, text: printSchema(type, new Set(known.keys())) }
}

/** All schemas that are referred to, each after those that it refers to itself. */
function flatten(references: readonly AvroReference[]): readonly ReferencedSchema[] {
  return references.flatMap(({ name, subject, version = -1, schema, references: nested = [] }) => [
    ...flatten(nested),
    { reference: { name, subject, version }, schema: schemaText(schema) },
  ])
}

/** The schema as it is registered. Those that it refers to are registered first. */
async function registerable(schema: string, references: readonly AvroReference[], locate: LocateSchema) {
  const pointers: SchemaReference[] = []
  for (const { name, subject, version, schema: used, references: nested = [] } of references) {
    const found = version ?? (await locate(subject, await registerable(parseWith(used, nested).text, nested, locate)))
    pointers.push({ name, subject, version: found })
  }
  const own = { schema, schemaType: 'AVRO' }
  return pointers.length === 0 ? own : { ...own, references: pointers }
}
