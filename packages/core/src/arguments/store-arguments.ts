import { isInRange } from '../errors/number-option.ts'
import { aBoolean, aBound, aSerde, type Check, checkedInside, mustBe, optional, optionsOf } from './check.ts'
import { type Argument, checkArguments } from './checked-methods.ts'

/*
 * What processors pass to their stores besides keys and values, which the serdes check. A time that is no number would be written as
 * another time, and a misspelt end of a range would read everything.
 */

const aTime: Check = (given, name) =>
  isInRange(given, { from: Number.MIN_SAFE_INTEGER })
    ? undefined
    : mustBe(name, 'a whole number of milliseconds', given)
const aStart: Check = (given, name) =>
  isInRange(given, { from: 0 }) ? undefined : mustBe(name, 'a whole number of milliseconds from 0', given)
/** Ends of a range of times may be infinite. */
const anEnd: Check = (given, name) =>
  typeof given === 'number' && !Number.isNaN(given) ? undefined : mustBe(name, 'a number of milliseconds', given)

const aWindow: Check = (given, name) => {
  const { start, end } = Object(given ?? {}) as { readonly start?: unknown; readonly end?: unknown }
  const usable =
    aTime(start, name) === undefined && aTime(end, name) === undefined && (start as number) <= (end as number)
  return usable ? undefined : mustBe(name, 'a window { start, end } in milliseconds', given)
}
const aSession: Check = (given, name) => aWindow(Object(given ?? {})['window'], `the window of the ${name}`)

const any = (name: string): Argument => [name, checkedInside]
const reverse = optional(aBoolean)
const walk: Argument = ['options', optional(optionsOf({ reverse }))]
const range: Argument = ['range', optionsOf({ from: aBound, to: aBound, reverse })]

type Methods = Readonly<Record<string, readonly Argument[]>>

const KEY_VALUE: Methods = {
  range: [range],
  all: [walk],
  prefixScan: [any('prefix'), ['serde', aSerde], walk],
}
const WINDOW: Methods = {
  put: [any('key'), any('value'), ['windowStart', aStart]],
  fetch: [any('key'), ['windowStart', aStart]],
  fetchRange: [any('key'), ['from', anEnd], ['to', anEnd], walk],
  fetchKeys: [range, ['from', anEnd], ['to', anEnd]],
  fetchAll: [['from', anEnd], ['to', anEnd], walk],
}
const SESSION: Methods = {
  put: [['session', aSession], any('value')],
  fetchSession: [any('key'), ['window', aWindow]],
}
const VERSIONED: Methods = {
  put: [any('key'), any('value'), ['timestamp', aTime]],
  delete: [any('key'), ['timestamp', aTime]],
  get: [any('key'), ['asOf', optional(anEnd)]],
  versions: [any('key'), ['within', optional(optionsOf({ from: optional(anEnd), to: optional(anEnd), reverse }))]],
}

/** The methods of a store that are checked: none of a store of the user's own. */
export function storeMethods(store: object): Methods | undefined {
  const has = (method: string) => typeof Reflect.get(store, method) === 'function'
  if (has('restore')) return undefined
  if (has('fetchSession')) return SESSION
  if (has('fetchRange')) return WINDOW
  if (has('versions')) return VERSIONED
  return has('prefixScan') ? KEY_VALUE : undefined
}

/** @throws MILLRACE_ARGUMENT_INVALID naming the store, the method and the argument */
export function checkStoreCall(
  store: string,
  method: string,
  rule: readonly Argument[],
  given: readonly unknown[],
): void {
  checkArguments(`${method} of the store "${store}"`, rule, given)
}
