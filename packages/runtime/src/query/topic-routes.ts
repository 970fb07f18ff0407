import type { Plan, PlanNode } from '@millrace/core'

/** How records of one topic get to a store: over which topics, each before those that are made from it. */
export interface TopicRoutes {
  readonly hops: readonly Hop[]
}

/** A topic on the way. */
export interface Hop {
  readonly topic: string
  /** The store's own task reads it. */
  readonly direct: boolean
  /** Topics on the way that are made from it. */
  readonly next: readonly string[]
}

/**
 * The ways from a topic to a store, through the topics between the sub-topologies. Names are undecorated. Undefined if there is no
 * way, or only over topics that are chosen for each record.
 */
export function topicRoutes(plan: Plan, store: string, topic: string): TopicRoutes | undefined {
  const nodes = new Map(plan.nodes.map(node => [node.name, node]))
  const own = topicsOfStore(plan, nodes, store)
  const leads = new Map<string, boolean>()
  const hops: Hop[] = []
  const visit = (from: string): boolean => {
    const known = leads.get(from)
    if (known !== undefined) return known
    // A topic that is made from itself is passed once.
    leads.set(from, own.has(from))
    const next = topicsMadeFrom(plan, nodes, from).filter(visit)
    const leadsOn = own.has(from) || next.length > 0
    leads.set(from, leadsOn)
    if (leadsOn) hops.unshift({ topic: from, direct: own.has(from), next })
    return leadsOn
  }
  return visit(topic) ? { hops } : undefined
}

/** The topics from whose records something comes to the store without a topic between. */
function topicsOfStore(plan: Plan, nodes: ReadonlyMap<string, PlanNode>, store: string): ReadonlySet<string> {
  const global = plan.globals.find(one => one.store === store)
  if (global !== undefined) return new Set([global.topic])
  const users = plan.nodes.filter(node => node.kind === 'processor' && node.stores.includes(store))
  const above = reached(users, node => (node.kind === 'source' ? [] : node.parents.map(name => nodes.get(name)!)))
  return new Set(above.flatMap(node => (node.kind === 'source' ? node.topics : [])))
}

function topicsMadeFrom(plan: Plan, nodes: ReadonlyMap<string, PlanNode>, topic: string): readonly string[] {
  const sources = plan.nodes.filter(node => node.kind === 'source' && node.topics.includes(topic))
  const below = reached(sources, node => (node.kind === 'sink' ? [] : node.children.map(name => nodes.get(name)!)))
  const topics = below.flatMap(node => (node.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : []))
  return [...new Set(topics)]
}

function reached(from: readonly PlanNode[], next: (node: PlanNode) => readonly PlanNode[]): readonly PlanNode[] {
  const found = new Set(from)
  for (const node of found) for (const one of next(node)) found.add(one)
  return [...found]
}
