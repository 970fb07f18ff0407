import type { Windowed } from '../record/windowed.ts'
import type { StoredValue } from '../state/engine-store.ts'
import type { MaybePromise } from '../state/store-types.ts'
import { isPromise, type OperatorEnv, type Process, settle, valueOf } from './process.ts'
import type { StreamTableJoinSpec, ValueGetterSpec, ValueGetterStep } from './spec.ts'

/**
 * `join` and `leftJoin` of a stream with a table: each record meets the table's current value of its key. Updates of the
 * table alone give nothing. Records without a value are dropped, and for the inner join those without a key.
 */
export function compileStreamTableJoin(spec: StreamTableJoinSpec, env: OperatorEnv): Process {
  const joiner = spec.joiner as (streamValue: unknown, tableValue: unknown, key: unknown) => unknown
  const { context, forward } = env
  const { name } = env.node
  const inner = spec.join === 'inner'
  const lookUp = compileValueGetter(spec.table, env)
  // Windows are read by key and start, so there is nothing to fetch by key alone.
  if (!spec.table.windowed) env.readsByKey(spec.table.store)

  function join(key: unknown, value: unknown, tableValue: unknown): void | Promise<void> {
    if (tableValue === null && inner) return
    let joined: unknown
    try {
      joined = joiner(value, tableValue, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (isPromise(joined)) return settle(joined, env, later => forward(key, later))
    return forward(key, joined)
  }

  return (key, value) => {
    if (value === null) return context.drop(name, 'null-value')
    if (key === null) return inner ? context.drop(name, 'null-key') : join(key, value, null)
    let tableValue: unknown
    try {
      tableValue = lookUp(key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (isPromise(tableValue)) return settle(tableValue, env, later => join(key, value, later))
    return join(key, value, tableValue)
  }
}

/** The table's value for a key, null where there is none; a promise where the store or a step needs one. */
function compileValueGetter(spec: ValueGetterSpec, env: OperatorEnv): (key: unknown) => unknown {
  const read = compileRead(spec, env)
  const { steps } = spec

  function throughFrom(first: number, key: unknown, value: unknown): unknown {
    for (let index = first; index < steps.length && value !== null; index++) {
      const step = steps[index]!
      const result = runStep(step, key, value)
      if (isPromise(result)) return result.then(later => throughFrom(index + 1, key, later))
      value = result
    }
    return value
  }

  const through = (key: unknown, stored: StoredValue | undefined) => throughFrom(0, key, valueOf(stored))
  return key => {
    const stored = read(key)
    return stored instanceof Promise ? stored.then(entry => through(key, entry)) : through(key, stored)
  }
}

function compileRead(spec: ValueGetterSpec, env: OperatorEnv): (key: unknown) => MaybePromise<StoredValue | undefined> {
  if (!spec.windowed) {
    const store = env.tableStore(spec.store)
    return key => store.get(key)
  }
  const store = env.windowStore(spec.store)
  return windowed => {
    const { key, window } = windowed as Windowed<unknown>
    return store.get(key, window.start)
  }
}

function runStep(step: ValueGetterStep, key: unknown, value: unknown): unknown {
  if (step.type === 'mapValues') {
    const mapped = (step.mapper as (value: unknown, key: unknown) => unknown)(value, key)
    return isPromise(mapped) ? mapped.then(later => later ?? null) : (mapped ?? null)
  }
  const wanted = !step.negate
  const verdict = (step.predicate as (key: unknown, value: unknown) => unknown)(key, value)
  if (isPromise(verdict)) return verdict.then(later => (Boolean(later) === wanted ? value : null))
  return Boolean(verdict) === wanted ? value : null
}
