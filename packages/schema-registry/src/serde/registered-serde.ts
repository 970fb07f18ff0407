import { type Headers, millraceError, NO_HEADERS, notReady, type Serde } from '@millrace/core'
import type { RegisteredSchema, RegistrySchema } from '../client/schema-registry.ts'
import { RegisteredSchemas, type SchemaReader } from './registered-schemas.ts'
import { type RegisteredSerdeOptions, subjectName } from './serde-options.ts'
import { guidBytes, labelOf, PREFIX_BYTES, schemaIdHeader } from './wire-format.ts'

/** What a format knows of its schemas and values. */
export interface RegisteredFormat<T, S> extends SchemaReader<S> {
  /** Of the serde. */
  readonly name: string
  /** The records that may be written. */
  readonly recordNames: readonly string[]
  /** @throws with `MILLRACE_SERDE_ENCODE` when it is none of them */
  recordName(value: T): string
  /**
   * The schema under which a record is written. Its references are registered here, or looked up.
   * @param locate registers or finds a schema, and returns its version
   */
  ownSchema(recordName: string, locate: LocateSchema): Promise<RegistrySchema>
  /**
   * @param schema the latest version, with `register: 'latest'`; otherwise the own one is meant
   * @returns a reason when nothing can be written under this schema
   */
  writer(recordName: string, schema: S | undefined): Writer<T> | string
  reader(schema: S): Reader<T>
}

export type LocateSchema = (subject: string, schema: RegistrySchema) => Promise<number>

export interface Writer<T> {
  /** Bytes that belong to the id of the schema, and stand behind it. */
  readonly label: Buffer
  /**
   * @param prefix the bytes before the data; empty if a header names the schema
   * @throws with `MILLRACE_SERDE_ENCODE` when the value does not fit
   */
  write(value: T, prefix: Buffer): Uint8Array
}

/**
 * @param start where the data begin, without the id
 * @param id of the schema, or its GUID
 * @param headerRest as in `Labelled`
 * @throws with `MILLRACE_SERDE_DECODE` when the bytes do not fit
 */
export type Reader<T> = (bytes: Buffer, start: number, id: number | string, headerRest: Buffer | undefined) => T

interface Output<T> {
  /** Before the data of a value without headers. */
  readonly prefix: Buffer
  readonly headers: Headers
  readonly writer: Writer<T>
}

const NO_PREFIX = Buffer.alloc(0)

