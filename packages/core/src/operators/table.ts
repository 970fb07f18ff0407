import type { StoredValue, TableStore } from '../state/engine-store.ts'
import { defined } from './function-result.ts'
import { forwardAt, isPromise, mustSettle, type OperatorEnv, type Process, settle, valueOf } from './process.ts'
import { versionedKeeper, type VersionedInput } from './versioned-table.ts'
import type { LateOutput } from './late.ts'
import type { ValueFn } from './spec.ts'

export interface TableToStreamSpec {
  readonly type: 'tableToStream'
}

/** Where both sides of a join of tables meet. */
export interface TableJoinMergeSpec {
  readonly type: 'tableJoinMerge'
  readonly store: string | undefined
  readonly sendOldValues: boolean
}

/** A topic (`tableSource`) or a stream (`toTable`) as a table. Only where it is versioned can anything be late for it. */
export interface TableSourceSpec extends LateOutput {
  readonly store: string | undefined
  readonly sendOldValues: boolean
}

/**
 * A table's filter. With a `store` its results are materialised; `parent` says where an old value can be had from when
 * there is none.
 */
export interface TableFilterSpec extends VersionedInput {
  readonly type: 'tableFilter'
  readonly predicate: ValueFn<boolean>
  readonly negate: boolean
  readonly store: string | undefined
  readonly sendOldValues: boolean
}

export interface TableMapValuesSpec {
  readonly type: 'tableMapValues'
  readonly mapper: ValueFn<unknown>
  readonly store: string | undefined
  readonly sendOldValues: boolean
}

/** The table that a topic (`table`) or a stream (`toTable`) is: the last value of each key, null deletes. */
export function compileTableSource(spec: TableSourceSpec, env: OperatorEnv): Process {
  const { context, forward } = env
  const { name } = env.node
  if (spec.store === undefined) {
    return (key, value) => (key === null ? context.drop(name, 'null-key') : forward(key, value, null))
  }
  const materialise = materialiser(spec.store, spec.sendOldValues, env, spec.late)
  return (key, value) => (key === null ? context.drop(name, 'null-key') : materialise(key, value))
}

/**
 * Puts a table's new value into its store and sees that the update is forwarded: now, or at the next commit when the
 * store caches. The old value is the store's own.
 */
export function materialiser(storeName: string, sendOldValues: boolean, env: OperatorEnv, late?: string): Process {
  const store: TableStore = env.tableStore(storeName)
  const { context } = env
  if (store.versioned !== undefined) {
    const keep = versionedKeeper(store.versioned, env, late)
    env.readsByKey(storeName)
    if (!sendOldValues) return (key, value) => keep(key, value, context.timestamp, null)
    return (key, value) => {
      const stored = store.get(key)
      const keepWith = (found: StoredValue | undefined) => keep(key, value, context.timestamp, valueOf(found))
      return stored instanceof Promise ? stored.then(keepWith) : keepWith(stored)
    }
  }
  store.onEmit(env.forward, sendOldValues)
  if (store.caching) {
    return (key, value) => store.put(key, value, context.timestamp)
  }
  if (!sendOldValues) {
    return (key, value) => {
      store.put(key, value, context.timestamp)
      return env.forward(key, value, null)
    }
  }
  env.readsByKey(storeName)
  const update = (key: unknown, value: unknown, stored: StoredValue | undefined) => {
    const old = valueOf(stored)
    store.put(key, value, context.timestamp)
    return forwardAt(env, context.timestamp, key, value, old)
  }
  return (key, value) => {
    const stored = store.get(key)
    if (stored instanceof Promise) return stored.then(entry => update(key, value, entry))
    return update(key, value, stored)
  }
}

/**
 * `KTable.filter` and `filterNot`. What no longer passes becomes a deletion; where old values are at hand, an update
 * that neither had nor has a value is not forwarded.
 */
export function compileTableFilter(spec: TableFilterSpec, env: OperatorEnv): Process {
  const predicate = spec.predicate as (value: unknown, key: unknown) => unknown
  const wanted = !spec.negate
  return compileTableStep(
    (key, value) => {
      const verdict = predicate(value, key)
      if (isPromise(verdict)) return Promise.resolve(verdict).then(later => (Boolean(later) === wanted ? value : null))
      return Boolean(verdict) === wanted ? value : null
    },
    spec,
    spec.versioned !== true,
    env,
  )
}

/** `KTable.mapValues`. The mapper never sees a deletion. */
export function compileTableMapValues(spec: TableMapValuesSpec, env: OperatorEnv): Process {
  const mapper = spec.mapper as (value: unknown, key: unknown) => unknown
  return compileTableStep((key, value) => mapper(value, key), spec, false, env)
}

function compileTableStep(
  compute: (key: unknown, value: unknown) => unknown,
  spec: { readonly store: string | undefined; readonly sendOldValues: boolean },
  skipsNothingToNothing: boolean,
  env: OperatorEnv,
): Process {
  const { context, forward } = env
  const { name } = env.node
  const materialise = spec.store === undefined ? undefined : materialiser(spec.store, spec.sendOldValues, env)
  const store = spec.store === undefined ? undefined : env.tableStore(spec.store)

  const emit = (key: unknown, value: unknown, old: unknown): void | Promise<void> => {
    if (!skipsNothingToNothing || !spec.sendOldValues || value !== null) return pass(key, value, old)
    if (store === undefined) return old === null ? undefined : pass(key, value, old)
    const stored = store.get(key)
    if (stored instanceof Promise)
      return stored.then(entry => (entry === undefined ? undefined : pass(key, value, old)))
    return stored === undefined ? undefined : pass(key, value, old)
  }
  const pass: Process = materialise ?? ((key, value, old) => forward(key, value, old))

  return (key, value, old) => {
    let mapped: unknown = null
    let mappedOld: unknown = null
    try {
      if (value !== null) mapped = compute(key, value)
      if (spec.sendOldValues && store === undefined && old !== null && old !== undefined) {
        mappedOld = compute(key, old)
      }
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(mapped, env) || isPromise(mappedOld)) {
      return settle(Promise.all([mapped, mappedOld]), env, ([later, laterOld]) =>
        emit(key, defined(later, env), defined(laterOld, env)),
      )
    }
    return emit(key, defined(mapped, env), defined(mappedOld, env))
  }
}

/** Where both sides of a join of tables meet. Its old values come from the sides, not from its store. */
export function compileTableJoinMerge(spec: TableJoinMergeSpec, env: OperatorEnv): Process {
  const { context, forward } = env
  const passed: Process = spec.sendOldValues ? forward : (key, value) => forward(key, value, null)
  if (spec.store === undefined) return passed
  const store = env.tableStore(spec.store)
  if (store.versioned !== undefined) {
    const keep = versionedKeeper(store.versioned, env)
    return (key, value, old) => keep(key, value, context.timestamp, spec.sendOldValues ? old : null)
  }
  store.onEmit(forward, spec.sendOldValues)
  return (key, value, old) => {
    store.put(key, value, context.timestamp)
    if (!store.caching) return passed(key, value, old)
  }
}

/** `KTable.toStream`: each update becomes a record, a deletion one without a value. */
export function compileTableToStream(env: OperatorEnv): Process {
  const { forward } = env
  return (key, value) => forward(key, value)
}
