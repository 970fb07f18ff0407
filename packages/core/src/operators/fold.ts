import type { AggregateFunction } from './aggregate.ts'
import { initialOf } from './function-result.ts'

/** An aggregation as three functions. What has no aggregate yet is null, and so may be what they give. */
export interface Fold {
  readonly initial: () => unknown
  readonly add: (aggregate: unknown, value: unknown, key: unknown) => unknown
  /** Two aggregates as one: of sessions that have come to touch. */
  readonly merge: (one: unknown, other: unknown, key: unknown) => unknown
}

/** `zero` shows which number type a count is kept in. `merger` is needed for `aggregate` over sessions only. */
export function foldOf(
  fn: AggregateFunction,
  zero: () => unknown,
  merger?: (one: never, other: never, key: never) => unknown,
): Fold {
  switch (fn.kind) {
    case 'count':
      return typeof zero() === 'bigint'
        ? {
            initial: () => 0n,
            add: count => (count as bigint) + 1n,
            merge: (one, other) => (one as bigint) + (other as bigint),
          }
        : {
            initial: () => 0,
            add: count => (count as number) + 1,
            merge: (one, other) => (one as number) + (other as number),
          }
    case 'reduce': {
      const reducer = fn.reducer as (aggregate: unknown, value: unknown) => unknown
      const reduce = (aggregate: unknown, value: unknown) => (aggregate === null ? value : reducer(aggregate, value))
      return { initial: () => null, add: reduce, merge: reduce }
    }
    case 'aggregate':
      return {
        initial: initialOf(fn.initializer),
        add: fn.aggregator as Fold['add'],
        merge: merger as Fold['merge'],
      }
  }
}
