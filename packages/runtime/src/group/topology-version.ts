import { createHash } from 'node:crypto'
import { type Plan, topologyOutline } from '@millrace/core'

/**
 * Tells apart topologies whose tasks are not the same: which sub-topologies there are, what they read, and what their stores and
 * internal topics hold. Members of a group with equal ones can take tasks over from each other, whatever else has changed.
 *
 * @param plan before its patterns are replaced by the topics that match at the moment
 */
export function topologyVersion(plan: Plan): string {
  const patterns = new Map(
    plan.nodes.flatMap(node => (node.kind === 'source' && node.pattern ? [[node.name, String(node.pattern)]] : [])),
  )
  const subTopologies = plan.subTopologies.map(({ id, nodes, sourceTopics, stores }) => ({
    id,
    topics: sourceTopics.toSorted(),
    patterns: nodes.flatMap(name => patterns.get(name) ?? []).sort(),
    stores: stores.toSorted(),
  }))
  const { stores, topics } = topologyOutline(plan)
  const all = [subTopologies, sorted(stores), sorted(topics)]
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, LENGTH)
}

/** Enough for the few versions that are ever in one group. */
const LENGTH = 12

function sorted(named: Readonly<Record<string, object>>): readonly (readonly [string, object])[] {
  return Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1))
}
