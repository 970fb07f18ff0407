import type { GlobalPlan, Plan, PlanNode, SubTopology } from './plan.ts'

/**
 * Nodes that are connected by records or by a store they share form a sub-topology, the unit of work. Topics do not
 * connect: that is where work can be split. Ids follow the order of writing. Global tables and stores stand by themselves.
 */
export function subTopologies(nodes: readonly PlanNode[]): Pick<Plan, 'subTopologies' | 'globals'> {
  const groups = connectedNames(nodes)
  const members = new Map<string, PlanNode[]>()
  for (const node of nodes) {
    const root = groups.rootOf(node.name)
    const group = members.get(root)
    if (group === undefined) members.set(root, [node])
    else group.push(node)
  }
  const subTopologiesFound: SubTopology[] = []
  const globals: GlobalPlan[] = []
  for (const [id, group] of [...members.values()].entries()) {
    const global = globalPlan(id, group)
    if (global === undefined) subTopologiesFound.push(subTopology(id, group))
    else globals.push(global)
  }
  return { subTopologies: subTopologiesFound, globals }
}

function subTopology(id: number, group: readonly PlanNode[]): SubTopology {
  return {
    id,
    nodes: group.map(node => node.name),
    sourceTopics: group.flatMap(node => (node.kind === 'source' ? node.topics : [])),
    stores: [...new Set(group.flatMap(node => (node.kind === 'processor' ? node.stores : [])))],
  }
}

function globalPlan(id: number, [source, processor]: readonly PlanNode[]): GlobalPlan | undefined {
  if (source?.kind !== 'source' || source.global !== true || processor?.kind !== 'processor') return undefined
  const [topic, store] = [source.topics[0]!, processor.stores[0]!]
  return { id, source: source.name, processor: processor.name, topic, store }
}

function connectedNames(nodes: readonly PlanNode[]) {
  const parentOf = new Map<string, string>()
  const rootOf = (name: string): string => {
    const parent = parentOf.get(name)
    return parent === undefined ? name : rootOf(parent)
  }
  const unite = (one: string, other: string) => {
    const root = rootOf(other)
    if (rootOf(one) !== root) parentOf.set(root, rootOf(one))
  }
  const firstUser = new Map<string, string>()
  for (const node of nodes) {
    if (node.kind !== 'source') for (const parent of node.parents) unite(parent, node.name)
    for (const store of node.kind === 'processor' ? node.stores : []) {
      const user = firstUser.get(store)
      if (user === undefined) firstUser.set(store, node.name)
      else unite(user, node.name)
    }
  }
  return { rootOf }
}
