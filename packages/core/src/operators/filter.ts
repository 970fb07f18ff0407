import { mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import type { ValueFn } from './spec.ts'

export interface FilterSpec {
  readonly type: 'filter'
  readonly predicate: ValueFn<boolean>
  readonly negate: boolean
}

/** Before a repartition sink: records without a key go no further. With `passNullKeys` all pass. */
export interface RepartitionFilterSpec {
  readonly type: 'repartitionFilter'
  readonly passNullKeys: boolean
}

type Spec = FilterSpec
type Predicate = (value: unknown, key: unknown) => unknown

/** `filter` and `filterNot`. */
export function compileFilter(spec: Spec, env: OperatorEnv): Process {
  const predicate = spec.predicate as Predicate
  const wanted = !spec.negate
  const { context, forward } = env
  const { name } = env.node
  return (key, value) => {
    let verdict: unknown
    try {
      verdict = predicate(value, key)
    } catch (error) {
      return context.fail(name, error)
    }
    if (mustSettle(verdict, env)) {
      return settle(verdict, env, later => (Boolean(later) === wanted ? forward(key, value) : undefined))
    }
    if (Boolean(verdict) === wanted) return forward(key, value)
  }
}

/** Before a repartition sink: a record without a key has no partition to go to (KIP-221); left joins let it pass. */
export function compileRepartitionFilter(spec: RepartitionFilterSpec, env: OperatorEnv): Process {
  const { forward } = env
  if (spec.passNullKeys) return forward
  return (key, value) => (key === null ? undefined : forward(key, value))
}
