import type { Plan, PlanNode } from '@millrace/core'

/**
 * Names of the joins that may meet a table, or another stream, before or after what the very same input record brings to it:
 * both sides come through topics that the topology itself writes, both fed by one. Records of equal time on two topics are
 * taken in an order that nobody promises; in Java's driver it depends on the inner order of a heap. A side that reads the
 * input itself is first in any case.
 */
export function tiedJoins(plan: Plan): readonly string[] {
  const byName = new Map(plan.nodes.map(node => [node.name, node]))
  return plan.nodes.flatMap(node => {
    if (node.kind !== 'processor' || !READS_ANOTHER.has(node.operator.type)) return []
    const stream = [...upstreamSources(node.name, byName)]
    const others = node.stores.flatMap(store => {
      const writers = plan.nodes.filter(other => writesStore(other, store))
      return writers.flatMap(writer => [...upstreamSources(writer.name, byName)])
    })
    return stream.some(one => others.some(other => tied(one, other, plan, byName))) ? [node.name] : []
  })
}

/**
 * Names of those that use a store of the entries used last in such an order. Reading is use: what a join reads decides which
 * entry goes for the next one, and the aggregate that is read goes with it.
 */
export function tiedUses(plan: Plan): readonly string[] {
  const byName = new Map(plan.nodes.map(node => [node.name, node]))
  return plan.stores.flatMap(({ maxEntries, processors }) => {
    if (maxEntries === undefined) return []
    const sources = processors.flatMap(name => [...upstreamSources(name, byName)])
    return sources.some(one => sources.some(other => tied(one, other, plan, byName))) ? processors : []
  })
}

/**
 * Names of the aggregators of a cogroup that may meet in either order what the very same input record brings to them through
 * topics of the topology's own, one for each.
 */
export function tiedCogroups(plan: Plan): readonly string[] {
  const byName = new Map(plan.nodes.map(node => [node.name, node]))
  return plan.stores.flatMap(({ name }) => {
    const writers = plan.nodes.filter(node => writesStore(node, name))
    if (writers.length < 2) return []
    const sources = writers.flatMap(writer => [...upstreamSources(writer.name, byName)])
    const areTied = sources.some(one => sources.some(other => tied(one, other, plan, byName)))
    return areTied ? writers.map(writer => writer.name) : []
  })
}

/** Whether both sources read what the topology itself writes of one input. */
function tied(one: string, other: string, plan: Plan, byName: ReadonlyMap<string, PlanNode>): boolean {
  return (
    one !== other &&
    readsInternal([one], plan, byName) &&
    readsInternal([other], plan, byName) &&
    meet(rootTopics([one], plan, byName), rootTopics([other], plan, byName)) > 0
  )
}

/** Whether one of the sources reads a topic that the topology itself writes. */
function readsInternal(sources: readonly string[], plan: Plan, byName: ReadonlyMap<string, PlanNode>): boolean {
  return sources.some(name => {
    const source = byName.get(name)
    const topics = source?.kind === 'source' ? source.topics : []
    return plan.nodes.some(node => node.kind === 'sink' && topics.some(topic => topic === node.topic))
  })
}

/** How many they have in common. */
function meet(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  return [...a].filter(item => b.has(item)).length
}

/** Whether it is the operator that keeps a store, which others may read. */
export function writesStore(node: PlanNode, store: string): boolean {
  return node.kind === 'processor' && 'store' in node.operator && node.operator.store === store
}

/** Names of the source nodes from which a node's records come without passing through a topic. */
function upstreamSources(name: string, byName: ReadonlyMap<string, PlanNode>): ReadonlySet<string> {
  const node = byName.get(name)
  if (node === undefined) return new Set()
  if (node.kind === 'source') return new Set([name])
  return new Set(node.parents.flatMap(parent => [...upstreamSources(parent, byName)]))
}

/** The topics that nobody here writes, from which the records of some sources come in the end. */
function rootTopics(sources: Iterable<string>, plan: Plan, byName: ReadonlyMap<string, PlanNode>): ReadonlySet<string> {
  const roots = new Set<string>()
  const seen = new Set<string>()
  const open = [...sources]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const source = byName.get(name)
    if (seen.has(name) || source?.kind !== 'source') continue
    seen.add(name)
    if (source.pattern !== undefined) roots.add(String(source.pattern))
    for (const topic of source.topics) {
      const sinks = plan.nodes.filter(node => node.kind === 'sink' && node.topic === topic)
      if (sinks.length === 0) roots.add(topic)
      for (const sink of sinks) open.push(...upstreamSources(sink.name, byName))
    }
  }
  return roots
}

/** Operators that look another table, or the window of another stream, up. */
const READS_ANOTHER: ReadonlySet<string> = new Set([
  'streamStreamJoin',
  'streamTableJoin',
  'tableTableJoin',
  'foreignKeyLookUp',
  'foreignKeyUpdate',
  'foreignKeyResolve',
])
