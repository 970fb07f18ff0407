import {
  type Admin,
  isMillraceError,
  type Logger,
  millraceError,
  type MillraceError,
  type NewTopic,
  type Plan,
  similarName,
  topicNaming,
  type TopicPartition,
} from '@millrace/core'
import { changelogConfigs, repartitionConfigs } from './internal-topic-configs.ts'
import { anyGenerated, leftBehind } from './left-behind.ts'
import { partitionCounts, taskCount } from './partition-counts.ts'

export interface PreparedTopics {
  /** Partition counts by real name, of all topics that the plan names. */
  readonly partitions: ReadonlyMap<string, number>
}

export interface PrepareOptions {
  readonly plan: Plan
  readonly applicationId: string
  readonly admin: Admin
  readonly logger: Logger
  readonly replicationFactor: number | undefined
  /** Topics besides the plan's that have to be there, such as the dead-letter topic. */
  readonly required: readonly string[]
  /** How much longer than their windows windowed changelogs are kept. */
  readonly windowedChangelogExtraMs: number
  /** Whether to recreate topics beside those that another topology has left. */
  readonly onTopologyChange: 'refuse' | 'accept'
  /** What internal topics have to take, where that is more than a broker's default. */
  readonly maxRequestBytes: number
  /** The broker creates internal topics (KIP-1071): those that are there are only checked. */
  readonly madeByBroker: boolean
}

/**
 * Before anything is read: checks the user's topics, derives the partition counts of the internal ones, creates those
 * that are missing and checks the others. Several instances may do so at once.
 *
 * @throws MILLRACE_TOPIC_MISSING, MILLRACE_TOPIC_NOT_COPARTITIONED, MILLRACE_TOPIC_PARTITIONS_CHANGED,
 * MILLRACE_TOPOLOGY_INCOMPATIBLE
 */
export async function prepareTopics(options: PrepareOptions): Promise<PreparedTopics> {
  const { plan, applicationId, admin } = options
  const repartition = new Set(plan.repartitionTopics.map(({ name }) => name))
  const external = externalTopics(plan, repartition)
  const found = await countsOf(admin, [...external, ...options.required])
  const missing = [...external, ...options.required].filter(topic => !found.has(topic))
  if (missing.length > 0) throw missingTopics(missing, await admin.listTopics())
  const counts = partitionCounts(plan, found)
  const internal = wantedTopics(options, counts)
  await createMissing(internal, options, external)

  const real = topicNaming(plan, applicationId)
  const partitions = new Map(found)
  for (const [topic, count] of counts) partitions.set(real(topic), count)
  for (const { name, partitions: count } of internal) partitions.set(name, count)
  sayUnmatched(options)
  return { partitions }
}

/** An application that reads nothing looks as if it were waiting for records. */
function sayUnmatched({ plan, logger }: PrepareOptions): void {
  for (const node of plan.nodes) {
    if (node.kind !== 'source' || node.pattern === undefined || node.topics.length > 0) continue
    const fields = { source: node.name, pattern: String(node.pattern) }
    logger.warn(fields, 'no topic matches the pattern of a source yet; checking again every metadataRefreshMs')
  }
}

function externalTopics(plan: Plan, repartition: ReadonlySet<string>): readonly string[] {
  const topics = plan.nodes.flatMap(node => {
    if (node.kind === 'source') return node.topics
    return node.kind === 'sink' && typeof node.topic === 'string' ? [node.topic] : []
  })
  return [...new Set(topics)].filter(topic => !repartition.has(topic))
}

/** The internal topics as they have to be. @param counts of `partitionCounts` */
export function wantedTopics(
  options: Pick<
    PrepareOptions,
    'plan' | 'applicationId' | 'replicationFactor' | 'windowedChangelogExtraMs' | 'maxRequestBytes'
  >,
  counts: ReadonlyMap<string, number>,
): readonly NewTopic[] {
  const { plan, applicationId, replicationFactor } = options
  const replication = replicationFactor === undefined ? {} : { replicationFactor }
  const real = topicNaming(plan, applicationId)
  const repartition = plan.repartitionTopics.map(({ name }) => ({
    name: real(name),
    partitions: counts.get(name) ?? 0,
    configs: repartitionConfigs(options),
    ...replication,
  }))
  const changelogs = plan.stores.flatMap(store => {
    const { changelog } = store
    if (changelog === undefined || changelog.isSource) return []
    const subTopology = plan.subTopologies.find(({ stores }) => stores.includes(store.name))
    const partitions = taskCount(subTopology?.sourceTopics ?? [], counts)
    const configs = changelogConfigs(store, options)
    return [{ name: real(changelog.topic), partitions, configs, ...replication }]
  })
  // Without a source topic, as where no topic matches a pattern yet, there is nothing to tell their partitions by.
  return [...repartition, ...changelogs].filter(({ partitions }) => partitions > 0)
}

