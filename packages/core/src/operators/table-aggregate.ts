import { millraceError } from '../errors/millrace-error.ts'
import type { Change } from '../formats/change.ts'
import type { StoredValue } from '../state/engine-store.ts'
import { storedAt } from './aggregate.ts'
import { defined, initialOf } from './function-result.ts'
import { forwardAt, mustSettle, type OperatorEnv, type Process, settle, valueOf } from './process.ts'
import { versionedKeeper } from './versioned-table.ts'
import type { Awaitable } from './spec.ts'

/** `count`, `reduce` and `aggregate` of a grouped table. Its input are changes: the old value goes before the new one comes. */
export interface TableAggregateSpec {
  readonly type: 'tableAggregate'
  readonly store: string
  readonly function: TableAggregateFunction
  readonly sendOldValues: boolean
}

export type TableAggregateFunction =
  | { readonly kind: 'count' }
  | {
      readonly kind: 'reduce'
      readonly adder: (aggregate: never, value: never) => Awaitable<unknown>
      readonly subtractor: (aggregate: never, value: never) => Awaitable<unknown>
    }
  | {
      readonly kind: 'aggregate'
      readonly initializer: () => unknown
      readonly adder: (aggregate: never, value: never, key: never) => Awaitable<unknown>
      readonly subtractor: (aggregate: never, value: never, key: never) => Awaitable<unknown>
    }

/**
 * `count`, `reduce`, `aggregate` of a grouped table: takes the old value out of the aggregate, then puts the new one in. The
 * result has the later timestamp of the change and of the aggregate that it went into.
 */
export function compileTableAggregate(spec: TableAggregateSpec, env: OperatorEnv): Process {
  const { context } = env
  const { name } = env.node
  const { sendOldValues } = spec
  const store = env.tableStore(spec.store)
  const step = stepOf(spec.function, () => store.zero())
  store.onEmit(env.forward, sendOldValues)
  env.readsByKey(spec.store)
  const keepVersion = store.versioned && versionedKeeper(store.versioned, env)

  function keep(key: unknown, aggregate: unknown, timestamp: number, old: unknown): void | Promise<void> {
    if (keepVersion !== undefined) return keepVersion(key, aggregate, timestamp, old)
    store.put(key, aggregate, storedAt(aggregate, timestamp, context))
    if (!store.caching) return forwardAt(env, timestamp, key, aggregate, old)
  }

  /** `between` is what the subtractor has left. */
  function add(key: unknown, change: Change, stored: StoredValue | undefined, between: unknown): void | Promise<void> {
    const { oldValue, newValue } = change
    const begins = between === null || between === undefined
    // A reduction that starts again takes nothing from the old aggregate, not even its time.
    const joinsStored =
      stored !== undefined && (oldValue !== null || (newValue !== null && (!begins || step.initial !== undefined)))
    const timestamp = joinsStored ? Math.max(context.timestamp, stored.timestamp) : context.timestamp
    const old = sendOldValues && !store.caching ? valueOf(stored) : null
    if (newValue === null) return keep(key, between ?? null, timestamp, old)
    let aggregate: unknown
    try {
      if (begins && step.initial === undefined) aggregate = newValue
      else aggregate = step.add(begins ? step.initial!() : between, newValue, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(aggregate, env))
      return settle(aggregate, env, later => keep(key, defined(later, env), timestamp, old))
    return keep(key, defined(aggregate, env), timestamp, old)
  }

  function update(key: unknown, change: Change, stored: StoredValue | undefined): void | Promise<void> {
    if (stored === undefined || change.oldValue === null) return add(key, change, stored, valueOf(stored))
    let between: unknown
    try {
      between = step.subtract(stored.value, change.oldValue, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(between, env)) return settle(between, env, later => add(key, change, stored, defined(later, env)))
    return add(key, change, stored, defined(between, env))
  }

  return (key, value) => {
    if (key === null) return context.fail(name, millraceError('MILLRACE_GROUP_KEY_MISSING', { operator: name }))
    const stored = store.get(key)
    if (stored instanceof Promise) return stored.then(entry => update(key, value as Change, entry))
    return update(key, value as Change, stored)
  }
}

interface TableAggregateStep {
  /** Absent for `reduce`: there the first value of a key becomes the aggregate as it is. */
  readonly initial?: () => unknown
  readonly add: (aggregate: unknown, value: unknown, key: unknown) => unknown
  readonly subtract: (aggregate: unknown, value: unknown, key: unknown) => unknown
}

/** `zero` shows which number type a count is kept in. */
function stepOf(fn: TableAggregateFunction, zero: () => unknown): TableAggregateStep {
  switch (fn.kind) {
    case 'count':
      return typeof zero() === 'bigint'
        ? {
            initial: () => 0n,
            add: count => (count as bigint) + 1n,
            subtract: count => (count as bigint) - 1n,
          }
        : {
            initial: () => 0,
            add: count => (count as number) + 1,
            subtract: count => (count as number) - 1,
          }
    case 'reduce': {
      const adder = fn.adder as (aggregate: unknown, value: unknown) => unknown
      const subtractor = fn.subtractor as (aggregate: unknown, value: unknown) => unknown
      return {
        add: (aggregate, value) => adder(aggregate, value),
        subtract: (aggregate, value) => subtractor(aggregate, value),
      }
    }
    case 'aggregate':
      return { initial: initialOf(fn.initializer), add: fn.adder as never, subtract: fn.subtractor as never }
  }
}
