import { checkPlan } from '../arguments/plan-argument.ts'
import type { GlobalPlan, Plan, PlanNode, SourceNode, SubTopology } from './plan.ts'

/**
 * The topology as text, in the layout of Kafka Streams' `Topology.describe()`. Lists within a line are sorted by name;
 * Java prints them in the order of its hash tables, so compare those as sets. Internal topics are shown without the
 * application's id.
 */
export function describeTopology(plan: Plan): string {
  checkPlan('describeTopology', plan)
  const byName = new Map(plan.nodes.map(node => [node.name, node]))
  const blocks = [
    ...plan.subTopologies.map(each => ({ id: each.id, text: describeSubTopology(each, byName) })),
    ...plan.globals.map(each => ({ id: each.id, text: describeGlobal(each, byName) })),
  ].toSorted((a, b) => a.id - b.id)
  return `Topologies:\n ${blocks.map(({ text }) => `  ${text}`).join('')}`
}

function describeSubTopology(subTopology: SubTopology, byName: ReadonlyMap<string, PlanNode>): string {
  const nodes = subTopology.nodes.flatMap(name => byName.get(name) ?? [])
  const lines = nodesBySize(nodes, byName).map(node => `    ${describeNode(node)}\n`)
  return `Sub-topology: ${subTopology.id}\n${lines.join('')}\n`
}

function describeGlobal({ id, source, processor }: GlobalPlan, byName: ReadonlyMap<string, PlanNode>): string {
  const lines = [source, processor].flatMap(name => byName.get(name) ?? []).map(node => `    ${describeNode(node)}\n`)
  return `Sub-topology: ${id} for global store (will not generate tasks)\n${lines.join('')}`
}

function describeNode(node: PlanNode): string {
  switch (node.kind) {
    case 'source':
      return `Source: ${node.name} (topics: ${describeTopics(node)})\n      --> ${listOrNone(node.children)}`
    case 'processor':
      return (
        `Processor: ${node.name} (stores: [${list(node.stores)}])\n` +
        `      --> ${listOrNone(node.children)}\n      <-- ${listOrNone(node.parents)}`
      )
    case 'sink':
      return `Sink: ${node.name} (${describeTopic(node.topic)})\n      <-- ${listOrNone(node.parents)}`
  }
}

function describeTopics({ topics, pattern }: SourceNode): string {
  return pattern === undefined ? `[${list(topics)}]` : pattern.source
}

function describeTopic(topic: string | { readonly name: string }): string {
  return typeof topic === 'string'
    ? `topic: ${topic}`
    : `extractor class: ${topic.name === '' ? 'function' : topic.name}`
}

function list(names: readonly string[]): string {
  return [...names].sort().join(', ')
}

function listOrNone(names: readonly string[]): string {
  return names.length === 0 ? 'none' : list(names)
}

/** The number of ways down from a node, itself included, decides; then the name. */
function nodesBySize(nodes: readonly PlanNode[], byName: ReadonlyMap<string, PlanNode>): readonly PlanNode[] {
  const sizes = new Map<string, number>()
  const sizeOf = (node: PlanNode): number => {
    const known = sizes.get(node.name)
    if (known !== undefined) return known
    const children = node.kind === 'sink' ? [] : node.children.flatMap(name => byName.get(name) ?? [])
    const size = 1 + children.reduce((sum, child) => sum + sizeOf(child), 0)
    sizes.set(node.name, size)
    return size
  }
  return nodes.toSorted((a, b) => sizeOf(b) - sizeOf(a) || (a.name < b.name ? -1 : 1))
}
