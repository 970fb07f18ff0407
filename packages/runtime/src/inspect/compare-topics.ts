import { type Admin, isMillraceError, type NewTopic, type Plan, topicNaming } from '@millrace/core'
import { isCalledInternal } from '../topics/called-internal.ts'
import { leftBehind } from '../topics/left-behind.ts'
import { partitionCounts } from '../topics/partition-counts.ts'
import { wantedTopics } from '../topics/prepare-topics.ts'
import { TopicPatterns } from '../topics/topic-patterns.ts'
import type { MigrationFinding } from './check-migration.ts'

export interface TopicsToCompare {
  readonly plan: Plan
  readonly applicationId: string
  readonly admin: Admin
  readonly groupProtocol: 'classic' | 'streams'
  readonly maxRequestBytes: number
  readonly windowedChangelogExtraMs: number
}

/** The topics of an application as they are, compared with those that its topology needs. */
export async function compareTopics(
  options: TopicsToCompare,
): Promise<{ readonly equal: number; readonly findings: readonly MigrationFinding[] }> {
  const { applicationId, admin } = options
  const plan = await new TopicPatterns(options.plan, applicationId).matched(admin)
  const existing = await admin.listTopics()
  const there = new Set(existing)
  const internal = new Set(plan.repartitionTopics.map(({ name }) => name))
  const sources = [...new Set(plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics))]
  const missing = sources.filter(topic => !internal.has(topic) && !there.has(topic))
  if (missing.length > 0) return { equal: 0, findings: missing.map(missingSource) }

  const found = await admin.describeTopics(sources.filter(topic => !internal.has(topic)))
  const external = new Map(found.map(({ name, partitions }) => [name, partitions]))
  let counts: ReadonlyMap<string, number>
  try {
    counts = partitionCounts(plan, external)
  } catch (error) {
    if (!isMillraceError(error)) throw error
    return { equal: 0, findings: [{ severity: 'error', about: 'partitions', text: error.problem, remedy: error.hint }] }
  }
  const wanted = wantedTopics({ ...options, plan, replicationFactor: undefined }, counts)
  const findings: MigrationFinding[] = []
  const called = existing.filter(topic => isCalledInternal(applicationId, topic))
  if (wanted.length > 0 && called.length === 0) {
    const text = `Kafka has no internal topic of "${applicationId}".`
    const remedy = 'Check --application-id and the cluster: the application has not run there under this id.'
    findings.push({ severity: 'error', about: 'internal topics', text, remedy })
  } else {
    findings.push(...(await compareInternal(options, plan, wanted, called)))
  }
  const equal = wanted.filter(
    ({ name }) => there.has(name) && !findings.some(({ text }) => text.startsWith(`"${name}" `)),
  )
  return { equal: equal.length, findings: [...findings, ...(await membersOf(options))] }
}

function missingSource(topic: string): MigrationFinding {
  const text = `The topic "${topic}" that the topology reads does not exist.`
  return { severity: 'error', about: 'source topics', text, remedy: 'Check its name, and the cluster.' }
}

async function compareInternal(
  { applicationId, admin }: TopicsToCompare,
  plan: Plan,
  wanted: readonly NewTopic[],
  called: readonly string[],
): Promise<readonly MigrationFinding[]> {
  const names = wanted.map(({ name }) => name)
  const moved = leftBehind(applicationId, called, names)
  const described = await admin.describeTopics(names.filter(name => called.includes(name)))
  const partitions = new Map(described.map(topic => [topic.name, topic.partitions]))
  const findings: MigrationFinding[] = []
  for (const topic of wanted) {
    const { name } = topic
    const from = moved.find(({ to }) => to === name)?.from
    const count = partitions.get(name)
    if (from !== undefined) findings.push(movedTopic(from, name))
    else if (count === undefined) findings.push(missingTopic(plan, applicationId, name))
    else findings.push(...compareTopic(topic, count, await admin.describeTopicConfigs(name)))
  }
  const known = new Set([...names, ...moved.map(({ from }) => from)])
  const others = called.filter(topic => !known.has(topic))
  return [...findings, ...others.map(topic => otherTopic(plan, applicationId, topic))]
}

function movedTopic(from: string, to: string): MigrationFinding {
  return {
    severity: 'error',
    about: 'internal topics',
    text: `"${to}" does not exist, and "${from}" does: most likely a number in a generated name differs.`,
    remedy: 'Write the same steps in the same order as in Java.',
  }
}

