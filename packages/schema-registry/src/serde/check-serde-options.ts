import { checkOptionNames, invalidOption, isPlainObject, millraceError, reasonOf } from '@millrace/core'

type Given = Readonly<Record<string, unknown>>

const OPTIONS = ['registry', 'side', 'subject', 'register', 'normalize', 'schemaId']
const REGISTRY = ['byId', 'byGuid', 'version', 'versions', 'register', 'find']
const OTHER_NAMES = { autoRegister: 'register', useLatestVersion: 'register', autoRegisterSchemas: 'register' }

/**
 * Checks what all serdes with the schemas of a registry can be told.
 * @param called the serde, as `avro()`
 * @param more the names of its other options
 * @throws MILLRACE_CONFIG_INVALID naming the option
 */
export function checkSerdeOptions(called: string, given: unknown, more: readonly string[]): asserts given is Given {
  if (!isPlainObject(given)) throw invalidOption(`options of ${called}`, given, 'it takes a schema and { registry }')
  checkOptionNames(given, [...OPTIONS, ...more], { otherNames: OTHER_NAMES })
  const { registry, subject } = given
  if (!isPlainObject(registry) || !REGISTRY.every(method => typeof registry[method] === 'function'))
    throw invalidOption('registry', registry, 'it must be what schemaRegistry() or existingRegistry() returns')
  checkChoice(given, 'side', ['value', 'key'])
  checkChoice(given, 'register', ['auto', 'require', 'latest'])
  checkChoice(given, 'schemaId', ['prefix', 'header'])
  checkFlag(given, 'normalize')
  if (typeof subject === 'function' || subject === undefined) return
  if (!['topic', 'record', 'topic-record'].includes(subject as string))
    throw invalidOption('subject', subject, 'it must be topic, record, topic-record or a function')
}

export function checkChoice(given: Given, option: string, possible: readonly string[]): void {
  const value = given[option]
  if (value === undefined || possible.includes(value as string)) return
  throw invalidOption(option, value, `it must be one of ${possible.join(', ')}`)
}

export function checkFlag(given: Given, option: string): void {
  const value = given[option]
  if (value === undefined || typeof value === 'boolean') return
  throw invalidOption(option, value, 'it must be true or false')
}

/** Of Avro and JSON Schema: schemas of other subjects, with those that they refer to themselves. */
export function checkReferences(references: unknown, option = 'references'): void {
  if (references === undefined) return
  if (!Array.isArray(references))
    throw invalidOption(option, references, 'it must be a list of { name, subject, schema }')
  for (const [index, one] of references.entries()) checkReference(one, `${option}[${index}]`)
}

function checkReference(given: unknown, option: string): void {
  if (!isPlainObject(given)) throw invalidOption(option, given, 'it must be { name, subject, schema }')
  checkOptionNames(given, ['name', 'subject', 'version', 'schema', 'references'], { prefix: `${option}.` })
  const { name, subject, version, schema, references } = given
  for (const [text, value] of Object.entries({ name, subject })) {
    if (typeof value !== 'string' || value === '') throw invalidOption(`${option}.${text}`, value, 'it must be text')
  }
  if (version !== undefined && (!Number.isSafeInteger(version) || (version as number) < 1))
    throw invalidOption(`${option}.version`, version, 'it must be a whole number from 1')
  if (typeof schema !== 'string' && (typeof schema !== 'object' || schema === null))
    throw invalidOption(`${option}.schema`, schema, 'it must be the schema, as an object or text')
  checkReferences(references, `${option}.references`)
}

/** The JSON of a schema. @throws MILLRACE_SCHEMA_INVALID when it has none */
export function schemaText(schema: unknown): string {
  if (typeof schema === 'string') return schema
  try {
    const text = JSON.stringify(schema) as string | undefined
    if (text !== undefined) return text
  } catch (cause) {
    throw millraceError('MILLRACE_SCHEMA_INVALID', { reason: `it is no JSON (${reasonOf(cause)})` }, { cause })
  }
  throw millraceError('MILLRACE_SCHEMA_INVALID', { reason: `it is ${typeof schema}, not a schema` })
}
