/*
 * JSON.stringify writes many values as something else, without an error: a Map as {}, NaN as null, a function not at all.
 * What is read back is then not what was written. These functions find such a value before it is written.
 */

/** A place in a value that JSON has no form for. */
interface Misfit {
  /** As `.lines[2].price`; empty for the value itself. */
  path: string
  readonly reason: string
}

/** Nesting from which on cycles are looked for. */
const SUSPICIOUS_DEPTH = 100
const TOO_DEEP: Misfit = Object.freeze({ path: '', reason: 'it is nested too deeply' })

/** Built-in classes whose content is not in enumerable properties, by what `Object.prototype.toString` says. */
const WITHOUT_FORM: ReadonlyMap<string, string> = new Map([
  ['Map', 'make it an object (Object.fromEntries) or an array of entries ([...map])'],
  ['Set', 'make it an array ([...set])'],
  ['WeakMap', 'leave it out'],
  ['WeakSet', 'leave it out'],
  ['WeakRef', 'leave it out'],
  ['Promise', 'await it first'],
  ['RegExp', 'write its source'],
  ['Error', 'write its message'],
  ['DOMException', 'write its message'],
  ['ArrayBuffer', 'write it as base64 text, or use bytes()'],
  ['SharedArrayBuffer', 'write it as base64 text, or use bytes()'],
])
const BOXED: ReadonlySet<string> = new Set(['Number', 'String', 'Boolean'])
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/** Where and why JSON would write something else than `value`, with what to do; undefined where it would not. */
export function jsonMisfit(value: unknown): string | undefined {
  if (isPlain(value, 0)) return undefined
  let found = find(value, '', 0, undefined)
  if (found === TOO_DEEP) found = find(value, '', 0, new Set())
  return found && `$${found.path} ${found.reason}`
}

/** Nesting from which on the slower search takes over. */
const PLAIN_DEPTH = 8

/**
 * Whether a value consists of plain objects, arrays and what JSON has a form for. Of most values this is true, and it is found
 * without an allocation, since each value that is written is looked at.
 */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true
    case 'number':
      return Number.isFinite(value)
    case 'object':
      return value === null || isPlainObject(value, depth)
    default:
      return false
  }
}

function isPlainObject(value: object, depth: number): boolean {
  if (depth > PLAIN_DEPTH || hasToJson(value)) return false
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) if (!isPlain(value[index], depth + 1)) return false
    return true
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false
  // Properties that somebody has added to Object.prototype are looked at as well: at worst the slower search runs.
  for (const name in value) {
    const member = (value as Readonly<Record<string, unknown>>)[name]
    if (member !== undefined && !isPlain(member, depth + 1)) return false
  }
  return true
}

/** `ancestors` are given once the nesting is suspicious. */
function find(value: unknown, name: string, depth: number, ancestors: Set<object> | undefined): Misfit | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value)
        ? undefined
        : misfit(`is ${value}, which JSON writes as null: leave it out or use null`)
    case 'object':
      return value === null ? undefined : findInObject(value, name, depth, ancestors)
    case 'bigint':
      return hasToJson(value)
        ? find(value.toJSON(name), name, depth + 1, ancestors)
        : misfit(`is the bigint ${value}n, for which JSON has no form: make it a string or a number, or use long()`)
    case 'undefined':
      return misfit('is undefined, and JSON has no form for undefined: use null')
    case 'function':
    case 'symbol':
      return misfit(`is a ${typeof value}, and JSON has no form for ${typeof value}: leave it out`)
  }
}

function findInObject(
  value: object,
  name: string,
  depth: number,
  ancestors: Set<object> | undefined,
): Misfit | undefined {
  if (ancestors === undefined) {
    if (depth > SUSPICIOUS_DEPTH) return TOO_DEEP
  } else {
    if (ancestors.has(value)) return misfit('is an object that contains itself (a cycle): write its id instead')
    ancestors.add(value)
  }
  const found = findInside(value, name, depth, ancestors)
  ancestors?.delete(value)
  return found
}

function findInside(
  value: object,
  name: string,
  depth: number,
  ancestors: Set<object> | undefined,
): Misfit | undefined {
  if (Array.isArray(value) && !hasToJson(value)) return findInArray(value, depth, ancestors)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    const found = misfitOfClass(value)
    if (found !== undefined) return found
  }
  return hasToJson(value)
    ? find(value.toJSON(name), name, depth + 1, ancestors)
    : findInMembers(value, depth, ancestors)
}

function findInArray(value: readonly unknown[], depth: number, ancestors: Set<object> | undefined): Misfit | undefined {
  for (let index = 0; index < value.length; index++) {
    const found = find(value[index], '', depth + 1, ancestors)
    if (found !== undefined) return at(`[${index}]`, found)
  }
  return undefined
}

function findInMembers(value: object, depth: number, ancestors: Set<object> | undefined): Misfit | undefined {
  for (const name of Object.keys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[name]
    // Left out, and read back as undefined.
    if (member === undefined) continue
    const found = find(member, name, depth + 1, ancestors)
    if (found !== undefined) return at(IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`, found)
  }
  return undefined
}

/** An object of a class, of which JSON writes the enumerable properties unless it has a toJSON method. */
function misfitOfClass(value: object): Misfit | undefined {
  if (ArrayBuffer.isView(value)) return misfit(`is ${className(value)}: write it as base64 text, or use bytes()`)
  if (value instanceof Date && Number.isNaN(value.getTime())) {
    return misfit('is an invalid Date, which JSON writes as null: leave it out or use null')
  }
  if (hasToJson(value)) return undefined
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  const remedy = WITHOUT_FORM.get(tag)
  if (remedy !== undefined) return misfit(`is ${className(value)}, of which JSON writes no content: ${remedy}`)
  if (BOXED.has(tag) || Object.keys(value).length > 0) return undefined
  return misfit(
    `is ${className(value)} without enumerable properties, which JSON writes as {}: ` +
      'give the class a toJSON method, or write a plain object',
  )
}

function hasToJson(value: object | bigint): value is (object | bigint) & { toJSON(name: string): unknown } {
  return typeof (value as { readonly toJSON?: unknown }).toJSON === 'function'
}

function className(value: object): string {
  const { constructor } = value as { readonly constructor?: { readonly name?: unknown } }
  const name = typeof constructor?.name === 'string' && constructor.name !== '' ? constructor.name : 'object'
  return `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`
}

function misfit(reason: string): Misfit {
  return { path: '', reason }
}

/** The misfit of a member, as one of the whole. */
function at(step: string, found: Misfit): Misfit {
  if (found !== TOO_DEEP) found.path = step + found.path
  return found
}
