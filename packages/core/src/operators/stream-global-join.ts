import type { StoredValue } from '../state/engine-store.ts'
import type { MaybePromise } from '../state/store-types.ts'
import { defined } from './function-result.ts'
import { mustSettle, type OperatorEnv, type Process, settle, valueOf } from './process.ts'
import type { Awaitable, ValueFn } from './spec.ts'

/** A stream's record meets a global table's value of the key that `keySelector` gives. */
export interface StreamGlobalJoinSpec {
  readonly type: 'streamGlobalJoin'
  readonly join: 'inner' | 'left'
  readonly keySelector: ValueFn<unknown>
  readonly joiner: (streamValue: never, globalValue: never, key: never) => Awaitable<unknown>
  /** The global table's. */
  readonly store: string
}

/**
 * `join` and `leftJoin` of a stream with a global table. The table is as far as this instance has read it: nothing waits for
 * records that are younger in time, and updates of the table alone give nothing. Records without a value are dropped, and so
 * are those whose key selector gives null; but in a left join they meet null (KIP-962).
 */
export function compileStreamGlobalJoin(spec: StreamGlobalJoinSpec, env: OperatorEnv): Process {
  const keySelector = spec.keySelector as (value: unknown, key: unknown) => unknown
  const joiner = spec.joiner as (streamValue: unknown, globalValue: unknown, key: unknown) => unknown
  const { context, forward } = env
  const { name } = env.node
  const inner = spec.join === 'inner'
  const global = env.globalStore(spec.store)

  /** What was there before the start was copied, and is decoded only now. */
  function meet(key: unknown, value: unknown, found: StoredValue | undefined): void | Promise<void> {
    let globalValue: unknown
    try {
      globalValue = valueOf(found)
    } catch (error) {
      return context.fail(name, error)
    }
    return join(key, value, globalValue)
  }

  function join(key: unknown, value: unknown, globalValue: unknown): void | Promise<void> {
    if (globalValue === null && inner) return
    let joined: unknown
    try {
      joined = joiner(value, globalValue, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(joined, env)) return settle(joined, env, later => forward(key, defined(later, env)))
    return forward(key, defined(joined, env))
  }

  function lookUp(key: unknown, value: unknown, globalKey: unknown): void | Promise<void> {
    if (defined(globalKey, env, 'a key, or null for none') === null) {
      return inner ? context.drop(name, 'null-key') : join(key, value, null)
    }
    let found: MaybePromise<StoredValue | undefined>
    try {
      found = global.get(globalKey)
    } catch (error) {
      return context.fail(name, error)
    }
    if (found instanceof Promise) return settle(found, env, later => meet(key, value, later))
    return meet(key, value, found)
  }

  return (key, value) => {
    if (value === null) return context.drop(name, 'null-value')
    let globalKey: unknown
    try {
      globalKey = keySelector(value, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(globalKey, env)) return settle(globalKey, env, later => lookUp(key, value, later))
    return lookUp(key, value, globalKey)
  }
}
