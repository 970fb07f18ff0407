import { millraceError } from '../errors/millrace-error.ts'
import { isUnawaited } from '../errors/unawaited.ts'
import type { OperatorEnv, TaskContext } from './process.ts'

export type Pair = readonly [key: unknown, value: unknown]

const VALUE = 'a value, or null for none'

/** What a user function has given, unless it is nothing at all: most of those have forgotten to return. */
export function defined(result: unknown, env: OperatorEnv, needed = VALUE): unknown {
  return result === undefined ? badResult(result, env, needed) : result
}

/** A key and a value. @throws by the policy */
export function pairOf(result: unknown, env: OperatorEnv): Pair {
  if (!Array.isArray(result) || result.length !== 2) return badResult(result, env, 'a pair [key, value]')
  if (result[0] === undefined || result[1] === undefined)
    return badResult(result, env, 'a pair [key, value] without undefined in it')
  return result as unknown as Pair
}

/** @throws by the policy */
export function badResult(result: unknown, env: OperatorEnv, needed: string): never {
  const operator = env.node.name
  return env.context.fail(operator, resultError(operator, result, needed, env.context))
}

export function resultError(operator: string, result: unknown, needed: string, context: TaskContext): Error {
  const key = context.showKey()
  return millraceError('MILLRACE_FUNCTION_RESULT', { operator, result: showResult(result), needed, key })
}

/** What begins an aggregation, which is not waited for: a promise would become part of the aggregate. */
export function initialOf(initializer: () => unknown): () => unknown {
  return () => {
    const initial = initializer()
    if (!isUnawaited(initial)) return initial
    throw new Error('the initializer returned a promise, but it must return the initial aggregate itself')
  }
}

const LONGEST_SHOWN = 80

function showResult(result: unknown): string {
  if (isUnawaited(result)) return 'a promise'
  if (typeof result === 'function') return 'a function'
  if (typeof result !== 'object' || result === null) {
    return cut(
      typeof result === 'string' ? JSON.stringify(result) : `${String(result)}${typeof result === 'bigint' ? 'n' : ''}`,
    )
  }
  try {
    return cut(
      JSON.stringify(result, (_name, inner: unknown) => (inner === undefined ? '(undefined)' : inner)) ?? 'an object',
    )
  } catch {
    return 'an object'
  }
}

function cut(text: string): string {
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`
}
