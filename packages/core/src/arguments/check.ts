import { shownOption } from '../errors/number-option.ts'
import { insteadOf, unknownName } from './option-names.ts'

/**
 * What is wrong with an argument, as `predicate must be a function, but it is undefined`. Nothing where it is usable. Types say the
 * same, but programs in JavaScript have none, and an assertion silences them.
 */
export type Check = (given: unknown, name: string) => string | undefined

/** The kind of DSL object that a prototype belongs to, as `KStream`. Another copy of this module has another symbol. */
export const dslKind: unique symbol = Symbol('dslKind')

/** Names of the classes that `dslKind` marks. */
export type DslKind =
  | 'StreamsBuilder'
  | 'KStream'
  | 'KTable'
  | 'KGroupedStream'
  | 'KGroupedTable'
  | 'TimeWindowedKStream'
  | 'SessionWindowedKStream'
  | 'CogroupedKStream'
  | 'TimeWindowedCogroupedKStream'
  | 'SessionWindowedCogroupedKStream'
  | 'BranchedKStream'
  | 'GlobalKTable'

export function kindOf(given: unknown): DslKind | undefined {
  return typeof given === 'object' && given !== null ? (given as { readonly [dslKind]?: DslKind })[dslKind] : undefined
}

/** The code that uses the argument checks it. */
export const checkedInside: Check = () => undefined

export const aFunction: Check = (given, name) =>
  typeof given === 'function' ? undefined : mustBe(name, 'a function', given)

/** A class cannot be called, so it does not do as the function that makes its objects. */
export const aSupplier: Check = (given, name) => {
  if (typeof given !== 'function') return mustBe(name, 'a function that returns a new object', given)
  const isClass = /^class\b/.test(Function.prototype.toString.call(given))
  return isClass
    ? `${name} must be a function that returns a new object, but it is a class: write () => new ${given.name || 'Processor'}()`
    : undefined
}

export const aBoolean: Check = (given, name) =>
  typeof given === 'boolean' ? undefined : mustBe(name, 'true or false', given)

/** A bound of a range of keys, which the serde of the key checks. With null, the range would have no bound. */
export const aBound: Check = (given, name) =>
  given === null ? `${name} must be a key, but it is null: leave it out for a range without this bound` : undefined

export const aText: Check = (given, name) => (typeof given === 'string' ? undefined : mustBe(name, 'a text', given))

export const aSerde: Check = (given, name) => {
  const { serialize, deserialize } = Object(given ?? {}) as Readonly<Record<string, unknown>>
  if (typeof serialize === 'function' && typeof deserialize === 'function') return undefined
  // The most frequent slip, and the only one with a remedy of its own.
  const call = typeof given === 'function' ? `: call the function, as ${given.name || 'string'}()` : ''
  return `${mustBe(name, 'a serde, such as string()', given)}${call}`
}

export function oneOf(...possible: readonly string[]): Check {
  const needed = possible.map(text => `"${text}"`).join(' or ')
  return (given, name) => (possible.includes(given as string) ? undefined : mustBe(name, needed, given))
}

export function optional(check: Check): Check {
  return (given, name) => (given === undefined ? undefined : check(given, name))
}

/** The first check that takes what was given; `needed` says what all of them take together. */
export function either(needed: string, ...checks: readonly Check[]): Check {
  return (given, name) =>
    checks.some(check => check(given, name) === undefined) ? undefined : mustBe(name, needed, given)
}

export function listOf(check: Check, needed: string): Check {
  return (given, name) => {
    if (!Array.isArray(given)) return mustBe(name, needed, given)
    for (const [position, one] of given.entries()) {
      const problem = check(one, `${name}[${position}]`)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

/** One of the objects that the DSL makes. */
export function dslObject(needed: string, ...kinds: readonly DslKind[]): Check {
  return (given, name) => {
    const kind = kindOf(given)
    if (kind !== undefined && kinds.includes(kind)) return undefined
    const foreign = kind === undefined && kinds.some(known => known === classOf(given))
    if (!foreign) return mustBe(name, needed, given)
    return `${name} is a ${classOf(given)} of another copy of @millrace/core: the application must load one copy only, see npm ls @millrace/core`
  }
}

export type Fields = Readonly<Record<string, Check>>

/**
 * An object with these fields and no others: a misspelt option would otherwise be ignored.
 * @param ignored names that describe something else, see `option-names.ts`
 */
export function optionsOf(fields: Fields, ignored?: ReadonlySet<string>): Check {
  const possible = Object.keys(fields)
  return (given, name) => {
    if (!isPlainObject(given)) return mustBe(name, `an object such as { ${possible[0]} }`, given)
    const unknown = unknownName(given, possible, ignored)
    if (unknown !== undefined) return `${name} has no option "${unknown}"; ${insteadOf(unknown, possible)}`
    return wrongField(given, fields)
  }
}

/** The first of these fields that is wrong. There may be others. */
export function wrongField(given: Readonly<Record<string, unknown>>, fields: Fields): string | undefined {
  for (const [field, check] of Object.entries(fields)) {
    const problem = check(given[field], field)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** Neither an array, a Map or another built-in, nor an object of the DSL. */
export function isPlainObject(given: unknown): given is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(given) === '[object Object]' && kindOf(given) === undefined
}

export function mustBe(name: string, needed: string, given: unknown): string {
  return `${name} must be ${needed}, but it is ${shownArgument(given)}`
}

const LONGEST_SHOWN = 80

function shownArgument(given: unknown): string {
  const kind = kindOf(given)
  if (kind !== undefined) return `a ${kind}`
  if (typeof given === 'object' && given !== null && !isPlainObject(given) && !Array.isArray(given)) {
    return `a ${classOf(given) ?? 'built-in object'}`
  }
  const shown = shownOption(given)
  return shown.length > LONGEST_SHOWN ? `${shown.slice(0, LONGEST_SHOWN)}…` : shown
}

function classOf(given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const maker: unknown = (given as { readonly constructor?: unknown }).constructor
  return typeof maker === 'function' ? maker.name : undefined
}

/** Anything that can be iterated, except a text, which would give its letters. */
export const anIterable: Check = (given, name) =>
  typeof Object(given ?? {})[Symbol.iterator] === 'function' && typeof given !== 'string'
    ? undefined
    : mustBe(name, 'an array or another iterable', given)

export const aFiniteNumber: Check = (given, name) =>
  typeof given === 'number' && Number.isFinite(given) ? undefined : mustBe(name, 'a number', given)

/** An object with these methods, of whatever class. */
export function hasMethods(needed: string, ...methods: readonly string[]): Check {
  return (given, name) =>
    typeof given === 'object' &&
    given !== null &&
    methods.every(method => typeof Reflect.get(given, method) === 'function')
      ? undefined
      : mustBe(name, needed, given)
}
