import { millraceError } from '../errors/millrace-error.ts'
import { internalTopics, topicNaming } from './internal-topics.ts'
import { checkedName } from './naming.ts'
import type { Plan } from './plan.ts'

/** Names of the topics that the plan names for its sources and sinks, not of those that it makes for itself. */
function namedTopics(plan: Plan): readonly string[] {
  const internal = new Set(internalTopics(plan))
  const named = plan.nodes.flatMap(node => {
    if (node.kind === 'source') return node.topics
    return node.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : []
  })
  return [...new Set(named)].filter(topic => !internal.has(topic))
}

/** Topics to which the application writes for others: what its own patterns must not read. */
export function writtenTopics(plan: Plan): ReadonlySet<string> {
  const internal = new Set(internalTopics(plan))
  const written = plan.nodes.flatMap(node =>
    node.kind === 'sink' && typeof node.topic === 'string' && !internal.has(node.topic) ? [node.topic] : [],
  )
  return new Set(written)
}

/**
 * Checks what can be known of topics' names only with the application's id: that brokers take the names of internal topics, and
 * that none of all differ in "." and "_" alone, which brokers refuse because they collide in the names of metrics.
 *
 * @throws MILLRACE_TOPOLOGY_NAME_INVALID, MILLRACE_TOPOLOGY_TOPICS_COLLIDE
 */
export function checkRealNames(plan: Plan, applicationId: string, more: readonly string[] = []): void {
  const real = topicNaming(plan, applicationId)
  const internal = [...new Set(internalTopics(plan))].map(real)
  for (const name of internal) checkedName(name, 'internal topic')
  const seen = new Map<string, string>()
  for (const name of [...namedTopics(plan), ...more, ...internal]) {
    const folded = name.replaceAll('.', '_')
    const other = seen.get(folded)
    if (other !== undefined && other !== name) {
      throw millraceError('MILLRACE_TOPOLOGY_TOPICS_COLLIDE', { first: other, second: name })
    }
    seen.set(folded, name)
  }
}
