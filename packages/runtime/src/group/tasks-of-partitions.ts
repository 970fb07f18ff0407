import { type Plan, topicNaming, type TopicPartition } from '@millrace/core'
import { type AssignedTask, type TaskId, taskName } from '../task-id.ts'

/** The tasks that read these partitions. Partitions of topics that the plan does not read are left out. */
export function tasksOfPartitions(
  plan: Plan,
  applicationId: string,
  partitions: readonly TopicPartition[],
): readonly AssignedTask[] {
  const real = topicNaming(plan, applicationId)
  const readers = new Map(
    plan.subTopologies.flatMap(({ id, sourceTopics }) => sourceTopics.map(topic => [real(topic), id] as const)),
  )
  const tasks = new Map<string, { readonly id: TaskId; readonly partitions: TopicPartition[] }>()
  for (const { topic, partition } of partitions) {
    const subTopology = readers.get(topic)
    if (subTopology === undefined) continue
    const id = { subTopology, partition }
    const task = tasks.get(taskName(id)) ?? { id, partitions: [] }
    task.partitions.push({ topic, partition })
    tasks.set(taskName(id), task)
  }
  return [...tasks.values()]
}
