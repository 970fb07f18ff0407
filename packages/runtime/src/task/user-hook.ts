import { isMillraceError, millraceError, reasonOf } from '@millrace/core'
import { inTurn } from './user-turn.ts'

export type UserHook = () => Promise<void>

/**
 * `init` or `close` of an operator: what a user function throws there, which concerns no record, names the operator. An error of
 * Millrace goes on as it is.
 */
export function userHook(operator: string, hook: 'init' | 'close', run: () => void | PromiseLike<void>): UserHook {
  return async () => {
    try {
      await inTurn(run)
    } catch (error) {
      if (isMillraceError(error)) throw error
      throw millraceError('MILLRACE_PROCESSOR_FAILED', { operator, hook, reason: reasonOf(error) }, { cause: error })
    }
  }
}

/** Runs all of them, whatever fails. @throws the first failure */
export async function runAll(hooks: Iterable<UserHook>): Promise<void> {
  const failures: unknown[] = []
  for (const run of hooks) {
    try {
      await run()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
