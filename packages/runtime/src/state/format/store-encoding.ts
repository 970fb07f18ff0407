import { isMillraceError, millraceError, reasonOf, type StorePlan } from '@millrace/core'

/** By error, the one operator that writes to the store: the error turns up elsewhere, in the source or when a cache is flushed. */
const OPERATORS = new WeakMap<object, string>()

/** Encodes, and says of which store and operator a value is that cannot be encoded: a serde knows neither. */
export function named<Target, Result>(
  encode: (value: unknown, target: Target) => Result,
  store: Pick<StorePlan, 'name' | 'processors'>,
  part: 'key' | 'value',
): (value: unknown, target: Target) => Result {
  return (value, target) => {
    try {
      return encode(value, target)
    } catch (cause) {
      if (isMillraceError(cause) && cause.kind !== 'record') throw cause
      const hint = isMillraceError(cause) ? { hint: cause.hint } : {}
      const values = { store: store.name, operator: writersOf(store), part, reason: reasonOf(cause) }
      const error = millraceError('MILLRACE_STORE_ENCODE', values, { cause, ...hint })
      const [only, ...others] = store.processors
      if (only !== undefined && others.length === 0) OPERATORS.set(error, only)
      throw error
    }
  }
}

/** The operator whose entry could not be encoded, where it is certain. */
export function encodingOperator(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? OPERATORS.get(error) : undefined
}

function writersOf({ processors }: Pick<StorePlan, 'processors'>): string {
  return processors.length === 0 ? 'the application' : processors.join(' or ')
}
