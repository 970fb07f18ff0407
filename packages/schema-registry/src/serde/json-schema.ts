import { jsonMisfit, isPlainObject, millraceError, reasonOf, type Serde } from '@millrace/core'
import { compileSchema, type Validate } from '../json-schema/compile-schema.ts'
import { isSchemaNode, isSchemaObject, type JsonSchemaNode } from '../json-schema/schema-documents.ts'
import type { SchemaReference } from '../registry/entities.ts'
import type { ReferencedSchema } from '../registry/schema-format.ts'
import { checkChoice, checkFlag, checkReferences, checkSerdeOptions, schemaText } from './check-serde-options.ts'
import type { JsonSchemaValue } from './json-schema-value.ts'
import { type LocateSchema, registeredSerde } from './registered-serde.ts'
import type { RegisteredSerdeOptions } from './serde-options.ts'

/** A schema of another subject that the given one refers to. */
export interface JsonSchemaReference {
  /** As `$ref` names it: `customer.json`, or an absolute URI. */
  readonly name: string
  readonly subject: string
  /** @default that which has the schema; it is registered or required, as `register` says */
  readonly version?: number
  readonly schema: object | string
  /** Of this schema itself. */
  readonly references?: readonly JsonSchemaReference[]
}

export interface JsonSchemaOptions extends RegisteredSerdeOptions {
  /** Which values are checked against the schema. @default 'write' */
  readonly validate?: 'write' | 'read' | 'both' | 'none'
  /** Check `format`, such as `date-time` and `uuid`. @default true */
  readonly formats?: boolean
  /** Schemas of other subjects that the schema refers to. @default none */
  readonly references?: readonly JsonSchemaReference[]
}

/** Makes serdes for JSON with a JSON Schema. */
export interface JsonSchema {
  /** The type of the values comes from the schema, if it is written as a literal. */
  <const Schema extends object | boolean>(schema: Schema, options: JsonSchemaOptions): Serde<JsonSchemaValue<Schema>>
  /** With a type of your own, for schemas that are given as text or that have references. */
  <T>(schema: object | boolean | string, options: JsonSchemaOptions): Serde<T>
}

/**
 * A serde for JSON in Confluent's wire format, checked by a JSON Schema: draft 4, 6, 7, 2019-09 or 2020-12, as `$schema` says, or else
 * draft 7.
 *
 * @throws MILLRACE_SCHEMA_INVALID, MILLRACE_CONFIG_INVALID
 * @example
 * const order = jsonSchema(
 *   { type: 'object', title: 'Order', properties: { id: { type: 'integer' } }, required: ['id'] },
 *   { registry: schemaRegistry({ url: 'http://localhost:8081' }) },
 * )
 */
// The types of the values follow from the schema, which the compiler cannot see in the code below.
export const jsonSchema = jsonSchemaSerde as unknown as JsonSchema

/** A schema of the registry. It is compiled only if it checks values. */
interface LoadedSchema {
  readonly schema: JsonSchemaNode
  readonly referenced: readonly ReferencedSchema[]
}

