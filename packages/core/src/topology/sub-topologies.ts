import type { PlanNode, SubTopology } from './plan.ts'

/**
 * Nodes that are connected by records or by a store they share form a sub-topology, the unit of work. Topics do not
 * connect: that is where work can be split. Ids follow the order of writing.
 */
export function subTopologies(nodes: readonly PlanNode[]): readonly SubTopology[] {
  const groups = connectedNames(nodes)
  const members = new Map<string, PlanNode[]>()
  for (const node of nodes) {
    const root = groups.rootOf(node.name)
    const group = members.get(root)
    if (group === undefined) members.set(root, [node])
    else group.push(node)
  }
  return [...members.values()].map((group, id) => ({
    id,
    nodes: group.map(node => node.name),
    sourceTopics: group.flatMap(node => (node.kind === 'source' ? node.topics : [])),
    stores: [...new Set(group.flatMap(node => (node.kind === 'processor' ? node.stores : [])))],
  }))
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
