import { millraceError } from '../errors/millrace-error.ts'
import { reasonOf } from '../errors/thrown.ts'
import { isUnawaited } from '../errors/unawaited.ts'
import type { OperatorEnv, TaskContext } from './process.ts'

export type Pair = readonly [key: unknown, value: unknown]

const VALUE = 'a value, or null for none'

/** What a user function has given, unless it is nothing at all: most of those have forgotten to return. */
export function defined(result: unknown, env: OperatorEnv, needed = VALUE): unknown {
  return result === undefined ? badResult(result, env, needed) : result
}

/** A key and a value, which the caller takes by their indexes. @throws by the policy */
export function pairOf(result: unknown, env: OperatorEnv): Pair {
  let needed: string | undefined
  try {
    if (!Array.isArray(result) || result.length !== 2) needed = 'a pair [key, value]'
    else if (result[0] === undefined || result[1] === undefined) needed = 'a pair [key, value] without undefined in it'
  } catch (error) {
    return unreadable(error, env, 'a pair [key, value]')
  }
  return needed === undefined ? (result as Pair) : badResult(result, env, needed)
}

/**
 * A list of results. A generator runs user code while it is walked, so it is walked first: an error in it is the function's, and none of its
 * results is forwarded.
 * @throws by the policy
 */
export function listOf(results: unknown, env: OperatorEnv): readonly unknown[] {
  const needed = 'a list of results'
  let walks = false
  try {
    if (Array.isArray(results)) return results
    // A text is walked letter by letter, which nobody means.
    walks =
      typeof results === 'object' && typeof (results as Iterable<unknown> | null)?.[Symbol.iterator] === 'function'
  } catch (error) {
    return unreadable(error, env, needed)
  }
  if (!walks) return badResult(results, env, needed)
  try {
    return [...(results as Iterable<unknown>)]
  } catch (error) {
    return env.context.fail(env.node.name, error)
  }
}

/** @throws by the policy */
function badResult(result: unknown, env: OperatorEnv, needed: string): never {
  const operator = env.node.name
  return env.context.fail(operator, resultError(operator, result, needed, env.context))
}

/** A getter of the user has thrown, or a proxy that was revoked, while it was looked at what a function has given. */
export function unreadable(cause: unknown, env: OperatorEnv, needed: string): never {
  const operator = env.node.name
  const result = `an object that cannot be read (${reasonOf(cause)})`
  const values = { operator, result, needed, key: env.context.showKey() }
  return env.context.fail(operator, millraceError('MILLRACE_FUNCTION_RESULT', values, { cause }))
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
