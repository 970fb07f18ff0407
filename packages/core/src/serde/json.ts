import { aBoolean, aText, type Check, isPlainObject, mustBe, oneOf, optional, optionsOf } from '../arguments/check.ts'
import { checkArguments } from '../arguments/checked-methods.ts'
import { millraceError } from '../errors/millrace-error.ts'
import { reasonOf as reasonOfThrown } from '../errors/thrown.ts'
import { inPlaceSerde } from './in-place-serde.ts'
import type { JsonForm } from './json-form.ts'
import { jsonMisfit } from './json-misfit.ts'
import { madeOf } from './same-serde.ts'
import type { Serde } from './serde.ts'
import { decodeError, encodeError } from './serde-errors.ts'
import { sortedJson } from './sorted-json.ts'
import type { SchemaIssue, SchemaOutput, StandardSchemaV1 } from './standard-schema.ts'
import { readUtf8, writeUtf8 } from './utf8.ts'

export interface JsonOptions {
  /** Shown in plans and errors as `json(name)`. @default `json` */
  readonly name?: string
  /**
   * `sorted` writes the properties of each object in the order of their names, so that equal keys have equal bytes. `as-given`
   * writes them in the order that the object has. Keys that other programs write keep their order when they are read, so use
   * `as-given` where such keys have to be found again. An application that uses keys of a `json()` without this option warns
   * when it starts.
   * @default `as-given`
   */
  readonly propertyOrder?: 'sorted' | 'as-given'
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
 * JSON as UTF-8, read by `JSON.parse` and written as `JSON.stringify` does: a `Date` is written as its ISO string and comes back
 * as a string, and members that are `undefined` are left out. Give a schema to get dates or other types back.
 *
 * What JSON would write as something else is refused: `Map`, `Set` and other built-in containers, a `bigint`, `NaN` and infinite
 * numbers, invalid dates, functions and symbols, `undefined` in an array, bytes, an object whose class hides its content, a cycle.
 *
 * Two keys are the same when their bytes are. `{ a, b }` and `{ b, a }` have other bytes, unless `propertyOrder` is `sorted`.
 *
 * Without a schema `T` is what you claim it to be. A `T` that contains a type that does not come back as it was written is a type
 * error: those above, `Date`, and objects with methods. Where such a value is only written, say `json<unknown>()`. With one (any Standard Schema validator: zod, valibot, arktype) every
 * value read is checked, and the type is the schema's output.
 *
 * @throws MILLRACE_SERDE_DECODE when the bytes are no JSON or the schema refuses them; MILLRACE_SERDE_ENCODE;
 * MILLRACE_SERDE_ASYNC_SCHEMA when the schema answers with a promise
 * @example
 * const order = json(z.object({ id: z.string(), amount: z.number() }))
 */
export function json<T = unknown>(this: JsonForm<T>, options?: JsonOptions & { readonly '~standard'?: never }): Serde<T>
export function json<Schema extends StandardSchemaV1>(
  schema: Schema,
  options?: CheckedJsonOptions,
): Serde<SchemaOutput<Schema>>
export function json(first: StandardSchemaV1 | JsonOptions = {}, second: CheckedJsonOptions = {}): Serde<unknown> {
  const isSchema =
    (typeof first === 'object' && first !== null) || typeof first === 'function' ? '~standard' in first : false
  const rule = isSchema
    ? ([
        ['schema', aSchema],
        ['options', CHECKED_JSON],
      ] as const)
    : ([['options', JSON_OPTIONS]] as const)
  checkArguments('json', rule, isSchema ? [first, second] : [first])
  if (!('~standard' in first)) return plainJson(first)
  return checkedJson(first, second)
}

const PLAIN = { name: optional(aText), propertyOrder: optional(oneOf('sorted', 'as-given')) }
const CHECKED_JSON = optionsOf({ ...PLAIN, validateOnEncode: optional(aBoolean) })
const JSON_OPTIONS: Check = (given, name) =>
  isPlainObject(given)
    ? optionsOf(PLAIN)(given, name)
    : mustBe(name, 'a Standard Schema validator or an object with options', given)
const aSchema: Check = (given, name) => {
  const { validate } = Object((given as { readonly '~standard'?: unknown })['~standard'] ?? {}) as {
    readonly validate?: unknown
  }
  return typeof validate === 'function' ? undefined : `${name} must have a function validate in "~standard"`
}

function nameOf(options: JsonOptions): string {
  return options.name === undefined ? 'json' : `json(${options.name})`
}

function plainJson(options: JsonOptions): Serde<unknown> {
  const name = nameOf(options)
  const stringify = stringifier(options)
  const serde = inPlaceSerde<unknown>({
    name,
    read: (bytes, start, end) => parse(name, bytes, start, end),
    write: (value, sink) => writeUtf8(stringify(value), sink),
  })
  return madeOf(withOrder(options, serde), json, isSorted(options))
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
  const stringify = stringifier(options)
  const serde = inPlaceSerde<unknown>({
    name,
    read: (bytes, start, end) => check(parse(name, bytes, start, end), reason => decodeError(name, reason)),
    write(value, sink) {
      if (validateOnEncode) check(value, reason => encodeError(name, reason))
      writeUtf8(stringify(value), sink)
    },
  })
  return madeOf(withOrder(options, serde), json, isSorted(options), schema, validateOnEncode)
}

function parse(name: string, bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(readUtf8(bytes, start, end))
  } catch (cause) {
    throw decodeError(name, reasonOfThrown(cause), cause)
  }
}

function stringifier(options: JsonOptions): (value: unknown) => string {
  const name = nameOf(options)
  const write = isSorted(options) ? sortedJson : (value: unknown) => JSON.stringify(value)
  return value => {
    let text: string
    let misfit: string | undefined
    try {
      misfit = jsonMisfit(value)
      text = misfit === undefined ? write(value) : ''
    } catch (cause) {
      throw encodeError(name, reasonOfThrown(cause), cause)
    }
    if (misfit !== undefined) throw encodeError(name, misfit)
    return text
  }
}

function isSorted({ propertyOrder }: JsonOptions): boolean {
  return propertyOrder === 'sorted'
}

/** Serdes that write properties as they come because nobody has said so. */
const UNDECIDED = new WeakSet<Serde<unknown>>()

function withOrder(options: JsonOptions, serde: Serde<unknown>): Serde<unknown> {
  if (options.propertyOrder === undefined) UNDECIDED.add(serde)
  return serde
}

/** A serde of `json()` for which it was not said in which order properties are written. */
export function isOrderUndecided(serde: Serde<unknown>): boolean {
  return UNDECIDED.has(serde)
}

function reasonOf(issues: readonly SchemaIssue[]): string {
  return issues.map(({ message, path }) => (path?.length ? `${pathOf(path)}: ${message}` : message)).join('; ')
}

function pathOf(path: NonNullable<SchemaIssue['path']>): string {
  return path.map(step => String(typeof step === 'object' ? step.key : step)).join('.')
}
