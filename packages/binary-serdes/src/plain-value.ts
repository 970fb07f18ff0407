/** What a format has besides null, booleans, numbers, text, bytes, arrays and plain objects. */
export interface FormatTypes {
  readonly date: boolean
  readonly undefined: boolean
  /** Whether a member may be called `__proto__`: some libraries refuse to read it. */
  readonly protoName: boolean
  /** The bigints that are read back as they were written. */
  readonly fitsBigint: (value: bigint) => boolean
}

const REMEDY: Readonly<Record<string, string>> = {
  Map: 'make it an object (Object.fromEntries) or an array of entries ([...map])',
  Set: 'make it an array ([...set])',
  RegExp: 'write its source',
  Error: 'write its message',
  Promise: 'await it first',
}
const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u

/** Where and why a value would come back as another one; undefined if it would not. */
export function misfitOf(value: unknown, types: FormatTypes): string | undefined {
  return find(value, '$', types, [])
}

function find(value: unknown, path: string, types: FormatTypes, within: readonly object[]): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : `${path} has half of a surrogate pair, which UTF-8 cannot write`
    case 'number':
    case 'boolean':
      return undefined
    case 'bigint':
      return types.fitsBigint(value)
        ? undefined
        : `${path} is ${value}n, for which the format has no form: write it as text`
    case 'undefined':
      return types.undefined ? undefined : `${path} is undefined, for which the format has no form: use null`
    case 'object':
      return value === null ? undefined : findInObject(value, path, types, within)
    default:
      return `${path} is a ${typeof value}, for which the format has no form: leave it out`
  }
}

function findInObject(value: object, path: string, types: FormatTypes, within: readonly object[]): string | undefined {
  if (value instanceof Uint8Array) return undefined
  if (value instanceof Date) {
    if (!types.date) return `${path} is a Date, for which the format has no form: write its getTime()`
    return Number.isNaN(value.getTime()) ? `${path} is an invalid Date` : undefined
  }
  if (within.includes(value)) return `${path} is an object that contains itself (a cycle): write its id instead`
  const inside = [...within, value]
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = find(value[index], `${path}[${index}]`, types, inside)
      if (found !== undefined) return found
    }
    return undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (value.constructor as { readonly name?: string } | undefined)?.name ?? 'a class'
    return `${path} is an object of ${name}: ${REMEDY[name] ?? 'write a plain object'}`
  }
  for (const [name, member] of Object.entries(value)) {
    // Left out, as JSON does it, where the format has no undefined.
    if (member === undefined && !types.undefined) continue
    if (name === '__proto__' && !types.protoName)
      return `${path} has a member __proto__, which would not be read back: give it another name`
    if (!name.isWellFormed())
      return `${path} has a member ${JSON.stringify(name)} with half of a surrogate pair, which UTF-8 cannot write`
    const step = IDENTIFIER.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
    const found = find(member, path + step, types, inside)
    if (found !== undefined) return found
  }
  return undefined
}
