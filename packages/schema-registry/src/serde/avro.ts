import { ByteSink, type Headers, millraceError, NO_HEADERS, notReady, reasonOf, type Serde } from '@millrace/core'
import { AvroCursor, AvroMisfit } from '../avro/avro-cursor.ts'
import { type AvroReader, compileReader } from '../avro/compile-reader.ts'
import { type AvroWriter, compileWriter } from '../avro/compile-writer.ts'
import { parseSchemaText } from '../avro/parse-schema.ts'
import { printSchema } from '../avro/print-schema.ts'
import { type AvroNamedType, branchName } from '../avro/schema.ts'
import type { ValueForm } from '../avro/value-form.ts'
import type { RegisteredSchema, SchemaRegistry } from '../client/schema-registry.ts'
import type { SchemaReference } from '../registry/entities.ts'
import type { AvroTyping, AvroValue } from './avro-value.ts'
import { checkAvroOptions } from './check-avro-options.ts'
import { WriterSchemas } from './writer-schemas.ts'
import { guidBytes, labelOf, PREFIX_BYTES, schemaIdHeader } from './wire-format.ts'

/** How the values of a subject are written. */
interface Output {
  readonly id: number
  readonly write: AvroWriter
  /** With the GUID of the schema. */
  readonly headers: Headers
}

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

export interface AvroOptions extends AvroTyping {
  readonly registry: SchemaRegistry
  /** Which half of the records the serde is for: it is part of the subject. @default 'value' */
  readonly side?: 'key' | 'value'
  /** The subject of the schema: `orders-value`, `shop.Order`, `orders-shop.Order`, or as the function says. @default 'topic' */
  readonly subject?: 'topic' | 'record' | 'topic-record' | ((topic: string, recordName: string) => string)
  /**
   * What to do before the first value of a subject is written: register the schema; require that it is registered; or write with the
   * latest version of the subject instead of the given schema.
   * @default 'auto'
   */
  readonly register?: 'auto' | 'require' | 'latest'
  /** Let the registry take schemas that differ in their form only for the same. @default false */
  readonly normalize?: boolean
  /**
   * Where a record names its schema: its id in five bytes before the data, or its GUID in the header `__value_schema_id` or
   * `__key_schema_id`, as newer serializers of Confluent do. Both are read. Stores and changelogs always have the prefix.
   * @default 'prefix'
   */
  readonly schemaId?: 'prefix' | 'header'
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
  const {
    registry,
    side = 'value',
    register = 'auto',
    normalize = false,
    schemaId = 'prefix',
    references = [],
  } = options
  const form: ValueForm = { longs: options.longs ?? 'number', logicalTypes: options.logicalTypes ?? {} }
  const known = new Map<string, AvroNamedType>()
  defineReferences(references, known)
  const { type } = parseSchemaText(textOf(schema), { known, checkDefaults: true })
  const text = printSchema(type, new Set(known.keys()))
  const recordName = branchName(type)
  const name = `avro(${recordName})`
  const writeOwn = compileWriter(type, form)
  const writers = new WriterSchemas(registry)
  const readers = new Map<number | string, AvroReader>()
  const outputs = new Map<string, Output>()
  const fetching = new Map<string, Promise<void>>()
  const header = schemaIdHeader(side)
  const sink = new ByteSink()
  const cursor = new AvroCursor()

  const subjectOf = (topic: string): string => {
    const { subject = 'topic' } = options
    if (typeof subject === 'function') return subject(topic, recordName)
    if (subject === 'record') return recordName
    return subject === 'topic' ? `${topic}-${side}` : `${topic}-${recordName}`
  }

  /** One fetch at a time for each thing; a later one may find what an earlier one has not. */
  const once = (what: string, fetch: () => Promise<void>): Promise<void> => {
    const under = fetching.get(what)
    if (under !== undefined) return under
    const started = fetch().finally(() => fetching.delete(what))
    fetching.set(what, started)
    return started
  }

  const learn = async (subject: string): Promise<void> => {
    outputs.set(subject, await outputOf(subject))
  }

  async function outputOf(subject: string): Promise<Output> {
    if (register === 'latest') {
      const latest = await registry.version(subject, 'latest')
      if (latest === undefined) throw missing(subject, 'it has no version')
      return output(subject, latest, compileWriter((await writers.parse(latest)).type, form))
    }
    return output(subject, await registered(subject, text, references), writeOwn)
  }

  async function registered(
    subject: string,
    schemaText: string,
    uses: readonly AvroReference[],
  ): Promise<RegisteredSchema> {
    const own = {
      schema: schemaText,
      schemaType: 'AVRO',
      ...(uses.length > 0 && { references: await pointersTo(uses) }),
    }
    if (register === 'auto') return await registry.register(subject, own, { normalize })
    const found = await registry.find(subject, own, { normalize })
    if (found === undefined) throw missing(subject, 'it does not have this schema')
    return found
  }

