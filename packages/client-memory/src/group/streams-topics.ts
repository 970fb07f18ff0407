import type { NewTopic, StreamsSubTopology, StreamsTopology } from '@millrace/core'

/** What a broker makes of a topology and the topics that there are. */
export interface ConfiguredTopology {
  /** Tasks of each sub-topology; empty while something is missing or wrong. */
  readonly tasks: ReadonlyMap<string, number>
  /** Internal topics that do not exist yet. */
  readonly missing: readonly NewTopic[]
  readonly missingSources: readonly string[]
  /** Why no tasks can be made. */
  readonly wrong: string | undefined
}

/**
 * Repartition topics get what is fixed, else what co-partitioned topics have, else the most partitions of what feeds them; changelogs
 * as many as their sub-topology has tasks. Pure.
 */
export function configureTopology(
  { subTopologies }: StreamsTopology,
  partitionsOf: (topic: string) => number | undefined,
): ConfiguredTopology {
  const nothing = { tasks: new Map<string, number>(), missing: [], missingSources: [], wrong: undefined }
  const sources = [...new Set(subTopologies.flatMap(({ sourceTopics }) => sourceTopics))]
  const missingSources = sources.filter(topic => partitionsOf(topic) === undefined)
  if (missingSources.length > 0) return { ...nothing, missingSources }
  const counts = new Map(sources.map(topic => [topic, partitionsOf(topic)!]))
  const repartition = subTopologies.flatMap(({ repartitionSourceTopics }) => repartitionSourceTopics)
  for (const { name, partitions } of repartition) if (partitions !== undefined) counts.set(name, partitions)
  // Topics feed each other without cycles, so each round settles one more at least.
  for (let round = 0; round <= repartition.length; round++) deriveCounts(subTopologies, counts)
  for (const { copartitionGroups } of subTopologies) {
    const uneven = copartitionGroups.find(topics => new Set(topics.map(topic => counts.get(topic))).size > 1)
    if (uneven === undefined) continue
    const wrong = `Following topics do not have the same number of partitions: ${uneven.join(', ')}`
    return { ...nothing, wrong }
  }
  const tasks = new Map(subTopologies.map(each => [each.id, mostOf(readBy(each), counts)]))
  const internal = subTopologies.flatMap(({ id, repartitionSourceTopics, stateChangelogTopics }) => [
    ...repartitionSourceTopics.map(({ name, configs }) => ({ name, configs, partitions: counts.get(name) ?? 0 })),
    ...stateChangelogTopics.map(({ name, configs }) => ({ name, configs, partitions: tasks.get(id)! })),
  ])
  const differs = internal.find(({ name, partitions }) => (partitionsOf(name) ?? partitions) !== partitions)
  if (differs !== undefined) {
    const wrong = `Topic ${differs.name} has ${partitionsOf(differs.name)} partitions instead of ${differs.partitions}`
    return { ...nothing, wrong }
  }
  return { ...nothing, tasks, missing: internal.filter(({ name }) => partitionsOf(name) === undefined) }
}

function deriveCounts(subTopologies: readonly StreamsSubTopology[], counts: Map<string, number>): void {
  for (const { repartitionSourceTopics, copartitionGroups } of subTopologies) {
    for (const { name, partitions } of repartitionSourceTopics) {
      if (partitions !== undefined) continue
      const writers = subTopologies.filter(({ repartitionSinkTopics }) => repartitionSinkTopics.includes(name))
      const most = mostOf(writers.flatMap(readBy), counts)
      if (most > 0) counts.set(name, Math.max(most, counts.get(name) ?? 0))
    }
    const isFree = (topic: string) =>
      repartitionSourceTopics.some(({ name, partitions }) => name === topic && partitions === undefined)
    for (const topics of copartitionGroups) {
      const fixed = topics.filter(topic => !isFree(topic))
      const most = mostOf(fixed.length > 0 ? fixed : topics, counts)
      if (most > 0) for (const topic of topics.filter(isFree)) counts.set(topic, most)
    }
  }
}

function readBy({ sourceTopics, repartitionSourceTopics }: StreamsSubTopology): readonly string[] {
  return [...sourceTopics, ...repartitionSourceTopics.map(({ name }) => name)]
}

function mostOf(topics: readonly string[], counts: ReadonlyMap<string, number>): number {
  return Math.max(0, ...topics.map(topic => counts.get(topic) ?? 0))
}
