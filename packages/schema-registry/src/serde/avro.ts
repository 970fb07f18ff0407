import { ByteSink, type Headers, millraceError, notReady, reasonOf, type Serde } from '@millrace/core'
import { AvroCursor, AvroMisfit } from '../avro/avro-cursor.ts'
import { type AvroReader, compileReader } from '../avro/compile-reader.ts'
import { type AvroWriter, compileWriter } from '../avro/compile-writer.ts'
import { parseSchemaText } from '../avro/parse-schema.ts'
import { printSchema } from '../avro/print-schema.ts'
import { branchName } from '../avro/schema.ts'
import type { ValueForm } from '../avro/value-form.ts'
import type { SchemaRegistry } from '../client/schema-registry.ts'
import type { AvroTyping, AvroValue } from './avro-value.ts'
import { WriterSchemas } from './writer-schemas.ts'
import { labelOf, PREFIX_BYTES } from './wire-format.ts'

/** How the values of a subject are written. */
interface Output {
  readonly id: number
  readonly write: AvroWriter
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
 * @throws MILLRACE_SCHEMA_INVALID
 * @example
 * const order = avro(
 *   { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }] },
 *   { registry: schemaRegistry({ url: 'http://localhost:8081' }) },
 * )
 */
// The types of the values follow from the schema, which the compiler cannot see in the code below.
export const avro = avroSerde as unknown as Avro

function avroSerde(schema: unknown, options: AvroOptions): Serde<unknown> {
  const { registry, side = 'value', register = 'auto', normalize = false } = options
  const form: ValueForm = { longs: options.longs ?? 'number', logicalTypes: options.logicalTypes ?? {} }
  const { type } = parseSchemaText(typeof schema === 'string' ? schema : JSON.stringify(schema))
  const text = printSchema(type)
  const recordName = branchName(type)
  const name = `avro(${recordName})`
  const writeOwn = compileWriter(type, form)
  const writers = new WriterSchemas(registry)
  const readers = new Map<number | string, AvroReader>()
  const outputs = new Map<string, Output>()
  const fetching = new Map<string, Promise<void>>()
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
    const own = { schema: text, schemaType: 'AVRO' }
    if (register === 'auto') return { id: await registry.register(subject, own, { normalize }), write: writeOwn }
    if (register === 'latest') {
      const latest = await registry.version(subject, 'latest')
      if (latest === undefined) throw missing(subject, 'it has no version')
      return { id: latest.id, write: compileWriter((await writers.parse(latest)).type, form) }
    }
    const id = await registry.find(subject, own, { normalize })
    if (id === undefined) throw missing(subject, 'it does not have this schema')
    return { id, write: writeOwn }
  }

  const missing = (subject: string, reason: string): Error =>
    millraceError('MILLRACE_REGISTRY_SCHEMA_MISSING', { subject, reason })

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
    serialize(value, topic) {
      const subject = subjectOf(topic)
      const output = outputs.get(subject)
      if (output === undefined) {
        throw notReady(
          `the id of its schema under ${subject}`,
          once(`subject ${subject}`, () => learn(subject)),
        )
      }
      sink.position = 0
      sink.reserve(PREFIX_BYTES)
      sink.buffer[0] = 0
      sink.position = sink.buffer.writeInt32BE(output.id, 1)
      try {
        output.write(sink, value)
      } catch (cause) {
        if (!(cause instanceof AvroMisfit)) throw cause
        throw millraceError('MILLRACE_SERDE_ENCODE', { serde: name, reason: reasonOf(cause) }, { cause })
      }
      return Buffer.from(sink.buffer.subarray(0, sink.position))
    },
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
