import type { Windowed } from '../record/windowed.ts'
import type { StoredValue } from '../state/engine-store.ts'
import type { MaybePromise } from '../state/store-types.ts'
import { isPromise, type OperatorEnv } from './process.ts'
import type { JoinedGetterSpec, StoredGetterSpec, ValueGetterSpec, ValueGetterStep } from './spec.ts'

/** A table's current value of a key with its timestamp; a promise where a store or a user function needs one. */
export type ValueGetter = (key: unknown) => MaybePromise<StoredValue | undefined>

export function compileValueGetter(spec: ValueGetterSpec, env: OperatorEnv): ValueGetter {
  const read = spec.kind === 'stored' ? compileStoredGetter(spec, env) : compileJoinedGetter(spec, env)
  const { steps } = spec
  if (steps.length === 0) return read

  function throughFrom(first: number, key: unknown, from: StoredValue): MaybePromise<StoredValue | undefined> {
    let { value } = from
    for (let index = first; index < steps.length; index++) {
      const result = runStep(steps[index]!, key, value)
      if (isPromise(result)) {
        const { timestamp } = from
        return Promise.resolve(result).then(later =>
          later === null ? undefined : throughFrom(index + 1, key, { value: later, timestamp }),
        )
      }
      if (result === null) return undefined
      value = result
    }
    return { value, timestamp: from.timestamp }
  }

  const through = (key: unknown, found: StoredValue | undefined) =>
    found === undefined ? undefined : throughFrom(0, key, found)
  return key => {
    const found = read(key)
    return found instanceof Promise ? found.then(later => through(key, later)) : through(key, found)
  }
}

/** Says which stores are read by the key of each record, so that they can be read ahead. */
export function announceReads(spec: ValueGetterSpec, env: OperatorEnv): void {
  if (spec.kind === 'joined') {
    announceReads(spec.left, env)
    announceReads(spec.right, env)
  } else if (!spec.windowed) {
    // Windows are read by key and start, so there is nothing to fetch by key alone.
    env.readsByKey(spec.store)
  }
}

function compileStoredGetter(spec: StoredGetterSpec, env: OperatorEnv): ValueGetter {
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

/** A join that is kept nowhere is made anew for each look-up, with the later of both timestamps. */
function compileJoinedGetter(spec: JoinedGetterSpec, env: OperatorEnv): ValueGetter {
  const joiner = spec.joiner as (left: unknown, right: unknown, key: unknown) => unknown
  const getLeft = compileValueGetter(spec.left, env)
  const getRight = compileValueGetter(spec.right, env)
  const needsLeft = spec.join !== 'outer'
  const needsRight = spec.join === 'inner'

  function join(key: unknown, left: StoredValue | undefined, right: StoredValue | undefined) {
    if (right === undefined && (needsRight || left === undefined)) return undefined
    const timestamp = Math.max(left?.timestamp ?? -1, right?.timestamp ?? -1)
    const joined = joiner(left?.value ?? null, right?.value ?? null, key)
    const shown = (value: unknown) => (value === null || value === undefined ? undefined : { value, timestamp })
    return isPromise(joined) ? Promise.resolve(joined).then(shown) : shown(joined)
  }

  function withLeft(key: unknown, left: StoredValue | undefined): MaybePromise<StoredValue | undefined> {
    if (left === undefined && needsLeft) return undefined
    const right = getRight(key)
    return right instanceof Promise ? right.then(later => join(key, left, later)) : join(key, left, right)
  }

  return key => {
    const left = getLeft(key)
    return left instanceof Promise ? left.then(later => withLeft(key, later)) : withLeft(key, left)
  }
}

/** Null where the step leaves nothing. */
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
