import type { Plan, PlanNode } from '@millrace/core'

const WINDOWED = new Set(['windowAggregate', 'slidingAggregate', 'sessionAggregate'])

/**
 * Names of the filters of windowed, cogrouped tables below a versioned table. Kafka Streams does not mark the windows as
 * unversioned and looks further up the graph: such a filter then emits a deletion for each row that it never let through.
 */
export function filtersOfWindowedCogroups(plan: Plan): readonly string[] {
  const versioned = new Set(plan.stores.filter(({ kind }) => kind === 'versioned').map(({ name }) => name))
  const keepers = plan.nodes.filter(node => node.kind === 'processor' && node.stores.some(name => versioned.has(name)))
  const below = reachedFrom(plan, keepers)
  const merges = plan.nodes.filter(node => below.has(node) && mergesWindows(plan, node))
  return [...reachedFrom(plan, merges)].flatMap(node =>
    node.kind === 'processor' && node.operator.type === 'tableFilter' ? [node.name] : [],
  )
}

function mergesWindows(plan: Plan, node: PlanNode): boolean {
  if (node.kind !== 'processor' || node.operator.type !== 'passThrough') return false
  return node.parents.every(name => {
    const parent = plan.nodes.find(candidate => candidate.name === name)
    return parent?.kind === 'processor' && WINDOWED.has(parent.operator.type)
  })
}

/** With all nodes below, also behind topics that they write and the plan reads. */
function reachedFrom(plan: Plan, origins: readonly PlanNode[]): ReadonlySet<PlanNode> {
  const reached = new Set<PlanNode>()
  const open = [...origins]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node)) continue
    reached.add(node)
    const topics: readonly string[] = node.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : []
    const children: readonly string[] = node.kind === 'sink' ? [] : node.children
    open.push(
      ...plan.nodes.filter(
        other =>
          children.includes(other.name) ||
          (other.kind === 'source' && topics.some(name => other.topics.includes(name))),
      ),
    )
  }
  return reached
}
