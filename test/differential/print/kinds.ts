import type { Step, StepId, TopologySpec } from '../spec.ts'
import type { WindowedByStep } from '../steps/aggregation-steps.ts'

/** What a step gives, as far as a program has to say it. */
export interface Kinds {
  readonly key: KeyKind
  readonly value: 'string' | 'long'
  /** Of a windowed stream: what the next aggregation makes of its keys. */
  readonly windows?: WindowedByStep
}

export type KeyKind = 'string' | { readonly windows: WindowedByStep; readonly of: KeyKind }

/** The kinds of keys and values of all that the steps of a topology give. */
export function kindsOf(topology: TopologySpec): ReadonlyMap<StepId, Kinds> {
  const kinds = new Map<StepId, Kinds>()
  for (const step of topology) {
    if (step.op === 'split') {
      const from = kinds.get(step.from) ?? TEXTS
      for (const { id } of step.branches) kinds.set(id, from)
      if (step.defaultBranch !== undefined) kinds.set(step.defaultBranch.id, from)
    } else if ('id' in step) {
      kinds.set(step.id, given(step, ('from' in step ? kinds.get(step.from) : undefined) ?? TEXTS))
    }
  }
  return kinds
}

const TEXTS: Kinds = { key: 'string', value: 'string' }

function given(step: Step, from: Kinds): Kinds {
  switch (step.op) {
    case 'stream':
    case 'table':
    case 'globalTable':
    case 'map':
    case 'flatMap':
    case 'process':
    case 'tableGroupBy':
      return TEXTS
    case 'selectKey':
    case 'groupBy':
      return { key: 'string', value: from.value }
    case 'toStream':
      return step.selector === undefined ? from : { key: 'string', value: from.value }
    case 'windowedBy':
      return { ...from, windows: step }
    case 'count':
      return { key: resultKey(from), value: 'long' }
    case 'tableCount':
      return { key: from.key, value: 'long' }
    case 'reduce':
      return { key: resultKey(from), value: from.value }
    case 'aggregate':
      return { key: resultKey(from), value: 'string' }
    case 'filter':
    case 'filterNot':
    case 'peek':
    case 'merge':
    case 'repartition':
    case 'toTable':
    case 'suppress':
    case 'groupByKey':
    case 'tableReduce':
      return from
    default:
      return { key: from.key, value: 'string' }
  }
}

function resultKey({ key, windows }: Kinds): KeyKind {
  return windows === undefined ? key : { windows, of: key }
}
