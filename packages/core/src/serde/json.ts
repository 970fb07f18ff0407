import { millraceError } from '../errors/millrace-error.ts'
import { inPlaceSerde } from './in-place-serde.ts'
import type { Serde } from './serde.ts'
import { decodeError, encodeError } from './serde-errors.ts'
import type { SchemaIssue, SchemaOutput, StandardSchemaV1 } from './standard-schema.ts'
import { readUtf8, writeUtf8 } from './utf8.ts'

export interface JsonOptions {
  /** Shown in plans and errors as `json(name)`. @default `json` */
  readonly name?: string
}

export interface CheckedJsonOptions extends JsonOptions {
  /**
   * Also check what is written. The value is written as it is, not as the schema would change it, so a schema that
   * transforms must accept its own output.
   * @default false
   */
  readonly validateOnEncode?: boolean
}

/**
 * JSON as UTF-8, by `JSON.parse` and `JSON.stringify` and so with their rules: a `Date` is written as its ISO string and
 * comes back as a string, `undefined` members are left out, `NaN` becomes `null`; a `bigint` and a cycle are errors. Give a
 * schema to get dates or other types back.
 *
 * Without a schema `T` is what you claim it to be. With one (any Standard Schema validator: zod, valibot, arktype) every
 * value read is checked, and the type is the schema's output.
 *
 * @throws MILLRACE_SERDE_DECODE when the bytes are no JSON or the schema refuses them; MILLRACE_SERDE_ENCODE;
 * MILLRACE_SERDE_ASYNC_SCHEMA when the schema answers with a promise
 * @example
 * const order = json(z.object({ id: z.string(), amount: z.number() }))
 */
export function json<Schema extends StandardSchemaV1>(
  schema: Schema,
  options?: CheckedJsonOptions,
): Serde<SchemaOutput<Schema>>
export function json<T = unknown>(options?: JsonOptions): Serde<T>
export function json(first: StandardSchemaV1 | JsonOptions = {}, second: CheckedJsonOptions = {}): Serde<unknown> {
  if (!('~standard' in first)) return plainJson(first)
  return checkedJson(first, second)
}

function nameOf(options: JsonOptions): string {
  return options.name === undefined ? 'json' : `json(${options.name})`
}

function plainJson(options: JsonOptions): Serde<unknown> {
  const name = nameOf(options)
  return inPlaceSerde<unknown>({
    name,
    read: (bytes, start, end) => parse(name, bytes, start, end),
    write: (value, sink) => writeUtf8(stringify(name, value), sink),
  })
}

function checkedJson(schema: StandardSchemaV1, options: CheckedJsonOptions): Serde<unknown> {
  const name = nameOf(options)
  const validateOnEncode = options.validateOnEncode ?? false
  const check = (value: unknown, refused: (reason: string) => Error): unknown => {
    const result = schema['~standard'].validate(value)
    if ('then' in result) {
      result.then(undefined, () => {}) // nobody waits for it: a rejection must not end the process
      throw millraceError('MILLRACE_SERDE_ASYNC_SCHEMA', { serde: name, vendor: schema['~standard'].vendor })
    }
    if (result.issues !== undefined) throw refused(reasonOf(result.issues))
    return result.value
  }
  return inPlaceSerde<unknown>({
    name,
    read: (bytes, start, end) => check(parse(name, bytes, start, end), reason => decodeError(name, reason)),
    write(value, sink) {
      if (validateOnEncode) check(value, reason => encodeError(name, reason))
      writeUtf8(stringify(name, value), sink)
    },
  })
}

function parse(name: string, bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(readUtf8(bytes, start, end))
  } catch (cause) {
    throw decodeError(name, messageOf(cause), cause)
  }
}

function stringify(name: string, value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    throw encodeError(name, messageOf(cause), cause)
  }
  if (text === undefined) throw encodeError(name, `JSON has no form for ${typeof value}`)
  return text
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function reasonOf(issues: readonly SchemaIssue[]): string {
  return issues.map(({ message, path }) => (path?.length ? `${pathOf(path)}: ${message}` : message)).join('; ')
}

function pathOf(path: NonNullable<SchemaIssue['path']>): string {
  return path.map(step => String(typeof step === 'object' ? step.key : step)).join('.')
}
