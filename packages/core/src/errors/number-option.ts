import { isUnawaited } from './unawaited.ts'
import { millraceError } from './millrace-error.ts'

/** Which numbers an option takes: whole ones, up to 2^53 - 1 unless it says less. */
export interface NumberRange {
  readonly from: number
  readonly to?: number
  /** `Infinity` means never, or no limit. */
  readonly orInfinity?: boolean
  /** What is counted, as `milliseconds`. */
  readonly of?: string
}

export function isInRange(value: unknown, { from, to = Number.MAX_SAFE_INTEGER, orInfinity = false }: NumberRange) {
  if (value === Number.POSITIVE_INFINITY) return orInfinity
  return Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to
}

/** As `a whole number of milliseconds from 0, or Infinity`. */
export function rangeText({ from, to, orInfinity = false, of }: NumberRange): string {
  const least = from === Number.MIN_SAFE_INTEGER ? '' : ` from ${from}`
  return `a whole number${of === undefined ? '' : ` of ${of}`}${least}${to === undefined ? '' : ` to ${to}`}${orInfinity ? ', or Infinity' : ''}`
}

/**
 * For options of operators and stores. Gives the number back.
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID naming operator, option and value
 */
export function checkedNumber(operator: string, option: string, value: number, range: NumberRange): number {
  if (isInRange(value, range)) return value
  const reason = `${option} must be ${rangeText(range)}, but it is ${shownOption(value)}`
  throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
}

/**
 * For options of an application, its client, its stores and its test driver. Gives the number back.
 * @throws MILLRACE_CONFIG_INVALID naming option and value
 */
export function checkedConfigNumber(option: string, value: number, range: NumberRange): number {
  if (isInRange(value, range)) return value
  throw millraceError('MILLRACE_CONFIG_INVALID', {
    option,
    value: shownOption(value),
    expected: `it must be ${rangeText(range)}`,
  })
}

/** Any value as an error shows it. */
export function shownOption(value: unknown): string {
  if (isUnawaited(value)) return 'a promise'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'string') return `"${value}"`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  try {
    const withBigInts = (_name: string, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner)
    return JSON.stringify(value, withBigInts) ?? 'an object'
  } catch {
    return 'an object'
  }
}
