import type { AggregateFunction } from './spec.ts'

/** An aggregation as three functions. What has no aggregate yet is null, and so may be what they give. */
export interface Fold {
  readonly initial: () => unknown
  readonly add: (key: unknown, value: unknown, aggregate: unknown) => unknown
  /** Two aggregates as one: of sessions that have come to touch. */
  readonly merge: (key: unknown, one: unknown, other: unknown) => unknown
}

/** `zero` shows which number type a count is kept in. `merger` is needed for `aggregate` over sessions only. */
export function foldOf(
  fn: AggregateFunction,
  zero: () => unknown,
  merger?: (key: never, one: never, other: never) => unknown,
): Fold {
  switch (fn.kind) {
    case 'count':
      return typeof zero() === 'bigint'
        ? {
            initial: () => 0n,
            add: (_key, _value, count) => (count as bigint) + 1n,
            merge: (_key, one, other) => (one as bigint) + (other as bigint),
          }
        : {
            initial: () => 0,
            add: (_key, _value, count) => (count as number) + 1,
            merge: (_key, one, other) => (one as number) + (other as number),
          }
    case 'reduce': {
      const reducer = fn.reducer as (aggregate: unknown, value: unknown) => unknown
      const reduce = (aggregate: unknown, value: unknown) => (aggregate === null ? value : reducer(aggregate, value))
      return {
        initial: () => null,
        add: (_key, value, aggregate) => reduce(aggregate, value),
        merge: (_key, one, other) => reduce(one, other),
      }
    }
    case 'aggregate':
      return {
        initial: fn.initializer,
        add: fn.aggregator as Fold['add'],
        merge: merger as Fold['merge'],
      }
  }
}
