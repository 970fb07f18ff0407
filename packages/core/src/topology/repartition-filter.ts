import type { OperatorSpec } from '../operators/spec.ts'
import type { PlanNode } from './plan.ts'

/**
 * Records without a key are dropped before a repartition topic, for nothing behind it could use them. Except where a left
 * join follows: it has a result for them too.
 */
export function withNullKeyRules(nodes: readonly PlanNode[]): readonly PlanNode[] {
  const followers = followerNames(nodes)
  const byName = new Map(nodes.map(node => [node.name, node]))
  const leadsToLeftJoin = (name: string, seen = new Set<string>()): boolean => {
    if (seen.has(name)) return false
    seen.add(name)
    const node = byName.get(name)
    if (node?.kind === 'processor' && isLeftJoin(node.operator)) return true
    return (followers.get(name) ?? []).some(follower => leadsToLeftJoin(follower, seen))
  }
  return nodes.map(node => {
    if (node.kind !== 'processor' || node.operator.type !== 'repartitionFilter') return node
    return { ...node, operator: { type: 'repartitionFilter', passNullKeys: leadsToLeftJoin(node.name) } }
  })
}

function isLeftJoin(operator: OperatorSpec): boolean {
  return operator.type === 'streamTableJoin' && operator.join === 'left'
}

/** Children, and for a sink the sources of its topic: records go on there. */
function followerNames(nodes: readonly PlanNode[]): ReadonlyMap<string, readonly string[]> {
  const sources = nodes.filter(node => node.kind === 'source')
  return new Map(
    nodes.map(node => [
      node.name,
      node.kind === 'sink'
        ? sources.filter(source => source.topics.some(topic => topic === node.topic)).map(source => source.name)
        : node.children,
    ]),
  )
}
