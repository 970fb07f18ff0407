import type { Plan, PlanNode } from '@millrace/core'
import { writesStore } from './tied-joins.ts'

/** Topics, as the cluster knows them, and stores. */
export interface Parts {
  readonly topics: ReadonlySet<string>
  readonly stores: ReadonlySet<string>
}

/** All that depends on what some nodes give: what they and those below them write, and who reads that, and so on. */
export function downstream(plan: Plan, origins: readonly string[]): Parts {
  const nodes = new Set<string>()
  const stores = new Set<string>()
  const topics = new Set<string>()
  const open = [...origins]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = plan.nodes.find(candidate => candidate.name === name)
    if (node === undefined || nodes.has(name)) continue
    nodes.add(name)
    if (node.kind !== 'sink') open.push(...node.children)
    for (const topic of writtenTopics(node)) {
      topics.add(topic)
      open.push(...plan.nodes.filter(other => other.kind === 'source' && other.topics.includes(topic)).map(nameOf))
    }
    for (const store of plan.stores) {
      if (stores.has(store.name) || !keeps(node, store.name, store.processors, nodes)) continue
      stores.add(store.name)
      if (store.changelog !== undefined) topics.add(store.changelog.topic)
      open.push(...store.processors)
    }
  }
  const decorated = [...topics].flatMap(topic => [topic, `app-${topic}`])
  return { topics: new Set(decorated), stores }
}

function writtenTopics(node: PlanNode): readonly string[] {
  if (node.kind !== 'sink') return []
  // One of those that the catalogue's choices give.
  return typeof node.topic === 'string' ? [node.topic] : ['chosen-even', 'chosen-odd', 'chosen-low', 'chosen-high']
}

/** User code may write all stores that it has; of the others, one belongs to an operator, or to some together. */
function keeps(node: PlanNode, store: string, users: readonly string[], reached: ReadonlySet<string>): boolean {
  if (node.kind !== 'processor' || !node.stores.includes(store)) return false
  if (node.operator.type === 'process' || node.operator.type === 'tableTransformValues') return true
  return writesStore(node, store) || users.every(user => reached.has(user))
}

function nameOf({ name }: PlanNode): string {
  return name
}