function jsonSchemaSerde(given: unknown, options: JsonSchemaOptions): Serde<unknown> {
  checkSerdeOptions('jsonSchema()', options, ['validate', 'formats', 'references'])
  checkChoice(options, 'validate', ['write', 'read', 'both', 'none'])
  checkFlag(options, 'formats')
  checkReferences(options.references)
  const { validate = 'write', formats = true, references = [] } = options
  const own = invalidUnlessThrown(() => {
    const schema: unknown = typeof given === 'string' ? JSON.parse(given) : given
    if (typeof schema !== 'boolean' && !isPlainObject(schema)) throw new Error('a schema is an object, true or false')
    return { schema, check: compileSchema(schema, flatten(references), { formats }) }
  })
  const title = isSchemaObject(own.schema) ? own.schema['title'] : undefined
  const recordName = typeof title === 'string' ? title : ''
  if (recordName === '' && (options.subject === 'record' || options.subject === 'topic-record')) {
    throw millraceError('MILLRACE_SCHEMA_INVALID', {
      reason: `the subject "${options.subject}" needs the "title" of the schema`,
    })
  }
  const name = `jsonSchema(${recordName})`
  const checksWrites = validate === 'write' || validate === 'both'
  const checksReads = validate === 'read' || validate === 'both'

  const encode = (value: unknown, prefix: Buffer, check: Validate): Uint8Array => {
    try {
      const misfit = jsonMisfit(value)
      if (misfit !== undefined) throw new Error(misfit)
      const text = JSON.stringify(value)
      // What is checked is what is written, and what is read back: a Date is text.
      const written = checksWrites || LONG_DIGITS.test(text) ? parseExactly(text) : undefined
      const reason = checksWrites ? check(written) : undefined
      if (reason !== undefined) throw new Error(reason)
      return Buffer.concat([prefix, Buffer.from(text)])
    } catch (cause) {
      throw millraceError('MILLRACE_SERDE_ENCODE', { serde: name, reason: reasonOf(cause) }, { cause })
    }
  }

  const decode = (bytes: Buffer, id: number | string): unknown => {
    try {
      const value = parseExactly(UTF8.decode(bytes))
      const reason = checksReads ? own.check(value) : undefined
      if (reason !== undefined) throw new Error(reason)
      return value
    } catch (cause) {
      const reason = `${reasonOf(cause)} (written with the schema ${id})`
      throw millraceError('MILLRACE_SERDE_DECODE', { serde: name, reason }, { cause })
    }
  }

  return registeredSerde<unknown, LoadedSchema>(
    {
      name,
      schemaType: 'JSON',
      recordNames: [recordName],
      recordName: () => recordName,
      parse(text, referenced) {
        const schema: unknown = JSON.parse(text)
        if (!isSchemaNode(schema)) throw new Error('a schema is an object, true or false')
        return { schema, referenced }
      },
      ownSchema: async (_name, locate) => registerable(own.schema, references, locate),
      writer(_name, latest) {
        try {
          const check = latest === undefined ? own.check : compileSchema(latest.schema, latest.referenced, { formats })
          return { label: Buffer.alloc(0), write: (value, prefix) => encode(value, prefix, check) }
        } catch (error) {
          return `its latest version cannot be used: ${reasonOf(error)}`
        }
      },
      reader: () => (bytes, start, id) => decode(bytes.subarray(start), id),
    },
    options,
  )
}

const LONG_DIGITS = /\d{16}/
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** @throws for integers that a number cannot hold: they would be rounded */
function parseExactly(text: string): unknown {
  if (!LONG_DIGITS.test(text)) return JSON.parse(text)
  type Reviver = (this: unknown, key: string, value: unknown, context?: { readonly source?: string }) => unknown
  const refuse: Reviver = (key, value, context) => {
    const source = context?.source
    if (
      typeof value === 'number' &&
      source !== undefined &&
      /^-?\d+$/.test(source) &&
      BigInt(value) !== BigInt(source)
    ) {
      throw new Error(`at ${key}: the integer ${source} cannot be a number without being rounded`)
    }
    return value
  }
  return JSON.parse(text, refuse)
}

function invalidUnlessThrown<T>(make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw millraceError('MILLRACE_SCHEMA_INVALID', { reason: reasonOf(cause) }, { cause })
  }
}

/** All schemas that are referred to, each after those that it refers to itself. */
function flatten(references: readonly JsonSchemaReference[]): readonly ReferencedSchema[] {
  return references.flatMap(({ name, subject, version = -1, schema, references: nested = [] }) => [
    ...flatten(nested),
    { reference: { name, subject, version }, schema: schemaText(schema) },
  ])
}

/** The schema as it is registered. Those that it refers to are registered first. */
async function registerable(schema: unknown, references: readonly JsonSchemaReference[], locate: LocateSchema) {
  const pointers: SchemaReference[] = []
  for (const one of references) {
    const version =
      one.version ?? (await locate(one.subject, await registerable(one.schema, one.references ?? [], locate)))
    pointers.push({ name: one.name, subject: one.subject, version })
  }
  const own = { schema: schemaText(schema), schemaType: 'JSON' }
  return pointers.length === 0 ? own : { ...own, references: pointers }
}
