import {
  type Admin,
  isMillraceError,
  type Plan,
  topicNaming,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { type TaskId, taskName } from '../task-id.ts'

/**
 * How many records the changelogs of each task hold, by name of the task; a task without stores that can be restored is absent.
 * Of a changelog that is the source topic of its table it is what the group has processed.
 */
export async function recordsOfTasks(options: {
  readonly plan: Plan
  readonly applicationId: string
  readonly admin: Admin
  readonly tasks: readonly TaskId[]
}): Promise<ReadonlyMap<string, number>> {
  const { plan, applicationId, admin, tasks } = options
  const changelogs = changelogsOf(plan, applicationId)
  const topics = [...new Set([...changelogs.values()].flat().map(({ topic }) => topic))]
  if (topics.length === 0) return new Map()
  const described = new Map((await admin.describeTopics(topics)).map(({ name, partitions }) => [name, partitions]))
  const found = (isSource: boolean) =>
    tasks.flatMap(({ subTopology, partition }): readonly TopicPartition[] =>
      (changelogs.get(subTopology) ?? [])
        .filter(one => one.isSource === isSource && partition < (described.get(one.topic) ?? 0))
        .map(({ topic }) => ({ topic, partition })),
    )
  const [own, sources] = [found(false), found(true)]
  const ends: readonly TopicPartitionOffset[] = [
    ...(own.length === 0 ? [] : await admin.latestOffsets(own)),
    ...(sources.length === 0 ? [] : await processed(admin, applicationId, sources)),
  ]
  const endOf = new Map(ends.map(({ topic, partition, offset }) => [`${topic}-${partition}`, offset]))
  return new Map(
    tasks.flatMap(task => {
      const logs = changelogs.get(task.subTopology) ?? []
      if (logs.length === 0) return []
      const records = logs.reduce((sum, { topic }) => sum + (endOf.get(`${topic}-${task.partition}`) ?? 0), 0)
      return [[taskName(task), records] as const]
    }),
  )
}

/**
 * How far the group has processed source topics. It is an estimate, and the group waits for its leader: where offsets wait for the
 * end of a transaction, the end of the log stands for them.
 */
async function processed(
  admin: Admin,
  groupId: string,
  sources: readonly TopicPartition[],
): Promise<readonly TopicPartitionOffset[]> {
  try {
    return await admin.committedOffsets(groupId, sources)
  } catch (error) {
    if (!isMillraceError(error) || error.code !== 'MILLRACE_OFFSETS_UNSTABLE') throw error
    const stable = await admin.committedOffsets(groupId, sources, 'omit')
    const known = new Set(stable.map(({ topic, partition }) => `${topic}-${partition}`))
    const ends = await admin.latestOffsets(sources)
    return [...stable, ...ends.filter(({ topic, partition }) => !known.has(`${topic}-${partition}`))]
  }
}

/** The changelogs of each sub-topology's stores, by real name. */
function changelogsOf(
  plan: Plan,
  applicationId: string,
): ReadonlyMap<number, readonly { readonly topic: string; readonly isSource: boolean }[]> {
  const real = topicNaming(plan, applicationId)
  const stores = new Map(plan.stores.map(store => [store.name, store]))
  return new Map(
    plan.subTopologies.map(({ id, stores: names }) => [
      id,
      names.flatMap(name => {
        const changelog = stores.get(name)?.changelog
        return changelog === undefined ? [] : [{ topic: real(changelog.topic), isSource: changelog.isSource }]
      }),
    ]),
  )
}
