import type { StoredValue } from '../state/engine-store.ts'
import { defined, initialOf } from './function-result.ts'
import { forwardAt, mustSettle, type OperatorEnv, type Process, settle, type TaskContext } from './process.ts'
import { versionedKeeper } from './versioned-table.ts'
import type { Awaitable } from './spec.ts'

/** `count`, `reduce` and `aggregate` of a grouped stream. */
export interface KeyValueAggregateSpec {
  readonly type: 'aggregate'
  readonly store: string
  readonly function: AggregateFunction
  /** Downstream needs the value before the update. */
  readonly sendOldValues: boolean
}

export type AggregateFunction =
  | { readonly kind: 'count' }
  | { readonly kind: 'reduce'; readonly reducer: (aggregate: never, value: never) => Awaitable<unknown> }
  | {
      readonly kind: 'aggregate'
      readonly initializer: () => unknown
      readonly aggregator: (aggregate: never, value: never, key: never) => Awaitable<unknown>
    }

/** `count`, `reduce`, `aggregate` of a grouped stream. Records without key or value are dropped and counted. */
export function compileAggregate(spec: KeyValueAggregateSpec, env: OperatorEnv): Process {
  const { context } = env
  const { name } = env.node
  const store = env.tableStore(spec.store)
  const { sendOldValues } = spec
  store.onEmit(env.forward, sendOldValues)
  env.readsByKey(spec.store)

  const keepVersion = store.versioned && versionedKeeper(store.versioned, env)

  const update = compileUpdate(
    spec.function,
    { zero: () => store.zero(), needsOld: sendOldValues && !store.caching },
    env,
    (key, _slot, aggregate, timestamp, old) => {
      if (keepVersion !== undefined) return keepVersion(key, aggregate, timestamp, old)
      store.put(key, aggregate, storedAt(aggregate, timestamp, context))
      if (!store.caching) return forwardAt(env, timestamp, key, aggregate, old)
    },
  )

  return (key, value) => {
    if (key === null) return context.drop(name, 'null-key')
    if (value === null) return context.drop(name, 'null-value')
    const stored = store.get(key)
    if (stored instanceof Promise) return stored.then(entry => update(key, 0, value, entry))
    return update(key, 0, value, stored)
  }
}

/** Where in the store besides the key: the start of a window, 0 without windows. */
type Slot = number

/**
 * One step of an aggregation: computes the new aggregate from what is stored, if anything, and hands it to `keep` with the
 * later of both timestamps. `old` is null unless needed.
 */
export function compileUpdate(
  fn: AggregateFunction,
  options: { readonly zero: () => unknown; readonly needsOld: boolean },
  env: OperatorEnv,
  keep: (key: unknown, slot: Slot, aggregate: unknown, timestamp: number, old: unknown) => void | Promise<void>,
): (key: unknown, slot: Slot, value: unknown, stored: StoredValue | undefined) => void | Promise<void> {
  const { context } = env
  const { name } = env.node
  const step = aggregateStep(fn, options.zero)
  return (key, slot, value, stored) => {
    let { timestamp } = context
    let old: unknown = null
    let aggregate: unknown
    try {
      if (stored !== undefined) {
        if (stored.timestamp > timestamp) timestamp = stored.timestamp
        // Read twice: the user's function may change what it is given.
        if (options.needsOld) old = stored.value
        aggregate = step.next(stored.value, value, key)
      } else if (step.initial === undefined) {
        aggregate = value
      } else {
        if (options.needsOld) old = step.initial() ?? null
        aggregate = step.next(step.initial(), value, key)
      }
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(aggregate, env))
      return settle(aggregate, env, later => keep(key, slot, defined(later, env), timestamp, old))
    return keep(key, slot, defined(aggregate, env), timestamp, old)
  }
}

/**
 * A deletion is written with the time of the record that brings it, though what is forwarded has the later of both: it has no
 * aggregate whose time could be kept (Kafka Streams does the same, as its changelogs show).
 */
export function storedAt(aggregate: unknown, timestamp: number, context: TaskContext): number {
  return aggregate === null ? context.timestamp : timestamp
}

interface AggregateStep {
  /** Absent for `reduce`: there the first value of a key becomes the aggregate as it is. */
  readonly initial?: () => unknown
  readonly next: (aggregate: unknown, value: unknown, key: unknown) => unknown
}

/** `zero` shows which number type a count is kept in; the stores of other aggregations need not hold numbers. */
function aggregateStep(fn: AggregateFunction, zero: () => unknown): AggregateStep {
  switch (fn.kind) {
    case 'count':
      return typeof zero() === 'bigint'
        ? { initial: () => 0n, next: count => (count as bigint) + 1n }
        : { initial: () => 0, next: count => (count as number) + 1 }
    case 'reduce': {
      // Without the key, so that `Math.max` is a reducer.
      const reducer = fn.reducer as (aggregate: unknown, value: unknown) => unknown
      return { next: (aggregate, value) => reducer(aggregate, value) }
    }
    case 'aggregate':
      return { initial: initialOf(fn.initializer), next: fn.aggregator as AggregateStep['next'] }
  }
}
