import { millraceError, reasonOf, shownOption } from '@millrace/core'
import type { SchemaRegistry } from '../client/schema-registry.ts'

/** What all serdes with the schemas of a registry can be told. */
export interface RegisteredSerdeOptions {
  readonly registry: SchemaRegistry
  /** Which half of the records the serde is for: it is part of the subject. @default 'value' */
  readonly side?: 'key' | 'value'
  /** The subject of the schema: `orders-value`, `shop.Order`, `orders-shop.Order`, or as the function says. @default 'topic' */
  readonly subject?: 'topic' | 'record' | 'topic-record' | ((topic: string, recordName: string) => string)
  /**
   * What to do before the first value of a subject is written: register the schema; require that it is registered; or write under the
   * latest version of the subject.
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
}

export function subjectName(options: RegisteredSerdeOptions, topic: string, recordName: string): string {
  const { subject = 'topic', side = 'value' } = options
  if (typeof subject === 'function') return givenSubject('subject', () => subject(topic, recordName))
  if (subject === 'record') return recordName
  return subject === 'topic' ? `${topic}-${side}` : `${topic}-${recordName}`
}

/**
 * The subject that a function of the user gives.
 * @throws MILLRACE_CONFIG_INVALID if it gives no text: a schema would be registered under "undefined" or "[object Promise]"
 */
export function givenSubject(option: string, ask: () => unknown): string {
  const expected = 'it must return the name of a subject, as text'
  let given: unknown
  try {
    given = ask()
  } catch (cause) {
    const value = `a function that failed (${reasonOf(cause)})`
    throw millraceError('MILLRACE_CONFIG_INVALID', { option, value, expected }, { cause })
  }
  if (typeof given === 'string' && given !== '') return given
  // Nobody waits for it: a rejection must not end the process.
  if (given instanceof Promise) given.catch(() => undefined)
  const value = `a function that returned ${shownOption(given)}`
  throw millraceError('MILLRACE_CONFIG_INVALID', { option, value, expected })
}
