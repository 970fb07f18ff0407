import type { StoredValue } from '../state/engine-store.ts'
import type { MaybePromise } from '../state/store-types.ts'
import { defined } from './function-result.ts'
import { forwardAt, isPromise, mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import { announceReads, compileValueGetter, type ValueGetterSpec } from './value-getter.ts'
import type { Awaitable } from './spec.ts'
import type { VersionedInput } from './versioned-table.ts'

/** One side of a join of two tables: its updates meet the current value of the other. */
export interface TableTableJoinSpec extends VersionedInput {
  readonly type: 'tableTableJoin'
  readonly join: 'inner' | 'left' | 'outer'
  readonly side: 'left' | 'right'
  readonly joiner: TableJoiner
  readonly other: ValueGetterSpec
  readonly sendOldValues: boolean
}

/** The left value comes first, whichever side was updated. */
export type TableJoiner = (left: never, right: never, key: never) => Awaitable<unknown>

/**
 * One side of `join`, `leftJoin` or `outerJoin` of two tables: each update of this side meets the current value of the other,
 * and the result has the later timestamp of both. The old result is made from the old value of this side and the current one
 * of the other.
 */
export function compileTableTableJoin(spec: TableTableJoinSpec, env: OperatorEnv): Process {
  const { context } = env
  const { name } = env.node
  const { sendOldValues } = spec
  const given = spec.joiner as (left: unknown, right: unknown, key: unknown) => unknown
  const joiner: typeof given = spec.side === 'left' ? given : (mine, theirs, key) => given(theirs, mine, key)
  // Whether a value of one side is enough for a result.
  const mineAlone = spec.join === 'outer' || (spec.join === 'left' && spec.side === 'left')
  const theirsAlone = spec.join === 'outer' || (spec.join === 'left' && spec.side === 'right')
  const lookUp = compileValueGetter(spec.other, env)
  announceReads(spec.other, env)

  function joined(key: unknown, mine: unknown, theirs: unknown): unknown {
    if (mine === null ? !theirsAlone || theirs === null : theirs === null && !mineAlone) return null
    const result = joiner(mine, theirs, key)
    return isPromise(result) ? result : defined(result, env)
  }

  function update(key: unknown, value: unknown, old: unknown, other: StoredValue | undefined): void | Promise<void> {
    if (other === undefined && (!mineAlone || (value === null && old === null))) return
    const theirs = other === undefined ? null : other.value
    const timestamp = other === undefined ? context.timestamp : Math.max(context.timestamp, other.timestamp)
    let result: unknown
    let oldResult: unknown
    try {
      result = joined(key, value, theirs)
      // Read once more: the joiner may change what it is given.
      oldResult = sendOldValues ? joined(key, old, other === undefined ? null : other.value) : null
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(result, env) || isPromise(oldResult)) {
      return settle(Promise.all([result, oldResult]), env, ([later, laterOld]) =>
        forwardAt(env, timestamp, key, defined(later, env), defined(laterOld, env)),
      )
    }
    return forwardAt(env, timestamp, key, result, oldResult)
  }

  return (key, value, old) => {
    if (key === null) return context.drop(name, 'null-key')
    if (spec.versioned === true && !context.isLatest) return context.drop(name, 'out-of-order')
    const before = old ?? null
    let found: MaybePromise<StoredValue | undefined>
    try {
      found = lookUp(key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (found instanceof Promise) return settle(found, env, later => update(key, value, before, later))
    return update(key, value, before, found)
  }
}