  /** With the versions of the referenced schemas, each registered after those that it uses itself. */
  async function pointersTo(uses: readonly AvroReference[]): Promise<SchemaReference[]> {
    const pointers: SchemaReference[] = []
    for (const use of uses) {
      const { name: typeName, subject } = use
      const version = use.version ?? (await versionOf(use))
      pointers.push({ name: typeName, subject, version })
    }
    return pointers
  }

  async function versionOf({ subject, schema: referenced, references: nested = [] }: AvroReference): Promise<number> {
    const inner = new Map<string, AvroNamedType>()
    defineReferences(nested, inner)
    const referencedText = printSchema(
      parseSchemaText(textOf(referenced), { known: inner, checkDefaults: true }).type,
      new Set(inner.keys()),
    )
    const { id, version } = await registered(subject, referencedText, nested)
    if (version !== undefined) return version
    for (const number of (await registry.versions(subject)).toReversed()) {
      if ((await registry.version(subject, number))?.id === id) return number
    }
    throw missing(subject, `it has no version with the id ${id}`)
  }

  function output(subject: string, { id, guid }: RegisteredSchema, writeValue: AvroWriter): Output {
    if (schemaId === 'prefix') return { id, write: writeValue, headers: NO_HEADERS }
    if (guid === undefined)
      throw missing(subject, "the registry gives no GUIDs, which schemaId: 'header' needs: use schemaId: 'prefix'")
    return { id, write: writeValue, headers: [{ key: header, value: guidBytes(guid) }] }
  }

  const missing = (subject: string, reason: string): Error =>
    millraceError('MILLRACE_REGISTRY_SCHEMA_MISSING', { subject, reason })

  const outputFor = (topic: string): Output => {
    const subject = subjectOf(topic)
    const known = outputs.get(subject)
    if (known !== undefined) return known
    throw notReady(
      `the id of its schema under ${subject}`,
      once(`subject ${subject}`, () => learn(subject)),
    )
  }

  /** Appends to the sink. */
  const write = (value: unknown, { write: writeValue }: Output): void => {
    try {
      writeValue(sink, value)
    } catch (cause) {
      if (!(cause instanceof AvroMisfit)) throw cause
      throw millraceError('MILLRACE_SERDE_ENCODE', { serde: name, reason: reasonOf(cause) }, { cause })
    }
  }

  const readerOf = (id: number | string): AvroReader => {
    const made = readers.get(id)
    if (made !== undefined) return made
    const writer = writers.get(id)
    if (writer === undefined)
      throw notReady(
        `the schema ${id}`,
        once(`schema ${id}`, () => writers.fetch(id)),
      )
    if ('missing' in writer) {
      writers.forget(id)
      throw decodeError(writer.missing)
    }
    const reader = compileReader(writer.type, type, form)
    readers.set(id, reader)
    return reader
  }

  const decodeError = (reason: string): Error => millraceError('MILLRACE_SERDE_DECODE', { serde: name, reason })

  return {
    name,
    async prepare(topic, use) {
      const subject = subjectOf(topic)
      if (use === 'read') return
      if (!outputs.has(subject)) await once(`subject ${subject}`, () => learn(subject))
      // A store holds what earlier versions of the application have written.
      await once(`versions of ${subject}`, () => writers.fetchSubject(subject))
    },
    headerKeys: [header],
    serialize(value, topic) {
      const to = outputFor(topic)
      sink.position = 0
      sink.reserve(PREFIX_BYTES)
      sink.buffer[0] = 0
      sink.position = sink.buffer.writeInt32BE(to.id, 1)
      write(value, to)
      return Buffer.from(sink.buffer.subarray(0, sink.position))
    },
    ...(schemaId === 'header' && {
      serializeRecord(value: unknown, topic: string) {
        const to = outputFor(topic)
        sink.position = 0
        write(value, to)
        return { bytes: Buffer.from(sink.buffer.subarray(0, sink.position)), headers: to.headers }
      },
    }),
    deserialize(given: Uint8Array, _topic: string, headers?: Headers) {
      const bytes = Buffer.isBuffer(given) ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength)
      const label = labelOf(bytes, side, headers)
      if (typeof label === 'string') throw decodeError(label)
      const read = readerOf(label.id)
      cursor.start(bytes, label.start, bytes.length)
      try {
        return read(cursor)
      } catch (cause) {
        if (!(cause instanceof AvroMisfit)) throw cause
        const reason = `${reasonOf(cause)} (written with the schema ${label.id})`
        throw millraceError('MILLRACE_SERDE_DECODE', { serde: name, reason }, { cause })
      }
    },
  }
}

function textOf(schema: unknown): string {
  return typeof schema === 'string' ? schema : JSON.stringify(schema)
}

/** Adds the types of all referenced schemas, each after those that it uses itself. */
function defineReferences(references: readonly AvroReference[], known: Map<string, AvroNamedType>): void {
  for (const { schema, references: nested = [] } of references) {
    defineReferences(nested, known)
    for (const [name, type] of parseSchemaText(textOf(schema), { known, checkDefaults: true }).named)
      known.set(name, type)
  }
}
