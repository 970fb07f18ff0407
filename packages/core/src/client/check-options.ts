import { insteadOf, unknownName } from '../arguments/option-names.ts'
import { millraceError } from '../errors/millrace-error.ts'
import { isInRange, type NumberRange, rangeText, shownOption } from '../errors/number-option.ts'

/** Options as JavaScript may give them. */
export type GivenOptions = Readonly<Record<string, unknown>>

/** What becomes a timer of Node, which fires at once when it is longer. */
export const TIMER_RANGE: NumberRange = { from: 1, to: 2 ** 31 - 1, of: 'milliseconds' }

export function isGivenObject(value: unknown): value is GivenOptions {
  return typeof value === 'object' && value !== null
}

/** Whether a token can go into a header of HTTP. `fetch` refuses others with a message that shows them, at each request. */
export function isHeaderToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}

/** An option whose value may be shown. */
export function invalidOption(option: string, value: unknown, expected: string): Error {
  return millraceError('MILLRACE_CONFIG_INVALID', { option, value: shownOption(value), expected })
}

/** An option whose value may be a secret. */
export function invalidSecret(option: string, expected: string): Error {
  return millraceError('MILLRACE_CONFIG_INVALID', { option, value: 'something else', expected })
}

/** @throws MILLRACE_CONFIG_INVALID naming the option and its value */
export function checkNumberOptions(
  given: GivenOptions,
  ranges: Readonly<Record<string, NumberRange>>,
  prefix = '',
): void {
  for (const [option, range] of Object.entries(ranges)) {
    const value = given[option]
    if (value === undefined || isInRange(value, range)) continue
    throw invalidOption(`${prefix}${option}`, value, `it must be ${rangeText(range)}`)
  }
}

/**
 * Refuses options that do not exist: a misspelt one would be ignored.
 *
 * @param otherNames names of the same option elsewhere, such as `{ ssl: 'tls' }`
 * @param ignored names that describe something else, such as `OF_AN_APPLICATION`
 * @throws MILLRACE_CONFIG_INVALID naming the option, and never its value
 */
export function checkOptionNames(
  given: GivenOptions,
  possible: readonly string[],
  {
    otherNames = {},
    prefix = '',
    ignored,
  }: {
    readonly otherNames?: Readonly<Record<string, string>>
    readonly prefix?: string
    readonly ignored?: ReadonlySet<string>
  } = {},
): void {
  const unknown = unknownName(given, possible, ignored)
  if (unknown === undefined) return
  const meant = Object.hasOwn(otherNames, unknown) ? otherNames[unknown] : undefined
  const instead = meant === undefined ? insteadOf(unknown, possible) : `it is called ${prefix}${meant} here`
  const expected = `there is no such option; ${instead}`
  throw millraceError('MILLRACE_CONFIG_INVALID', { option: `${prefix}${unknown}`, value: 'given', expected })
}
