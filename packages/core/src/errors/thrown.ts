import { isMillraceError } from './millrace-error.ts'

/*
 * JavaScript lets a function throw anything: a plain object as HTTP and database clients do, nothing at all, an Error of another
 * realm, a proxy that was revoked. Whatever it is, Millrace shows it as it shows an Error, so nothing here ever throws.
 */

/** Longer texts of fields are cut. */
const LONGEST_FIELDS = 2_000

/** What was thrown, in words: its message, otherwise its fields, otherwise what it is. */
export function reasonOf(thrown: unknown): string {
  switch (typeof thrown) {
    case 'object':
    case 'function':
      return thrown === null ? 'null was thrown' : reasonOfObject(thrown)
    case 'undefined':
      return 'undefined was thrown'
    case 'string':
      return thrown === '' ? 'an empty text was thrown' : thrown
    default:
      return String(thrown)
  }
}

/** What kind of error was thrown: the name of its class, `Error` where it has none. */
export function nameOfThrown(thrown: unknown): string {
  const name = textOf(thrown, 'name')
  return name === undefined || typeof thrown === 'function' ? 'Error' : name
}

/** Where it was thrown; empty where it does not say. */
export function stackOfThrown(thrown: unknown): string {
  return textOf(thrown, 'stack') ?? ''
}

/** What was thrown as an Error: itself where it is a usable one, otherwise one that has it as its cause. */
export function asError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error && typeof thrown.message === 'string') return thrown
  } catch {
    // A proxy that was revoked, or a message that cannot be read.
  }
  return new Error(reasonOf(thrown), { cause: thrown })
}

function reasonOfObject(thrown: object): string {
  const problem = problemOf(thrown)
  if (problem !== undefined) return problem
  const message = textOf(thrown, 'message')
  if (message !== undefined) return message
  const parts = partsOf(thrown)
  if (parts !== undefined) return parts
  if (typeof thrown === 'function') return `a function was thrown`
  const name = textOf(thrown, 'name')
  return (
    fieldsOf(thrown) ?? (name === undefined ? 'an object that cannot be shown was thrown' : `${name} without a message`)
  )
}

/** As the reason in the message of another error, an error of ours goes without its hint. */
function problemOf(thrown: object): string | undefined {
  try {
    return isMillraceError(thrown) ? `${thrown.code}: ${thrown.problem}` : undefined
  } catch {
    return undefined
  }
}

/** An `AggregateError`, as a failed connection to several addresses gives it, may say nothing itself. */
function partsOf(thrown: object): string | undefined {
  try {
    const { errors } = thrown as { readonly errors?: unknown }
    if (!Array.isArray(errors) || errors.length === 0) return undefined
    const messages = errors.map(error => textOf(error, 'message')).filter(message => message !== undefined)
    return messages.length === 0 ? undefined : messages.join('; ')
  } catch {
    return undefined
  }
}

function fieldsOf(thrown: object): string | undefined {
  try {
    const seen = new Set<unknown>()
    const text = JSON.stringify(thrown, (_name, inner: unknown) => {
      if (typeof inner === 'bigint') return `${inner}n`
      if (typeof inner !== 'object' || inner === null) return inner
      if (seen.has(inner)) return '(again)'
      seen.add(inner)
      return inner
    })
    if (text === undefined || text === '{}') return undefined
    return text.length > LONGEST_FIELDS ? `${text.slice(0, LONGEST_FIELDS)}…` : text
  } catch {
    return undefined
  }
}

function textOf(thrown: unknown, property: string): string | undefined {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) return undefined
  try {
    const text = (thrown as Readonly<Record<string, unknown>>)[property]
    return typeof text === 'string' && text !== '' ? text : undefined
  } catch {
    return undefined
  }
}
