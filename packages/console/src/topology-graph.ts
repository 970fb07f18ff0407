import { internalTopics, type Plan, type PlanNode, topicNaming } from '@millrace/core'
import type { GraphEdge, GraphNode, StoreAnswer, TopicAnswer } from './answers.ts'

/** The topology as a graph of topics and operators. Sources and sinks are drawn as the topics that they read and write. */
export function topologyGraph(plan: Plan, applicationId: string): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const real = topicNaming(plan, applicationId)
  const kinds = new Map(topicsOf(plan, applicationId).map(({ name, kind }) => [name, kind]))
  const subTopologyOf = new Map(plan.subTopologies.flatMap(({ id, nodes }) => nodes.map(name => [name, id] as const)))
  for (const { id, source, processor } of plan.globals) subTopologyOf.set(source, id).set(processor, id)
  const topics = new Map<string, GraphNode>()
  const edges: GraphEdge[] = []
  const topicNode = (name: string, subTopology?: number) => {
    const id = `topic ${name}`
    const before = topics.get(id)
    const part = subTopology ?? before?.subTopology
    const node: GraphNode = { id, kind: 'topic', label: name, what: kinds.get(name) ?? 'output', stores: [] }
    topics.set(id, part === undefined ? node : { ...node, subTopology: part })
    return id
  }
  const sinks = new Set(plan.nodes.filter(({ kind }) => kind === 'sink').map(({ name }) => name))
  const operators = plan.nodes.flatMap((node): readonly GraphNode[] => {
    const subTopology = subTopologyOf.get(node.name)
    if (node.kind === 'source') {
      const names = node.pattern === undefined ? node.topics.map(real) : [String(node.pattern)]
      for (const name of names)
        for (const child of node.children.filter(each => !sinks.has(each)))
          edges.push({ from: topicNode(name, subTopology), to: child })
      return []
    }
    if (node.kind === 'sink') {
      const to = topicNode(typeof node.topic === 'string' ? real(node.topic) : '(chosen per record)')
      for (const parent of node.parents) for (const from of idsOf(plan, parent, real)) edges.push({ from, to })
      return []
    }
    for (const child of node.children) if (!sinks.has(child)) edges.push({ from: node.name, to: child })
    const own = { id: node.name, kind: 'operator', label: node.name, what: node.operator.type } as const
    return [{ ...own, stores: node.stores, ...(subTopology !== undefined && { subTopology }) }]
  })
  return { nodes: [...topics.values(), ...operators], edges: distinct(edges) }
}

/** A source is its topics, anything else itself. */
function idsOf(plan: Plan, name: string, real: (topic: string) => string): readonly string[] {
  const node: PlanNode | undefined = plan.nodes.find(each => each.name === name)
  if (node?.kind !== 'source') return [name]
  return node.pattern === undefined
    ? node.topics.map(topic => `topic ${real(topic)}`)
    : [`topic ${String(node.pattern)}`]
}

function distinct(edges: readonly GraphEdge[]): GraphEdge[] {
  return [...new Map(edges.map(edge => [`${edge.from}\0${edge.to}`, edge])).values()]
}

/** The topics that a topology has by name; those that a pattern matches are not among them. */
export function topicsOf(plan: Plan, applicationId: string, deadLetterTopic?: string): readonly TopicAnswer[] {
  const real = topicNaming(plan, applicationId)
  const internal = new Set(internalTopics(plan))
  const topics = new Map<string, TopicAnswer['kind']>()
  for (const node of plan.nodes) {
    if (node.kind === 'source')
      for (const topic of node.topics) topics.set(real(topic), internal.has(topic) ? 'repartition' : 'input')
    if (node.kind === 'sink' && typeof node.topic === 'string' && !topics.has(real(node.topic)))
      topics.set(real(node.topic), internal.has(node.topic) ? 'repartition' : 'output')
  }
  for (const { changelog } of plan.stores)
    if (changelog !== undefined && !changelog.isSource) topics.set(real(changelog.topic), 'changelog')
  if (deadLetterTopic !== undefined) topics.set(deadLetterTopic, 'dead letters')
  return [...topics].map(([name, kind]) => ({ name, kind }))
}

export function storesOf(plan: Plan, applicationId: string): readonly StoreAnswer[] {
  const real = topicNaming(plan, applicationId)
  const partOf = new Map(plan.subTopologies.flatMap(({ id, stores }) => stores.map(name => [name, id] as const)))
  const globals = new Set(plan.globals.map(({ store }) => store))
  return plan.stores.map(({ name, kind, changelog, keySerde, valueSerde }) => ({
    name,
    kind,
    global: globals.has(name),
    key: keySerde.name,
    value: valueSerde.name,
    ...(partOf.has(name) && { subTopology: partOf.get(name)! }),
    ...(changelog !== undefined && { changelog: real(changelog.topic) }),
  }))
}
