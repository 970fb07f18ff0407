import { holdsBackMs } from '../operators/traits.ts'
import type { Plan, PlanNode } from './plan.ts'

/**
 * By node, how far behind the others it has to stay when stream time moves on without records, in milliseconds: as far as what
 * operators above it still hold back, or it would be late when it comes. Each topic of the application's own on the way adds
 * `perTopicMs`, for the time that it takes a record to come through. What comes round in a circle is not waited for.
 */
export function advanceLags(plan: Plan, perTopicMs: number): ReadonlyMap<string, number> {
  const nodes = new Map(plan.nodes.map(node => [node.name, node]))
  const lags = new Map<string, number>()

  /** Nodes whose records come to this one: above it, or by a topic. */
  function before(node: PlanNode): readonly PlanNode[] {
    if (node.kind !== 'source') return node.parents.map(name => nodes.get(name)!)
    return plan.nodes.filter(
      sink => sink.kind === 'sink' && typeof sink.topic === 'string' && node.topics.includes(sink.topic),
    )
  }

  function comesFrom(node: PlanNode, origin: PlanNode, seen = new Set<PlanNode>()): boolean {
    if (node === origin) return true
    if (seen.has(node)) return false
    seen.add(node)
    return before(node).some(one => comesFrom(one, origin, seen))
  }

  function lagOf(node: PlanNode): number {
    const known = lags.get(node.name)
    if (known !== undefined) return known
    const behind = before(node).map(one => {
      if (one.kind === 'sink') return comesFrom(one, node) ? 0 : lagOf(one) + perTopicMs
      return lagOf(one) + (one.kind === 'processor' ? holdsBackMs(one.operator) : 0)
    })
    const lag = Math.max(0, ...behind)
    lags.set(node.name, lag)
    return lag
  }

  for (const node of plan.nodes) lagOf(node)
  return lags
}
