/**
 * Values as JSON without loss. What JSON has no word for is an object with one member whose name starts with `$`:
 *
 *     {"$bigint": "12"}            a bigint
 *     {"$bytes": "aGk="}           bytes, base64
 *     {"$date": "2026-01-01T…Z"}   a Date; null is an invalid one
 *     {"$number": "NaN"}           NaN, Infinity, -Infinity, -0
 *     {"$undefined": true}         undefined
 *     {"$map": [[key, value]]}     a Map
 *     {"$set": [value]}            a Set
 *     {"$object": [[name, value]]} an object that has a member with such a name of its own
 */
export type JsonForm = null | boolean | number | string | readonly JsonForm[] | { readonly [name: string]: JsonForm }

/** Deeper values are refused: a value that contains itself has no end. */
const MAX_DEPTH = 200

/**
 * @throws TypeError for functions, symbols, and values that are nested more than 200 levels deep
 */
export function toJsonForm(value: unknown): JsonForm {
  return encoded(value, 0)
}

/**
 * @throws TypeError for an object with a `$` name that is none of the forms
 */
export function fromJsonForm(form: unknown): unknown {
  return decoded(form, 0)
}

function encoded(value: unknown, depth: number): JsonForm {
  if (depth > MAX_DEPTH) throw new TypeError(`a value is nested more than ${MAX_DEPTH} levels deep`)
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? '-0' : String(value) }
    case 'bigint':
      return { $bigint: String(value) }
    case 'undefined':
      return { $undefined: true }
    case 'object':
      return value === null ? null : encodedObject(value, depth + 1)
    default:
      throw new TypeError(`a ${typeof value} has no form in JSON`)
  }
}

function encodedObject(value: object, depth: number): JsonForm {
  const each = (part: unknown) => encoded(part, depth)
  if (Array.isArray(value)) return Array.from(value, each)
  if (value instanceof Uint8Array) return { $bytes: base64(value) }
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() }
  if (value instanceof Map) return { $map: [...value].map(([key, part]) => [each(key), each(part)]) }
  if (value instanceof Set) return { $set: [...value].map(each) }
  // A class of the user's own, such as a decimal, says itself how it is written.
  if ('toJSON' in value && typeof value.toJSON === 'function') return each(value.toJSON())
  const members = Object.entries(value).map(([name, part]): readonly [string, JsonForm] => [name, each(part)])
  if (members.some(([name]) => name.startsWith('$'))) return { $object: members }
  return Object.fromEntries(members)
}

function decoded(form: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new TypeError(`a value is nested more than ${MAX_DEPTH} levels deep`)
  if (typeof form !== 'object' || form === null) return form
  const each = (part: unknown) => decoded(part, depth + 1)
  if (Array.isArray(form)) return form.map(each)
  const members = Object.entries(form)
  const [first] = members
  if (members.length === 1 && first![0].startsWith('$')) return special(first![0], first![1], each)
  const wrong = members.find(([name]) => name.startsWith('$'))
  if (wrong !== undefined) throw new TypeError(`an object with the member "${wrong[0]}" must be written with $object`)
  return Object.fromEntries(members.map(([name, part]) => [name, each(part)]))
}

const NUMBERS: Readonly<Record<string, number>> = { NaN, Infinity, '-Infinity': -Infinity, '-0': -0 }

function special(name: string, part: unknown, each: (part: unknown) => unknown): unknown {
  switch (name) {
    case '$bigint':
      if (typeof part === 'string' && /^-?\d{1,10000}$/.test(part)) return BigInt(part)
      break
    case '$bytes':
      if (typeof part === 'string') return fromBase64(part)
      break
    case '$date':
      if (part === null) return new Date(NaN)
      if (typeof part === 'string' && !Number.isNaN(Date.parse(part))) return new Date(part)
      break
    case '$number':
      if (typeof part === 'string' && Object.hasOwn(NUMBERS, part)) return NUMBERS[part]
      break
    case '$undefined':
      return undefined
    case '$map':
      if (isPairs(part)) return new Map(part.map(([key, value]) => [each(key), each(value)]))
      break
    case '$set':
      if (Array.isArray(part)) return new Set(part.map(each))
      break
    case '$object':
      if (isPairs(part)) return Object.fromEntries(part.map(([key, value]) => [String(key), each(value)]))
      break
  }
  throw new TypeError(`{"${name}": …} is not a known form of a value`)
}

function isPairs(part: unknown): part is readonly (readonly [unknown, unknown])[] {
  return Array.isArray(part) && part.every(pair => Array.isArray(pair) && pair.length === 2)
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

function fromBase64(text: string): Uint8Array {
  let decodedText: string
  try {
    decodedText = atob(text)
  } catch {
    throw new TypeError('$bytes must be base64')
  }
  return Uint8Array.from(decodedText, character => character.charCodeAt(0))
}
