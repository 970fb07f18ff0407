import { usesNullKeys } from '../operators/traits.ts'
import type { PlanNode, RepartitionTopic } from './plan.ts'

/**
 * Records without a key are dropped before a repartition topic, for nothing behind it could use them. Except where a left
 * join follows, which has a result for them too, or `deduplicate`, which lets them pass.
 */
export function withNullKeyRules(
  nodes: readonly PlanNode[],
  repartitionTopics: readonly RepartitionTopic[],
): readonly PlanNode[] {
  const followers = followerNames(nodes, new Set(repartitionTopics.map(topic => topic.name)))
  const byName = new Map(nodes.map(node => [node.name, node]))
  const leadsToUser = (name: string, seen = new Set<string>()): boolean => {
    if (seen.has(name)) return false
    seen.add(name)
    const node = byName.get(name)
    if (node?.kind === 'processor' && usesNullKeys(node.operator)) return true
    return (followers.get(name) ?? []).some(follower => leadsToUser(follower, seen))
  }
  return nodes.map(node => {
    if (node.kind !== 'processor' || node.operator.type !== 'repartitionFilter') return node
    return { ...node, operator: { type: 'repartitionFilter', passNullKeys: leadsToUser(node.name) } }
  })
}

/** Children, and for a sink of a repartition topic its source: only the same application writes and reads it. */
function followerNames(
  nodes: readonly PlanNode[],
  repartitionTopics: ReadonlySet<string>,
): ReadonlyMap<string, readonly string[]> {
  const sources = new Map(
    nodes.flatMap(node => (node.kind === 'source' ? node.topics.map(topic => [topic, node.name] as const) : [])),
  )
  const followersOf = (node: PlanNode): readonly string[] => {
    if (node.kind !== 'sink') return node.children
    const source =
      typeof node.topic === 'string' && repartitionTopics.has(node.topic) ? sources.get(node.topic) : undefined
    return source === undefined ? [] : [source]
  }
  return new Map(nodes.map(node => [node.name, followersOf(node)]))
}
