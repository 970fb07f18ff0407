import { internalTopics, millraceError, type Plan, readsByPattern, topicNaming } from '@millrace/core'
import { partitionCounts, taskCount } from './partition-counts.ts'

/**
 * Refuses tasks for partitions that came to an input topic after the application's internal topics were made: a record of a key
 * may be in another partition from then on, while the key's state stays where it is. Refuses internal topics that somebody else has
 * let grow as well: no task was made for their new partitions. Where patterns choose the input, these may be left from a topic that
 * is gone, so they are no reason.
 *
 * @param found partition counts by real name, of the topics that are read and of the internal ones that are there
 * @throws MILLRACE_TOPIC_GROWN, MILLRACE_TOPIC_PARTITIONS_CHANGED, MILLRACE_TOPIC_NOT_COPARTITIONED
 */
export function checkGrowth(plan: Plan, applicationId: string, found: ReadonlyMap<string, number>): void {
  const real = topicNaming(plan, applicationId)
  const internal = new Set(internalTopics(plan).map(real))
  const external = new Map([...found].filter(([name]) => !internal.has(name)))
  const counts = partitionCounts(plan, external)
  for (const { name, needed } of neededPartitions(plan, counts)) {
    const had = found.get(real(name))
    if (had === undefined || needed === had) continue
    if (needed < had) {
      if (readsByPattern(plan) || needed === 0) continue
      throw millraceError('MILLRACE_TOPIC_PARTITIONS_CHANGED', { topic: real(name), actual: had, expected: needed })
    }
    const grown = [...external].filter(([, count]) => count === needed).map(([topic]) => `"${topic}"`)
    const fields = { topics: grown.join(', '), before: had, after: needed, internal: real(name) }
    throw millraceError('MILLRACE_TOPIC_GROWN', fields)
  }
}

function neededPartitions(plan: Plan, counts: ReadonlyMap<string, number>) {
  const repartition = plan.repartitionTopics.map(({ name }) => ({ name, needed: counts.get(name) ?? 0 }))
  const changelogs = plan.stores.flatMap(({ name: store, changelog }) => {
    if (changelog === undefined || changelog.isSource) return []
    const sources = plan.subTopologies.find(({ stores }) => stores.includes(store))?.sourceTopics ?? []
    return [{ name: changelog.topic, needed: taskCount(sources, counts) }]
  })
  return [...repartition, ...changelogs]
}
