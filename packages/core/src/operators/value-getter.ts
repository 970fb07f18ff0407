import type { Windowed } from '../record/windowed.ts'
import { decodeHeld } from '../formats/held-change.ts'
import { viewBytes } from '../record/byte-arrays.ts'
import type { RangeStore, StoredValue } from '../state/engine-store.ts'
import type { MaybePromise } from '../state/store-types.ts'
import { defined } from './function-result.ts'
import { isPromise, type OperatorEnv } from './process.ts'
import { startTransformer } from './table-transform.ts'
import type { ValueFn } from './spec.ts'
import type { TableJoiner } from './table-table-join.ts'
import type { Serde } from '../serde/serde.ts'

/**
 * How a table's current value is looked up: in the store of the nearest materialised ancestor, or in both tables of an
 * unmaterialised join, then through the unmaterialised steps below, first to last.
 */
export type ValueGetterSpec = StoredGetterSpec | JoinedGetterSpec | SuppressedGetterSpec

export interface StoredGetterSpec {
  readonly kind: 'stored'
  readonly store: string
  /** What finds a value: its key, or with windowed keys the key and its window or session. */
  readonly by: 'key' | 'window' | 'session'
  /** The store is a versioned one, and how far back it knows what was valid at a time. */
  readonly historyRetentionMs?: number
  readonly steps: readonly ValueGetterStep[]
}

/** What was before the first update that is held back; the table above where none is. */
export interface SuppressedGetterSpec {
  readonly kind: 'suppressed'
  readonly store: string
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
  readonly above: ValueGetterSpec
  readonly steps: readonly ValueGetterStep[]
}

export interface JoinedGetterSpec {
  readonly kind: 'joined'
  readonly join: 'inner' | 'left' | 'outer'
  readonly joiner: TableJoiner
  readonly left: ValueGetterSpec
  readonly right: ValueGetterSpec
  readonly steps: readonly ValueGetterStep[]
}

export type ValueGetterStep =
  | { readonly type: 'filter'; readonly predicate: ValueFn<boolean>; readonly negate: boolean }
  | { readonly type: 'mapValues'; readonly mapper: ValueFn<unknown> }
  /** Also of a row that is not there. */
  | { readonly type: 'transformValues'; readonly supplier: () => unknown }

/**
 * A table's current value of a key with its timestamp; a promise where a store or a user function needs one. With `asOf`, what
 * was valid then: of a versioned table only, see `getterHistoryMs`.
 */
export type ValueGetter = (key: unknown, asOf?: number) => MaybePromise<StoredValue | undefined>

export function compileValueGetter(spec: ValueGetterSpec, env: OperatorEnv): ValueGetter {
  const read = compileUnsteppedGetter(spec, env)
  const steps = spec.steps.map(step => compileStep(step, env))
  if (steps.length === 0) return read

  function throughFrom(
    first: number,
    key: unknown,
    begin: unknown,
    time: number,
  ): MaybePromise<StoredValue | undefined> {
    let value = begin
    let timestamp = time
    for (let index = first; index < steps.length; index++) {
      const result = steps[index]!(key, value)
      if (isPromise(result)) {
        const before = timestamp
        return Promise.resolve(result).then(later => {
          const value = defined(later, env)
          return throughFrom(index + 1, key, value, value === null ? -1 : before)
        })
      }
      value = defined(result, env)
      // A row that is gone has no time either, should a transformer make another of it.
      if (value === null) timestamp = -1
    }
    return value === null ? undefined : { value, timestamp }
  }

  const through = (key: unknown, found: StoredValue | undefined) =>
    throughFrom(0, key, found === undefined ? null : found.value, found?.timestamp ?? -1)
  return (key, asOf) => {
    const found = read(key, asOf)
    return found instanceof Promise ? found.then(later => through(key, later)) : through(key, found)
  }
}

function compileUnsteppedGetter(spec: ValueGetterSpec, env: OperatorEnv): ValueGetter {
  switch (spec.kind) {
    case 'stored':
      return compileStoredGetter(spec, env)
    case 'joined':
      return compileJoinedGetter(spec, env)
    case 'suppressed':
      return compileSuppressedGetter(spec, env)
  }
}

/** Says which stores are read by the key of each record, so that they can be read ahead. */
export function announceReads(spec: ValueGetterSpec, env: OperatorEnv): void {
  if (spec.kind === 'joined') {
    announceReads(spec.left, env)
    announceReads(spec.right, env)
  } else if (spec.kind === 'suppressed') {
    announceReads(spec.above, env)
  } else if (spec.by === 'key') {
    // Windows are read by key and start, so there is nothing to fetch by key alone.
    env.readsByKey(spec.store)
  }
}

function compileStoredGetter(spec: StoredGetterSpec, env: OperatorEnv): ValueGetter {
  switch (spec.by) {
    case 'key': {
      const store = env.tableStore(spec.store)
      const { versioned } = store
      if (versioned === undefined) return key => store.get(key)
      return (key, asOf) => (asOf === undefined ? store.get(key) : versioned.getAsOf(key, asOf))
    }
    case 'window': {
      const store = env.windowStore(spec.store)
      return windowed => {
        const { key, window } = windowed as Windowed<unknown>
        return store.get(key, window.start)
      }
    }
    case 'session':
      return compileSessionGetter(env.rangeStore(spec.store))
  }
}

/** A session is found by start and end, and timed by its end. */
function compileSessionGetter(store: RangeStore): ValueGetter {
  function find({ key, window }: Windowed<unknown>): StoredValue | undefined {
    const session = store.get(key, window.end, window.start)
    return session && { value: session.value, timestamp: window.end }
  }
  return key => {
    const windowed = key as Windowed<unknown>
    const waiting = store.load(windowed.key)
    return waiting === undefined ? find(windowed) : waiting.then(() => find(windowed))
  }
}

function compileSuppressedGetter(spec: SuppressedGetterSpec, env: OperatorEnv): ValueGetter {
  const store = env.tableStore(spec.store)
  const above = compileValueGetter(spec.above, env)
  const shown = (key: unknown, held: StoredValue | undefined): MaybePromise<StoredValue | undefined> => {
    if (held === undefined) return above(key)
    const { prior } = decodeHeld(viewBytes(held.value as Uint8Array))
    return prior === null ? undefined : { value: spec.valueSerde.deserialize(prior, spec.store), timestamp: -1 }
  }
  return key => {
    const held = store.get(spec.keySerde.serialize(key, spec.store))
    return held instanceof Promise ? held.then(later => shown(key, later)) : shown(key, held)
  }
}

/** A join that is kept nowhere is recreated for each look-up, with the later of both timestamps. */
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
    const shown = (value: unknown) => (defined(value, env) === null ? undefined : { value, timestamp })
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

/** Gives null where the step leaves nothing. Only a transformer is asked about a row that is not there. */
function compileStep(step: ValueGetterStep, env: OperatorEnv): (key: unknown, value: unknown) => unknown {
  switch (step.type) {
    case 'transformValues':
      return startTransformer(step.supplier, env)
    case 'mapValues': {
      const mapper = step.mapper as (value: unknown, key: unknown) => unknown
      return (key, value) => (value === null ? null : mapper(value, key))
    }
    case 'filter': {
      const wanted = !step.negate
      const predicate = step.predicate as (value: unknown, key: unknown) => unknown
      return (key, value) => {
        if (value === null) return null
        const verdict = predicate(value, key)
        if (isPromise(verdict))
          return Promise.resolve(verdict).then(later => (Boolean(later) === wanted ? value : null))
        return Boolean(verdict) === wanted ? value : null
      }
    }
  }
}
