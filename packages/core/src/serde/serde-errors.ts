import { isUnawaited } from '../errors/unawaited.ts'
import { millraceError, type MillraceError } from '../errors/millrace-error.ts'

export function decodeError(serde: string, reason: string, cause?: unknown): MillraceError {
  return millraceError('MILLRACE_SERDE_DECODE', { serde, reason }, { cause })
}

export function encodeError(serde: string, reason: string, cause?: unknown): MillraceError {
  return millraceError('MILLRACE_SERDE_ENCODE', { serde, reason }, { cause })
}

/** A value as an error shows it: short, and never failing itself. */
export function shown(value: unknown): string {
  if (isUnawaited(value)) return 'a promise (await it first)'
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'string') return value.length > 40 ? `"${value.slice(0, 40)}…"` : `"${value}"`
  return typeof value === 'object' && value !== null ? 'an object' : String(value)
}
