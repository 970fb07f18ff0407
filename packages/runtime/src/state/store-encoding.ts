import { isMillraceError, millraceError } from '@millrace/core'

/** Encodes, and says of which store it is what cannot be encoded: a serde knows of none. */
export function named<Target, Result>(
  encode: (value: unknown, target: Target) => Result,
  store: string,
  part: 'key' | 'value',
): (value: unknown, target: Target) => Result {
  return (value, target) => {
    try {
      return encode(value, target)
    } catch (cause) {
      if (isMillraceError(cause) && cause.kind !== 'record') throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      const hint = isMillraceError(cause) ? { hint: cause.hint } : {}
      throw millraceError('MILLRACE_STORE_ENCODE', { store, part, reason }, { cause, ...hint })
    }
  }
}
