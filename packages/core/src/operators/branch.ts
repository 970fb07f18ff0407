import { millraceError } from '../errors/millrace-error.ts'
import { mustSettle, type OperatorEnv, type Process, settle } from './process.ts'
import type { ValueFn } from './spec.ts'

/**
 * The first predicate that holds sends the record to `children[i]`; none sends it to `defaultChild`, or nowhere. Where the
 * branches are `exhaustive`, none is a failure.
 */
export interface SplitSpec {
  readonly type: 'branch'
  readonly branches: readonly BranchSpec[]
  readonly defaultChild: string | undefined
  readonly exhaustive?: boolean
}

export interface BranchSpec {
  readonly predicate: ValueFn<boolean>
  readonly child: string
}

/** `split`: the first predicate that holds has the record; none leaves it to the default branch, if there is one. */
export function compileBranch(spec: SplitSpec, env: OperatorEnv): Process {
  const branches = spec.branches.map(({ predicate, child }) => ({
    holds: predicate as (value: unknown, key: unknown) => unknown,
    forward: env.child(child),
  }))
  const { context } = env
  const { name } = env.node
  const otherwise = compileOtherwise()

  function compileOtherwise(): Process {
    if (spec.defaultChild !== undefined) return env.child(spec.defaultChild)
    if (spec.exhaustive !== true) return () => undefined
    return () => context.fail(name, millraceError('MILLRACE_BRANCH_MISSING', { operator: name }))
  }

  function routeFrom(first: number, key: unknown, value: unknown): void | Promise<void> {
    for (let index = first; index < branches.length; index++) {
      const branch = branches[index]!
      let verdict: unknown
      try {
        verdict = branch.holds(value, key)
      } catch (error) {
        return context.fail(name, error)
      }
      if (mustSettle(verdict, env)) {
        return settle(verdict, env, later => (later ? branch.forward(key, value) : routeFrom(index + 1, key, value)))
      }
      if (verdict) return branch.forward(key, value)
    }
    return otherwise(key, value)
  }

  return (key, value) => routeFrom(0, key, value)
}
