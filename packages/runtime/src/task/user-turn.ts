import { AsyncLocalStorage } from 'node:async_hooks'
import { isPromise } from '@millrace/core'

/** A time in which an application waits for functions of the user. */
interface Turn {
  readonly owner: object
  over: boolean
}

const turns = new AsyncLocalStorage<Turn>()

/**
 * Runs what calls functions of the user and waits for them, on behalf of `owner`: what they do meanwhile can tell that the owner
 * waits for it (`isWaitedForBy`). Of the same owner as the turn around it where none is given; without one it only runs.
 */
export async function inTurn<T>(run: () => T | PromiseLike<T>, owner = turns.getStore()?.owner): Promise<T> {
  if (owner === undefined) return await run()
  const turn: Turn = { owner, over: false }
  try {
    return await turns.run(turn, run)
  } finally {
    turn.over = true
  }
}

/** Whether `owner` waits for the function that asks: it must not wait for `owner` then, since neither would end. */
export function isWaitedForBy(owner: object): boolean {
  const turn = turns.getStore()
  return turn !== undefined && turn.owner === owner && !turn.over
}

/** `inTurn` for a function that runs beside others and may be synchronous: gives what it gives. */
export function callInTurn<T>(run: () => T): T {
  const owner = turns.getStore()?.owner
  if (owner === undefined) return run()
  const turn: Turn = { owner, over: false }
  const end = () => {
    turn.over = true
  }
  let result: T
  try {
    result = turns.run(turn, run)
  } catch (error) {
    end()
    throw error
  }
  if (!isPromise(result)) {
    end()
    return result
  }
  // Taken once only: a query builder runs its query at each `then`.
  const taken = Promise.resolve(result)
  taken.then(end, end)
  return taken as T
}
