import { type BuildOptions, type Plan, StreamsBuilder } from '@millrace/core'
import { AGGREGATIONS } from './interpret/aggregations.ts'
import { JOINS } from './interpret/joins.ts'
import { PROCESSORS } from './interpret/processors.ts'
import type { Building, Given, Kind, Of, Operators, Result } from './interpret/result.ts'
import { SOURCES } from './interpret/sources.ts'
import { STREAMS } from './interpret/streams.ts'
import { TABLES } from './interpret/tables.ts'
import type { Op, Step, StepId, TopologySpec } from './spec.ts'

export const OPERATORS: Operators<Op> = { ...SOURCES, ...STREAMS, ...AGGREGATIONS, ...JOINS, ...TABLES, ...PROCESSORS }

/** The plan that the steps of a spec describe; the Java side's `Interpreter.java` does the same with Kafka Streams. */
export function interpret(spec: TopologySpec, options: BuildOptions = {}): Plan {
  const builder = new StreamsBuilder()
  const results = new Map<StepId, Result>()
  const building: Building = { builder, read: (id, ...kinds) => found(results, id, kinds) }
  for (const step of spec) {
    for (const [id, result] of listed(step, carryOut(step, building))) {
      if (results.has(id)) throw new Error(`two steps have the id "${id}"`)
      results.set(id, result)
    }
  }
  return builder.build(options)
}

function carryOut(step: Step, building: Building): Given {
  const operator = OPERATORS[step.op] as (step: Step, building: Building) => Given
  return operator(step, building)
}

function listed(step: Step, given: Given): readonly (readonly [StepId, Result])[] {
  if (given === undefined) return []
  return 'kind' in given ? [[(step as { readonly id: StepId }).id, given]] : given
}

function found<K extends Kind>(results: ReadonlyMap<StepId, Result>, id: StepId, kinds: readonly K[]): Of<K> {
  const result = results.get(id)
  if (result === undefined) throw new Error(`no step has the id "${id}"`)
  if (!kinds.some(kind => kind === result.kind))
    throw new Error(`"${id}" is a ${result.kind}, not a ${kinds.join(' or ')}`)
  return result as Of<K>
}
