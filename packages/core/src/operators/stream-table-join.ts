import type { StoredValue } from '../state/engine-store.ts'
import type { MaybePromise } from '../state/store-types.ts'
import { defined } from './function-result.ts'
import { mustSettle, type OperatorEnv, type Process, settle, valueOf } from './process.ts'
import { getterHistoryMs } from '../topology/table-state.ts'
import { compileJoinWait, type JoinWaitSpec } from './join-wait.ts'
import { announceReads, compileValueGetter, type ValueGetterSpec } from './value-getter.ts'
import type { Awaitable } from './spec.ts'

export interface StreamTableJoinSpec {
  readonly type: 'streamTableJoin'
  readonly join: 'inner' | 'left'
  readonly joiner: (streamValue: never, tableValue: never, key: never) => Awaitable<unknown>
  readonly table: ValueGetterSpec
  /** Where records wait for the versions of the table that come late. */
  readonly waiting?: JoinWaitSpec
}

/**
 * `join` and `leftJoin` of a stream with a table: each record meets the table's current value of its key, or of a versioned
 * table the one that was valid at the record's time. Updates of the table alone give nothing. Records without a value are
 * dropped, and for the inner join those without a key.
 */
export function compileStreamTableJoin(spec: StreamTableJoinSpec, env: OperatorEnv): Process {
  const joiner = spec.joiner as (streamValue: unknown, tableValue: unknown, key: unknown) => unknown
  const { context, forward } = env
  const { name } = env.node
  const inner = spec.join === 'inner'
  const lookUp = compileValueGetter(spec.table, env)
  announceReads(spec.table, env)

  function join(key: unknown, value: unknown, tableValue: unknown): void | Promise<void> {
    if (tableValue === null && inner) return
    let joined: unknown
    try {
      joined = joiner(value, tableValue, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(joined, env)) return settle(joined, env, later => forward(key, defined(later, env)))
    return forward(key, defined(joined, env))
  }

  const asOf = getterHistoryMs(spec.table) !== undefined

  /** What was restored from the table's own topic is decoded only now. */
  function joinWith(key: unknown, value: unknown, found: StoredValue | undefined): void | Promise<void> {
    let tableValue: unknown
    try {
      tableValue = valueOf(found)
    } catch (error) {
      return context.fail(name, error)
    }
    return join(key, value, tableValue)
  }

  const meet: Process = (key, value) => {
    let found: MaybePromise<StoredValue | undefined>
    try {
      found = asOf ? lookUp(key, context.timestamp) : lookUp(key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (found instanceof Promise) return settle(found, env, later => joinWith(key, value, later))
    return joinWith(key, value, found)
  }
  const meetInTime = spec.waiting === undefined ? meet : compileJoinWait(spec.waiting, env, meet)

  return (key, value) => {
    if (value === null) return context.drop(name, 'null-value')
    if (key === null) return inner ? context.drop(name, 'null-key') : join(key, value, null)
    return meetInTime(key, value)
  }
}
