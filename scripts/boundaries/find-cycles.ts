/**
 * The groups of nodes that reach each other (Tarjan's strongly connected components of more than one node), each sorted,
 * the groups sorted by their first node. A node that points to itself is a group of one.
 */
export function findCycles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const index = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const isOpen = new Set<string>()
  const cycles: string[][] = []

  const visit = (node: string): void => {
    index.set(node, index.size)
    lowest.set(node, index.get(node)!)
    open.push(node)
    isOpen.add(node)
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next)
        lowest.set(node, Math.min(lowest.get(node)!, lowest.get(next)!))
      } else if (isOpen.has(next)) {
        lowest.set(node, Math.min(lowest.get(node)!, index.get(next)!))
      }
    }
    if (lowest.get(node) !== index.get(node)) return
    const group = open.splice(open.indexOf(node))
    for (const member of group) isOpen.delete(member)
    if (group.length > 1 || edges.get(node)?.has(node)) cycles.push(group.toSorted())
  }

  for (const node of edges.keys()) if (!index.has(node)) visit(node)
  return cycles.toSorted((a, b) => (a[0]! < b[0]! ? -1 : 1))
}
