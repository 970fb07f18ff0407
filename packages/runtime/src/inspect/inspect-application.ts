import {
  type Admin,
  type CommittedOffset,
  type DescribedMember,
  isMillraceError,
  type Plan,
  topicNaming,
  type TopicPartition,
} from '@millrace/core'
import { decodeAssignmentData } from '../group/classic/member-data.ts'
import { tasksOfPartitions } from '../group/tasks-of-partitions.ts'
import { decodePartitionTime } from '../task/commit-metadata.ts'
import { type TaskId, taskName } from '../task-id.ts'
import { TopicPatterns } from '../topics/topic-patterns.ts'

/** What Kafka knows of an application, whether or not it runs. */
export interface ApplicationReport {
  readonly applicationId: string
  /** Of the consumer group; `missing` if Kafka knows none. */
  readonly group: 'missing' | 'empty' | 'preparing' | 'completing' | 'stable'
  readonly members: readonly ReportedMember[]
  /** By sub-topology, then by partition. */
  readonly tasks: readonly ReportedTask[]
  /** Topics that the topology reads and Kafka does not have. */
  readonly missingTopics: readonly string[]
}

export interface ReportedMember {
  readonly memberId: string
  readonly clientId: string
  /** Ids of tasks, `<sub-topology>_<partition>`. */
  readonly active: readonly string[]
  readonly standby: readonly string[]
  /** Copies that are to become active here when they have caught up. */
  readonly warmup: readonly string[]
}

export interface ReportedTask {
  /** `<sub-topology>_<partition>` */
  readonly id: string
  readonly subTopology: number
  readonly partition: number
  /** The ids of the members that have it. */
  readonly active: string | undefined
  readonly standby: readonly string[]
  readonly inputs: readonly ReportedInput[]
  /** Of all inputs. */
  readonly lag: number
  /** The highest timestamp that was committed, -1 before the first commit. */
  readonly streamTime: number
  /** How many records the changelogs of the task's stores hold; 0 without stores that have changelogs. */
  readonly changelogRecords: number
}

export interface ReportedInput extends TopicPartition {
  /** The next offset that is processed. Undefined before the first commit. */
  readonly committed: number | undefined
  readonly start: number
  readonly end: number
  /** Records that are not processed, of those that are still there. */
  readonly lag: number
  /** The partition's highest timestamp that was committed, -1 before the first commit. */
  readonly partitionTime: number
}

/**
 * Reports the tasks of an application: where they are, how far they have processed their input, and how large their state is. It asks
 * Kafka only; the application does not notice.
 *
 * @param options `plan`: the topology; `admin`: of any client
 */
export async function inspectApplication(options: {
  readonly plan: Plan
  readonly applicationId: string
  readonly admin: Admin
}): Promise<ApplicationReport> {
  const { applicationId, admin } = options
  const plan = await new TopicPatterns(options.plan, applicationId).matched(admin)
  const real = topicNaming(plan, applicationId)
  const stores = new Map(plan.stores.map(store => [store.name, store]))
  const parts = plan.subTopologies.map(({ id, sourceTopics, stores: names }) => ({
    id,
    sources: sourceTopics.map(real),
    changelogs: names.flatMap(name => {
      const changelog = stores.get(name)?.changelog
      return changelog === undefined ? [] : [real(changelog.topic)]
    }),
  }))
  const sources = [...new Set(parts.flatMap(part => part.sources))]
  const changelogs = [...new Set(parts.flatMap(part => part.changelogs))]
  const [described, group] = await Promise.all([
    admin.describeTopics([...new Set([...sources, ...changelogs])]),
    admin.describeGroup(applicationId),
  ])
  const counts = new Map(described.map(({ name, partitions }) => [name, partitions]))
  const partitionsOf = (topic: string) =>
    Array.from({ length: counts.get(topic) ?? 0 }, (_, partition): TopicPartition => ({ topic, partition }))
  const inputs = await inputsOf(admin, applicationId, sources.flatMap(partitionsOf))
  const sizes = await sizesOf(admin, changelogs.flatMap(partitionsOf))
  const members = (group?.members ?? []).map(member => reportedMember(plan, applicationId, member))
  const tasks = parts.flatMap(({ id, sources: topics, changelogs: logs }) => {
    const length = Math.max(0, ...topics.map(topic => counts.get(topic) ?? 0))
    return Array.from({ length }, (_, partition): ReportedTask => {
      const name = taskName({ subTopology: id, partition })
      const own = topics.flatMap(topic => inputs.get(keyOf({ topic, partition })) ?? [])
      return {
        id: name,
        subTopology: id,
        partition,
        active: members.find(({ active }) => active.includes(name))?.memberId,
        standby: members.filter(({ standby }) => standby.includes(name)).map(({ memberId }) => memberId),
        inputs: own,
        lag: own.reduce((sum, { lag }) => sum + lag, 0),
        streamTime: Math.max(-1, ...own.map(({ partitionTime }) => partitionTime)),
        changelogRecords: logs.reduce((sum, topic) => sum + (sizes.get(keyOf({ topic, partition })) ?? 0), 0),
      }
    })
  })
  const missingTopics = sources.filter(topic => !counts.has(topic))
  return { applicationId, group: group?.state ?? 'missing', members, tasks, missingTopics }
}

