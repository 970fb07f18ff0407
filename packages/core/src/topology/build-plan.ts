import { deepFreeze } from './freeze.ts'
import type { Graph } from './graph.ts'
import type { CopartitionGroup, Plan } from './plan.ts'
import { type BuildOptions, chosenOptimizations } from './optimization.ts'
import { planToJson } from './plan-json.ts'
import { requireNames } from './require-names.ts'
import { withNullKeyRules } from './repartition-filter.ts'
import { subTopologies } from './sub-topologies.ts'
import { validate } from './validate.ts'
import { writeNodes } from './write-nodes.ts'
import { writeOrder } from './write-order.ts'

/** Turns what the DSL wrote down into a plan. Leaves the graph as it is, so that more may be added and built again. */
export function buildPlan(graph: Graph, options: BuildOptions = {}): Plan {
  const optimizations = chosenOptimizations(options)
  const order = writeOrder(graph, {
    mergesRepartitions: optimizations.has('merge.repartition.topics'),
    joinsSelf: optimizations.has('single.store.self.join'),
    countsProcess: options.repartitionAfterProcess === true,
  })
  const written = writeNodes(order, graph.addedStores, optimizations.has('reuse.ktable.source.topics'))
  const nodes = withNullKeyRules(written.nodes, written.repartitionTopics)
  const sources = new Map(nodes.flatMap(node => (node.kind === 'source' ? [[node.name, node] as const] : [])))
  const copartitioned = graph.copartitioned
    .map((group): CopartitionGroup => {
      const read = group.sources.flatMap(source => sources.get(order.sourceName(source)) ?? [])
      const patternSources = read.filter(({ pattern }) => pattern !== undefined).map(({ name }) => name)
      const topics = [...new Set(read.flatMap(source => source.topics))]
      return { operator: group.operator, topics, ...(patternSources.length === 0 ? {} : { patternSources }) }
    })
    .filter(group => group.topics.length + (group.patternSources?.length ?? 0) > 1)
  const plan: Plan = {
    nodes,
    stores: written.stores,
    ...subTopologies(nodes),
    repartitionTopics: written.repartitionTopics,
    copartitioned,
  }
  validate(plan)
  if (options.requireNames === true) requireNames(plan, graph.names)
  // So that JSON.stringify shows functions and serdes by name; not a property that anybody would list.
  Object.defineProperty(plan, 'toJSON', { value: () => planToJson(plan), enumerable: false })
  return deepFreeze(plan)
}
