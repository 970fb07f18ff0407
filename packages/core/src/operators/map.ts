import { badResult, defined, type Pair, pairOf } from './function-result.ts'
import { mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import type { ValueFn } from './spec.ts'

export interface MapSpec {
  readonly type: 'map'
  readonly mapper: ValueFn<readonly [unknown, unknown]>
}

export interface MapValuesSpec {
  readonly type: 'mapValues'
  readonly mapper: ValueFn<unknown>
}

export interface FlatMapSpec {
  readonly type: 'flatMap'
  readonly mapper: ValueFn<Iterable<readonly [unknown, unknown]>>
}

export interface FlatMapValuesSpec {
  readonly type: 'flatMapValues'
  readonly mapper: ValueFn<Iterable<unknown>>
}

/** Also the first half of `groupBy`. */
export interface SelectKeySpec {
  readonly type: 'selectKey'
  readonly mapper: ValueFn<unknown>
}

type Mapper<Result> = (value: unknown, key: unknown) => Result | PromiseLike<Result>

const KEY = 'a key, or null for none'

export function compileMap(spec: MapSpec, env: OperatorEnv): Process {
  const mapper = spec.mapper as Mapper<Pair>
  const { context, forward } = env
  const { name } = env.node
  return (key, value) => {
    let pair: Pair | PromiseLike<Pair>
    try {
      pair = mapper(value, key)
      if (mustSettle(pair, env)) {
        return settle(pair, env, later => {
          const [newKey, newValue] = pairOf(later, env)
          return forward(newKey, newValue)
        })
      }
    } catch (error) {
      return context.fail(name, error)
    }
    const [newKey, newValue] = pairOf(pair, env)
    return forward(newKey, newValue)
  }
}

export function compileMapValues(spec: MapValuesSpec, env: OperatorEnv): Process {
  const mapper = spec.mapper as Mapper<unknown>
  const { context, forward } = env
  const { name } = env.node
  return (key, value) => {
    let mapped: unknown
    try {
      mapped = mapper(value, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(mapped, env)) return settle(mapped, env, later => forward(key, defined(later, env)))
    return forward(key, defined(mapped, env))
  }
}

export function compileSelectKey(spec: SelectKeySpec, env: OperatorEnv): Process {
  const mapper = spec.mapper as Mapper<unknown>
  const { context, forward } = env
  const { name } = env.node
  return (key, value) => {
    let selected: unknown
    try {
      selected = mapper(value, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(selected, env)) return settle(selected, env, later => forward(defined(later, env, KEY), value))
    return forward(defined(selected, env, KEY), value)
  }
}

export function compileFlatMap(spec: FlatMapSpec, env: OperatorEnv): Process {
  const { forward } = env
  return compileMany(spec.mapper as Mapper<Iterable<unknown>>, env, (_key, pair) => {
    const [key, value] = pairOf(pair, env)
    return forward(key, value)
  })
}

export function compileFlatMapValues(spec: FlatMapValuesSpec, env: OperatorEnv): Process {
  const { forward } = env
  return compileMany(spec.mapper as Mapper<Iterable<unknown>>, env, (key, value) => forward(key, defined(value, env)))
}

/** Calls the mapper and `emit`s each of its results with the key. */
function compileMany(mapper: Mapper<Iterable<unknown>>, env: OperatorEnv, emit: Process): Process {
  const { context } = env
  const { name } = env.node
  return (key, value) => {
    let results: Iterable<unknown> | PromiseLike<Iterable<unknown>>
    try {
      results = mapper(value, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(results, env)) return settle(results, env, later => emitAll(key, later))
    return emitAll(key, results)
  }

  function emitAll(key: unknown, results: Iterable<unknown>): void | Promise<void> {
    if (!Array.isArray(results)) results = drain(results)
    return emitFrom(key, results as readonly unknown[], 0)
  }

  // A generator runs user code while it is walked, so it is drained first: an error in it is the mapper's, and none of
  // its results is forwarded.
  function drain(results: Iterable<unknown>): readonly unknown[] {
    // A text is walked letter by letter, which nobody means.
    if (typeof results !== 'object' || typeof results?.[Symbol.iterator] !== 'function') {
      return badResult(results, env, 'a list of results')
    }
    try {
      return [...results]
    } catch (error) {
      return context.fail(name, error)
    }
  }

  function emitFrom(key: unknown, results: readonly unknown[], from: number): void | Promise<void> {
    for (let index = from; index < results.length; index++) {
      const waiting = emit(key, results[index])
      if (waiting !== undefined) return waiting.then(() => emitFrom(key, results, index + 1))
    }
  }
}
