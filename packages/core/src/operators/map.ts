import { defined, listOf, type Pair, pairOf, unreadable } from './function-result.ts'
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
          const laterPair = pairOf(later, env)
          return forward(laterPair[0], laterPair[1])
        })
      }
    } catch (error) {
      return context.fail(name, error)
    }
    const newPair = pairOf(pair, env)
    return forward(newPair[0], newPair[1])
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
    const newPair = pairOf(pair, env)
    return forward(newPair[0], newPair[1])
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
    if (mustSettle(results, env)) return settle(results, env, later => emitFrom(key, listOf(later, env), 0))
    return emitFrom(key, listOf(results, env), 0)
  }

  function emitFrom(key: unknown, results: readonly unknown[], from: number): void | Promise<void> {
    for (let index = from; ; index++) {
      let result: unknown
      try {
        if (index >= results.length) return
        result = results[index]
      } catch (error) {
        return unreadable(error, env, 'a list of results')
      }
      const waiting = emit(key, result)
      if (waiting !== undefined) return waiting.then(() => emitFrom(key, results, index + 1))
    }
  }
}
