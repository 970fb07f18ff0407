import { checkPlan } from '../arguments/plan-argument.ts'
import type { Plan, PlanNode, SourceNode } from './plan.ts'

/**
 * The topology as a Mermaid flow chart: one box per sub-topology, topics as rounded boxes, stores as cylinders, dotted
 * lines for what a store is used by. Names of nodes and topics are shown as in `describeTopology()`.
 */
export function toMermaid(plan: Plan): string {
  checkPlan('toMermaid', plan)
  const ids = idsFor(plan)
  const byName = new Map(plan.nodes.map(node => [node.name, node]))
  const lines = ['flowchart TD']
  for (const topic of topicsOf(plan)) lines.push(`  ${ids(`topic ${topic}`)}([${quoted(topic)}])`)
  for (const subTopology of plan.subTopologies) {
    lines.push(`  subgraph sub${subTopology.id} [${quoted(`Sub-topology ${subTopology.id}`)}]`)
    for (const name of subTopology.nodes) lines.push(`    ${ids(`node ${name}`)}[${quoted(name)}]`)
    for (const name of subTopology.stores) lines.push(`    ${ids(`store ${name}`)}[(${quoted(name)})]`)
    lines.push('  end')
  }
  for (const name of plan.subTopologies.flatMap(subTopology => subTopology.nodes)) {
    const node = byName.get(name)
    if (node !== undefined) lines.push(...edgesOf(node, ids))
  }
  return `${lines.join('\n')}\n`
}

function edgesOf(node: PlanNode, ids: (key: string) => string): readonly string[] {
  const self = ids(`node ${node.name}`)
  switch (node.kind) {
    case 'source':
      return [
        ...readBy(node).map(topic => `  ${ids(`topic ${topic}`)} --> ${self}`),
        ...node.children.map(child => `  ${self} --> ${ids(`node ${child}`)}`),
      ]
    case 'processor':
      return [
        ...node.children.map(child => `  ${self} --> ${ids(`node ${child}`)}`),
        ...node.stores.map(store => `  ${self} -.- ${ids(`store ${store}`)}`),
      ]
    case 'sink':
      return typeof node.topic === 'string' ? [`  ${self} --> ${ids(`topic ${node.topic}`)}`] : []
  }
}

function topicsOf(plan: Plan): readonly string[] {
  const topics = plan.nodes.flatMap(node => {
    if (node.kind === 'source') return readBy(node)
    return node.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : []
  })
  return [...new Set(topics)]
}

/** A pattern stands for the topics that it matches. */
function readBy({ topics, pattern }: SourceNode): readonly string[] {
  return pattern === undefined ? topics : [String(pattern)]
}

/** Short ids in the order of first use: Mermaid has words that must not be names. */
function idsFor(plan: Plan): (key: string) => string {
  const ids = new Map<string, string>()
  for (const node of plan.nodes) ids.set(`node ${node.name}`, `n${ids.size}`)
  return key => {
    const known = ids.get(key)
    if (known !== undefined) return known
    const id = `n${ids.size}`
    ids.set(key, id)
    return id
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '#quot;')}"`
}