/** A serde that has its schemas from a registry: what is fetched, when, and under which subject. */
export function registeredSerde<T, S>(format: RegisteredFormat<T, S>, options: RegisteredSerdeOptions): Serde<T> {
  const { registry, side = 'value', register = 'auto', normalize = false, schemaId = 'prefix' } = options
  const schemas = new RegisteredSchemas<S>(registry, format)
  const readers = new Map<number | string, Reader<T>>()
  const outputs = new Map<string, Output<T>>()
  /** The same by topic and name of the record, so that the subject of a record is not computed again. */
  const byTopic = new Map<string, Map<string, Output<T>>>()
  // Most records of a topic have the same schema.
  let lastId: number | undefined
  let lastReader: Reader<T> | undefined
  const once = fetchOnce()
  const header = schemaIdHeader(side)

  const decodeError = (reason: string): Error => millraceError('MILLRACE_SERDE_DECODE', { serde: format.name, reason })
  const missing = (subject: string, reason: string): Error =>
    millraceError('MILLRACE_REGISTRY_SCHEMA_MISSING', { subject, reason })

  const learn = (subject: string, recordName: string): Promise<void> =>
    once(`subject ${subject} ${recordName}`, async () => {
      outputs.set(`${subject} ${recordName}`, await learnOutput(subject, recordName))
    })

  async function learnOutput(subject: string, recordName: string): Promise<Output<T>> {
    if (register === 'latest') {
      const latest = await registry.version(subject, 'latest')
      if (latest === undefined) throw missing(subject, 'it has no version')
      const read = await schemas.read(latest, `its version ${latest.version}`)
      if ('missing' in read) throw missing(subject, read.missing)
      return output(subject, latest, format.writer(recordName, read.schema))
    }
    const own = await format.ownSchema(recordName, locate)
    return output(subject, await registered(subject, own), format.writer(recordName, undefined))
  }

  async function registered(subject: string, schema: RegistrySchema): Promise<RegisteredSchema> {
    if (register === 'auto') return registry.register(subject, schema, { normalize })
    const found = await registry.find(subject, schema, { normalize })
    if (found === undefined) throw missing(subject, 'it does not have this schema')
    return found
  }

  async function locate(subject: string, schema: RegistrySchema): Promise<number> {
    const { id, version } = await registered(subject, schema)
    if (version !== undefined) return version
    for (const number of (await registry.versions(subject)).toReversed()) {
      if ((await registry.version(subject, number))?.id === id) return number
    }
    throw missing(subject, `it has no version with the id ${id}`)
  }

  function output(subject: string, { id, guid }: RegisteredSchema, writer: Writer<T> | string): Output<T> {
    if (typeof writer === 'string') throw missing(subject, writer)
    const prefix = Buffer.alloc(PREFIX_BYTES)
    prefix.writeInt32BE(id, 1)
    const labelled = { prefix: Buffer.concat([prefix, writer.label]), writer }
    if (schemaId === 'prefix') return { ...labelled, headers: NO_HEADERS }
    if (guid === undefined)
      throw missing(subject, "the registry gives no GUIDs, which schemaId: 'header' needs: use schemaId: 'prefix'")
    return { ...labelled, headers: [{ key: header, value: Buffer.concat([guidBytes(guid), writer.label]) }] }
  }

  const outputFor = (value: T, topic: string): Output<T> => {
    const recordName = format.recordName(value)
    const found = byTopic.get(topic)?.get(recordName)
    if (found !== undefined) return found
    const subject = subjectName(options, topic, recordName)
    const known = outputs.get(`${subject} ${recordName}`)
    if (known !== undefined) {
      const ofTopic = byTopic.get(topic) ?? new Map<string, Output<T>>()
      byTopic.set(topic, ofTopic.set(recordName, known))
      return known
    }
    throw notReady(`the id of its schema under ${subject}`, learn(subject, recordName))
  }

  const readerOf = (id: number | string): Reader<T> => {
    const made = readers.get(id)
    if (made !== undefined) return made
    const found = schemas.get(id)
    if (found === undefined)
      throw notReady(
        `the schema ${id}`,
        once(`schema ${id}`, () => schemas.fetch(id)),
      )
    if ('missing' in found) {
      schemas.forget(id)
      throw decodeError(found.missing)
    }
    const reader = format.reader(found.schema)
    readers.set(id, reader)
    return reader
  }

  return {
    name: format.name,
    async prepare(topic, use) {
      if (use === 'read') return
      for (const recordName of format.recordNames) {
        const subject = subjectName(options, topic, recordName)
        if (!outputs.has(`${subject} ${recordName}`)) await learn(subject, recordName)
        // A store holds what earlier versions of the application have written.
        await once(`versions of ${subject}`, () => schemas.fetchSubject(subject))
      }
    },
    headerKeys: [header],
    serialize(value, topic) {
      const { prefix, writer } = outputFor(value, topic)
      return writer.write(value, prefix)
    },
    ...(schemaId === 'header' && {
      serializeRecord(value: T, topic: string) {
        const { writer, headers } = outputFor(value, topic)
        return { bytes: writer.write(value, NO_PREFIX), headers }
      },
    }),
    deserialize(given: Uint8Array, _topic: string, headers?: Headers) {
      const bytes = Buffer.isBuffer(given) ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength)
      // Most records have the id before the data: this path makes no object for it.
      if ((headers === undefined || headers.length === 0) && bytes.length >= PREFIX_BYTES && bytes[0] === 0) {
        const id = (bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!
        if (id !== lastId) {
          lastReader = readerOf(id)
          lastId = id
        }
        return lastReader!(bytes, PREFIX_BYTES, id, undefined)
      }
      const label = labelOf(bytes, side, headers)
      if (typeof label === 'string') throw decodeError(label)
      return readerOf(label.id)(bytes, label.start, label.id, label.headerRest)
    },
  }
}

/** One fetch at a time for each thing; a later one may find what an earlier one has not. */
function fetchOnce(): (what: string, fetch: () => Promise<void>) => Promise<void> {
  const under = new Map<string, Promise<void>>()
  return (what, fetch) => {
    const running = under.get(what)
    if (running !== undefined) return running
    const started = fetch().finally(() => under.delete(what))
    under.set(what, started)
    return started
  }
}