function missingTopic(plan: Plan, applicationId: string, topic: string): MigrationFinding {
  const real = topicNaming(plan, applicationId)
  const store = plan.stores.find(({ changelog }) => changelog !== undefined && real(changelog.topic) === topic)
  const ofTable = plan.nodes.some(
    node => node.kind === 'processor' && node.operator.type === 'tableSource' && store?.processors.includes(node.name),
  )
  const remedy = ofTable
    ? "If topology.optimization is set in Java, the source topic serves as changelog: build with { optimization: 'all' } or ['reuse.ktable.source.topics']."
    : 'Compare the names of stores and steps, and topology.optimization. Millrace would create the topic, and begin without its content.'
  return {
    severity: 'error',
    about: ofTable ? 'optimization' : 'internal topics',
    text: `"${topic}" does not exist.`,
    remedy,
  }
}

function otherTopic(plan: Plan, applicationId: string, topic: string): MigrationFinding {
  const reused = plan.stores.find(
    ({ name, changelog }) => changelog?.isSource === true && `${applicationId}-${name}-changelog` === topic,
  )
  if (reused !== undefined) {
    return {
      severity: 'error',
      about: 'optimization',
      text: `"${topic}" exists, and the store "${reused.name}" would be restored from "${reused.changelog!.topic}".`,
      remedy: "If topology.optimization is not set in Java, build without 'reuse.ktable.source.topics'.",
    }
  }
  return {
    severity: 'warning',
    about: 'internal topics',
    text: `"${topic}" exists, and the topology does not use it.`,
    remedy: `Its content would be left behind. It may belong to another application whose id begins with "${applicationId}-", or to an earlier version.`,
  }
}

function compareTopic(
  { name, partitions, configs = {} }: NewTopic,
  count: number,
  actual: Readonly<Record<string, string>>,
): readonly MigrationFinding[] {
  const findings: MigrationFinding[] = []
  if (count !== partitions) {
    const text = `"${name}" has ${count} partitions, and the topology needs ${partitions}.`
    const remedy =
      'Set the same number as in Java, with repartition({ partitions }) or in the source topics: keys would be in other partitions than their state.'
    findings.push({ severity: 'error', about: 'partitions', text, remedy })
  }
  const policies = (text = '') =>
    text
      .split(',')
      .map(one => one.trim())
      .toSorted()
      .join(',')
  const [policy, expected] = [actual['cleanup.policy'], configs['cleanup.policy']]
  if (policies(policy) !== policies(expected)) {
    const text = `"${name}" has cleanup.policy=${policy}, and the topology needs ${expected}.`
    const remedy =
      'Check that the store is of the same kind as in Java. A setting of Java in withLoggingEnabled() belongs into the options of the store here, too.'
    findings.push({ severity: 'error', about: 'cleanup policy', text, remedy })
  }
  const retention = configs['retention.ms']
  if (retention !== undefined && actual['retention.ms'] !== retention) {
    const text = `"${name}" has retention.ms=${actual['retention.ms']}, and Millrace would set ${retention}.`
    const remedy =
      'Check the sizes, grace periods and retention of the windows, and windowedChangelogExtraMs (windowstore.changelog.additional.retention.ms in Java). The topic stays as it is.'
    findings.push({ severity: 'warning', about: 'retention', text, remedy })
  }
  return findings
}

async function membersOf({
  applicationId,
  admin,
  groupProtocol,
}: TopicsToCompare): Promise<readonly MigrationFinding[]> {
  const group = await admin.describeGroup(applicationId)
  if (group === undefined) {
    const text = `There is no group "${applicationId}", and so no committed offset.`
    return [
      { severity: 'warning', about: 'group', text, remedy: 'The input would be read from where autoOffsetReset says.' },
    ]
  }
  const { length } = group.members
  if (length === 0) return []
  const text = `The group has ${length} member${length === 1 ? '' : 's'}.`
  const remedy =
    groupProtocol === 'streams'
      ? 'If they have group.protocol=streams, they can be replaced one by one. Otherwise stop all of them before Millrace starts.'
      : 'Stop all instances of Java before Millrace starts.'
  return [{ severity: 'note', about: 'group', text, remedy }]
}
