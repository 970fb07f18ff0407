import { millraceError, type Plan } from '@millrace/core'

/**
 * How many partitions each repartition topic gets: what the user fixed; else what co-partitioned topics have; else as
 * many as the largest topic that feeds it. Pure: counts in, counts out.
 *
 * @param external partition counts of the user's own topics
 * @returns counts of all topics of the plan, undecorated
 * @throws MILLRACE_TOPIC_NOT_COPARTITIONED naming topics, counts and the remedy
 */
export function partitionCounts(plan: Plan, external: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const counts = new Map(external)
  const repartition = new Map(plan.repartitionTopics.map(topic => [topic.name, topic]))
  for (const topic of plan.repartitionTopics) {
    if (topic.partitions !== undefined) counts.set(topic.name, topic.partitions)
  }
  const writers = writersOf(plan)

  // Topics feed each other in a directed acyclic graph, so each round settles at least the next topic in it.
  for (let round = 0; round <= plan.repartitionTopics.length; round++) {
    for (const topic of plan.repartitionTopics) {
      if (topic.partitions !== undefined) continue
      const feeding = writers.get(topic.name) ?? []
      const known = feeding.map(source => counts.get(source)).filter(count => count !== undefined)
      if (known.length > 0) counts.set(topic.name, Math.max(...known, counts.get(topic.name) ?? 0))
    }
    for (const group of plan.copartitioned) alignGroup(group.topics, counts, repartition)
  }
  for (const group of plan.copartitioned) checkGroup(group, counts)
  return counts
}

interface Fixable {
  readonly partitions: number | undefined
}

function alignGroup(
  topics: readonly string[],
  counts: Map<string, number>,
  repartition: ReadonlyMap<string, Fixable>,
): void {
  const movable = topics.filter(topic => repartition.has(topic) && repartition.get(topic)!.partitions === undefined)
  const fixed = topics.filter(topic => !movable.includes(topic))
  const known = (fixed.length > 0 ? fixed : movable).map(topic => counts.get(topic)).filter(n => n !== undefined)
  if (known.length === 0) return
  const target = Math.max(...known)
  for (const topic of movable) counts.set(topic, target)
}

function checkGroup(
  group: { readonly operator: string; readonly topics: readonly string[] },
  counts: ReadonlyMap<string, number>,
): void {
  const sizes = group.topics.map(topic => ({ topic, count: counts.get(topic) ?? 0 }))
  if (new Set(sizes.map(({ count }) => count)).size <= 1) return
  const most = Math.max(...sizes.map(({ count }) => count))
  const small = sizes.find(({ count }) => count !== most)!
  throw millraceError('MILLRACE_TOPIC_NOT_COPARTITIONED', {
    operator: group.operator,
    topics: sizes.map(({ topic, count }) => `"${topic}" has ${count}`).join(', '),
    topic: small.topic,
    partitions: most,
  })
}

/** For each topic that the plan writes to, the topics that the writing sub-topologies read. */
function writersOf(plan: Plan): ReadonlyMap<string, readonly string[]> {
  const writers = new Map<string, string[]>()
  for (const subTopology of plan.subTopologies) {
    const names = new Set(subTopology.nodes)
    for (const node of plan.nodes) {
      if (node.kind !== 'sink' || typeof node.topic !== 'string' || !names.has(node.name)) continue
      writers.set(node.topic, [...(writers.get(node.topic) ?? []), ...subTopology.sourceTopics])
    }
  }
  return writers
}

/** Tasks of a sub-topology: as many as its largest source topic has partitions. */
export function taskCount(sourceTopics: readonly string[], counts: ReadonlyMap<string, number>): number {
  return Math.max(0, ...sourceTopics.map(topic => counts.get(topic) ?? 0))
}
