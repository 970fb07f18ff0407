import type { AggregateFunction } from './aggregate.ts'
import type { TableAggregateFunction } from './table-aggregate.ts'

/** A function of the user in an operator. */
export interface UserFunction {
  /** As the user knows it, for errors. */
  readonly field: string
  readonly value: unknown
  /** How it is called, as its parameters would be named; undefined where nothing about their order can be wrong. */
  readonly called?: string
  /** It may be left out. */
  readonly optional?: true
}

/** Most functions get the value first, since few look at the key (ADR 9). */
export const VALUE_KEY = '(value, key)'
export const AGGREGATE = '(aggregate, value, key)'
const JOINED = '(left, right, key)'

export function valueFirst(field: string, value: unknown): UserFunction {
  return { field, value, called: VALUE_KEY }
}

export function supplier(value: unknown): UserFunction {
  return { field: 'supplier', value }
}

export function joiner(value: unknown): UserFunction {
  return { field: 'joiner', value, called: JOINED }
}

export function aggregateFunctions(aggregate: AggregateFunction): readonly UserFunction[] {
  switch (aggregate.kind) {
    case 'count':
      return []
    case 'reduce':
      return [{ field: 'reducer', value: aggregate.reducer }]
    case 'aggregate':
      return [
        { field: 'initializer', value: aggregate.initializer },
        { field: 'aggregator', value: aggregate.aggregator, called: AGGREGATE },
      ]
  }
}

export function tableAggregateFunctions(aggregate: TableAggregateFunction): readonly UserFunction[] {
  if (aggregate.kind === 'count') return []
  const { adder, subtractor } = aggregate
  const both = [
    { field: 'adder', value: adder, called: AGGREGATE },
    { field: 'subtractor', value: subtractor, called: AGGREGATE },
  ]
  return aggregate.kind === 'reduce' ? both : [{ field: 'initializer', value: aggregate.initializer }, ...both]
}