/** With the topic that was most likely meant. */
function missingTopics(missing: readonly string[], existing: readonly string[]): MillraceError {
  const [topic, ...others] = missing
  const meant = similarName(topic!, existing)
  const parts = [
    meant === undefined ? '' : `Did you mean "${meant}"? `,
    'Create the topic, or correct its name in the topology. Millrace creates internal topics only.',
    others.length === 0 ? '' : ` Also missing: ${others.join(', ')}.`,
    creationWays(missing),
  ]
  return millraceError('MILLRACE_TOPIC_MISSING', { topic: topic! }, { hint: parts.join('') })
}

/** Lines that are ready to be copied. */
function creationWays(topics: readonly string[]): string {
  const listed = topics.map(name => `{ name: '${name}', partitions: 4 }`).join(', ')
  const commands = topics.map(
    name => `kafka-topics.sh --bootstrap-server HOST:PORT --create --topic ${name} --partitions 4`,
  )
  return ` To create: await createTopics(client, ${listed}) before start(), or ${commands.join(' && ')}`
}

async function createMissing(
  wanted: readonly NewTopic[],
  options: PrepareOptions,
  external: readonly string[],
): Promise<void> {
  const names = wanted.map(({ name }) => name)
  const before = await countsOf(options.admin, names)
  const missing = wanted.filter(({ name }) => !before.has(name))
  if (
    anyGenerated(
      options.applicationId,
      missing.map(({ name }) => name),
    )
  )
    await refuseToLeaveBehind(names, options, external)
  for (const topic of options.madeByBroker ? [] : missing) {
    try {
      await options.admin.createTopics([topic])
      options.logger.info({ topic: topic.name, partitions: topic.partitions }, 'internal topic created')
    } catch (error) {
      // Another instance was faster; its topic is checked below.
      if (!isMillraceError(error) || error.code !== 'MILLRACE_TOPIC_EXISTS') throw error
    }
  }
  const after = missing.length === 0 ? before : await countsOf(options.admin, names)
  for (const { name, partitions } of wanted) {
    const actual = after.get(name)
    if (actual === undefined || actual === partitions) continue
    throw millraceError('MILLRACE_TOPIC_PARTITIONS_CHANGED', { topic: name, actual, expected: partitions })
  }
}

/**
 * Says what the state directory would say if it were still there. Without a committed offset the application starts again, and
 * leaves nothing behind that its input does not bring again.
 */
async function refuseToLeaveBehind(
  wanted: readonly string[],
  { applicationId, admin, onTopologyChange, logger }: PrepareOptions,
  external: readonly string[],
): Promise<void> {
  const moved = leftBehind(applicationId, await admin.listTopics(), wanted)
  if (moved.length === 0) return
  const inputs = [...(await countsOf(admin, external))].flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  )
  if (!(await hasCommitted(admin, applicationId, inputs))) return
  const changes = moved.map(({ from, to }) => `topic "${from}" is now called "${to}"`)
  if (onTopologyChange === 'refuse')
    throw millraceError('MILLRACE_TOPOLOGY_INCOMPATIBLE', { directory: 'Kafka', changes: changes.join(', ') })
  logger.warn({ changes }, 'the topology has changed: some state is no longer used')
}

/** Offsets that wait for the end of a transaction count: nobody may wait for them before the tasks begin, which may have to end it. */
async function hasCommitted(admin: Admin, groupId: string, partitions: readonly TopicPartition[]): Promise<boolean> {
  try {
    return (await admin.committedOffsets(groupId, partitions)).length > 0
  } catch (error) {
    if (isMillraceError(error) && error.code === 'MILLRACE_OFFSETS_UNSTABLE') return true
    throw error
  }
}

async function countsOf(admin: Admin, topics: readonly string[]): Promise<Map<string, number>> {
  if (topics.length === 0) return new Map()
  const described = await admin.describeTopics([...new Set(topics)])
  return new Map(described.map(({ name, partitions }) => [name, partitions]))
}