async function inputsOf(
  admin: Admin,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<string, ReportedInput>> {
  if (partitions.length === 0) return new Map()
  const [starts, ends, committed] = await Promise.all([
    admin.earliestOffsets(partitions),
    admin.latestOffsets(partitions),
    committedOf(admin, groupId, partitions),
  ])
  const startOf = new Map(starts.map(each => [keyOf(each), each.offset]))
  const endOf = new Map(ends.map(each => [keyOf(each), each.offset]))
  const committedAt = new Map(committed.map(each => [keyOf(each), each]))
  return new Map(
    partitions.map(({ topic, partition }) => {
      const key = keyOf({ topic, partition })
      const [start, end, at] = [startOf.get(key) ?? 0, endOf.get(key) ?? 0, committedAt.get(key)]
      const lag = Math.max(0, end - Math.max(start, at?.offset ?? start))
      const input = { topic, partition, committed: at?.offset, start, end, lag }
      return [key, { ...input, partitionTime: decodePartitionTime(at?.metadata) }]
    }),
  )
}

/** An offset that waits for the end of a transaction is left out: it is told a moment later. */
async function committedOf(
  admin: Admin,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<readonly CommittedOffset[]> {
  try {
    return await admin.committedOffsets(groupId, partitions, 'omit')
  } catch (error) {
    if (isMillraceError(error) && error.code === 'MILLRACE_GROUP_MISSING') return []
    throw error
  }
}

async function sizesOf(admin: Admin, partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, number>> {
  if (partitions.length === 0) return new Map()
  const [starts, ends] = await Promise.all([admin.earliestOffsets(partitions), admin.latestOffsets(partitions)])
  const startOf = new Map(starts.map(each => [keyOf(each), each.offset]))
  return new Map(ends.map(each => [keyOf(each), Math.max(0, each.offset - (startOf.get(keyOf(each)) ?? 0))]))
}

function reportedMember(plan: Plan, applicationId: string, member: DescribedMember): ReportedMember {
  const { memberId, clientId, assignment, tasks } = member
  const names = (ids: readonly TaskId[]) => ids.map(taskName)
  if (tasks !== undefined) {
    const texts = (ids: typeof tasks.active) => ids.map(({ subTopology, partition }) => `${subTopology}_${partition}`)
    return {
      memberId,
      clientId,
      active: texts(tasks.active),
      standby: texts(tasks.standby),
      warmup: texts(tasks.warmup),
    }
  }
  const active = tasksOfPartitions(plan, applicationId, assignment?.partitions ?? []).map(({ id }) => taskName(id))
  const { standby, warmup } = decodeAssignmentData(assignment?.userData ?? new Uint8Array())
  return { memberId, clientId, active, standby: names(standby), warmup: names(warmup) }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
