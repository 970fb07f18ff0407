import type { MaybePromise } from '../state/store-types.ts'
import { inTime, isPromise, mustSettle, type OperatorEnv, type Process } from './process.ts'

/**
 * An operator of many steps, any of which may have to wait: it yields whatever may be a promise, and gets back what that
 * resolves to. As long as nothing is a promise, nothing waits.
 */
export type Steps<Result = void> = Generator<unknown, Result, unknown>

export function stepwise(steps: (key: unknown, value: unknown) => Steps): Process {
  return (key, value) => runSteps(steps(key, value))
}

export function runSteps(steps: Steps<unknown>): void | Promise<void> {
  return advance(steps, () => steps.next())
}

/** Whether anything was done, as the steps themselves say. */
export function runStepsThatTell(steps: Steps<boolean>): MaybePromise<boolean> {
  let did = false
  const told = (function* tell(): Steps {
    did = yield* steps
  })()
  const waiting = runSteps(told)
  return waiting === undefined ? did : waiting.then(() => did)
}

function advance(steps: Steps<unknown>, next: () => IteratorResult<unknown, unknown>): void | Promise<void> {
  let step = next()
  while (step.done !== true) {
    const { value } = step
    if (isPromise(value)) {
      return Promise.resolve(value).then(
        later => advance(steps, () => steps.next(later)),
        (error: unknown) => advance(steps, () => steps.throw(error)),
      )
    }
    step = steps.next(value)
  }
}

/** What a user function gives. Where it fails, the rest of the record's steps are left out. */
export function* called(env: OperatorEnv, call: () => unknown): Steps<unknown> {
  try {
    const result = call()
    return mustSettle(result, env) ? yield inTime(result, env) : result
  } catch (error) {
    return env.context.fail(env.node.name, error)
  }
}
