import { AsyncLocalStorage } from 'node:async_hooks'
import type { CallScope } from '@millrace/core'

const CALLS = new AsyncLocalStorage<object>()

/** Calls of user functions, through all that they await. */
export const callScope: CallScope = {
  run: (call, run) => CALLS.run(call, run),
  current: () => CALLS.getStore(),
}
