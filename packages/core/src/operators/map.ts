import type { OperatorSpec } from './spec.ts'
import { mustSettle, type OperatorEnv, type Process, settle } from './process.ts'

type SpecOf<Type extends OperatorSpec['type']> = Extract<OperatorSpec, { type: Type }>
type Pair = readonly [unknown, unknown]
type Mapper<Result> = (value: unknown, key: unknown) => Result | PromiseLike<Result>

export function compileMap(spec: SpecOf<'map'>, env: OperatorEnv): Process {
  const mapper = spec.mapper as Mapper<Pair>
  const { context, forward } = env
  const { name } = env.node
  return (key, value) => {
    let pair: Pair | PromiseLike<Pair>
    try {
      pair = mapper(value, key)
      if (mustSettle(pair, env)) return settle(pair, env, later => forward(later[0], later[1]))
    } catch (error) {
      return context.fail(name, error)
    }
    return forward(pair[0], pair[1])
  }
}

export function compileMapValues(spec: SpecOf<'mapValues'>, env: OperatorEnv): Process {
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
    if (mustSettle(mapped, env)) return settle(mapped, env, later => forward(key, later))
    return forward(key, mapped)
  }
}

export function compileSelectKey(spec: SpecOf<'selectKey'>, env: OperatorEnv): Process {
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
    if (mustSettle(selected, env)) return settle(selected, env, later => forward(later ?? null, value))
    return forward(selected ?? null, value)
  }
}

export function compileFlatMap(spec: SpecOf<'flatMap'>, env: OperatorEnv): Process {
  const { forward } = env
  return compileMany(spec.mapper as Mapper<Iterable<unknown>>, env, (_key, pair) => {
    const [key, value] = pair as Pair
    return forward(key, value)
  })
}

export function compileFlatMapValues(spec: SpecOf<'flatMapValues'>, env: OperatorEnv): Process {
  return compileMany(spec.mapper as Mapper<Iterable<unknown>>, env, env.forward)
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
