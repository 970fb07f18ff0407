import type { Plan } from '@millrace/core'

/** Topics that have to be there before the application starts. */
export function externalTopics(plan: Plan): readonly string[] {
  const internal = new Set(plan.repartitionTopics.map(({ name }) => name))
  const sources = plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics)
  return [...new Set([...sources.filter(topic => !internal.has(topic)), ...sinkTopics(plan)])]
}

/** Topics that the plan writes for others. */
export function sinkTopics(plan: Plan): readonly string[] {
  const internal = new Set(plan.repartitionTopics.map(({ name }) => name))
  const topics = plan.nodes.flatMap(node =>
    node.kind === 'sink' && typeof node.topic === 'string' && !internal.has(node.topic) ? [node.topic] : [],
  )
  return [...new Set(topics)]
}
