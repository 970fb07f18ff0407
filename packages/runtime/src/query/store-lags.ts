import type { Admin, TopicPartitionOffset } from '@millrace/core'
import type { StandbyTasks } from '../restore/standby-tasks.ts'
import type { TaskSet } from '../task/task-set.ts'
import type { StoreLag } from './key-metadata.ts'

export interface StoreLagsOptions {
  readonly admin: Admin
  readonly tasks: Pick<TaskSet, 'running' | 'opening'>
  readonly standbys: Pick<StandbyTasks, 'changelogs'>
}

/**
 * How far the partitions of stores on this instance are behind their changelogs, by store and partition. A task that runs has no lag.
 * Stores without a changelog are absent.
 */
export async function storeLags(
  options: StoreLagsOptions,
): Promise<ReadonlyMap<string, ReadonlyMap<number, StoreLag>>> {
  const { tasks, standbys, admin } = options
  const own: (TopicPartitionOffset & { readonly store: string })[] = [...standbys.changelogs]
  for (const { stores, partition } of tasks.opening) {
    const positions = await stores.offsets()
    for (const { plan, changelogTopic: topic } of stores.plans) {
      if (topic !== undefined) own.push({ store: plan.name, topic, partition, offset: positions.get(topic) ?? 0 })
    }
  }
  const ofRunning = tasks.running.flatMap(({ stores, id: { partition } }) =>
    stores.plans.flatMap(({ plan, changelogTopic: topic }) =>
      topic === undefined ? [] : [{ store: plan.name, topic, partition, offset: Infinity }],
    ),
  )
  const all = [...own, ...ofRunning]
  const ends =
    all.length === 0 ? [] : await admin.latestOffsets(all.map(({ topic, partition }) => ({ topic, partition })))
  const lags = new Map<string, Map<number, StoreLag>>()
  for (const { store, topic, partition, offset } of all) {
    const end = ends.find(one => one.topic === topic && one.partition === partition)?.offset ?? 0
    const position = Math.min(offset, end)
    const partitions = lags.get(store) ?? new Map<number, StoreLag>()
    lags.set(store, partitions.set(partition, { position, end, lag: end - position }))
  }
  return lags
}
