import type { TopicPartition } from '@millrace/core'

/** `<sub-topology>_<partition>`, as Kafka Streams writes it. */
export interface TaskId {
  readonly subTopology: number
  readonly partition: number
}

export function taskName(id: TaskId): string {
  return `${id.subTopology}_${id.partition}`
}

export function parseTaskName(name: string): TaskId | undefined {
  const match = /^(\d+)_(\d+)$/.exec(name)
  return match === null ? undefined : { subTopology: Number(match[1]), partition: Number(match[2]) }
}

/** Sub-topology first, then partition. */
export function compareTasks(a: TaskId, b: TaskId): number {
  return a.subTopology - b.subTopology || a.partition - b.partition
}

/** A task and the partitions that it reads. */
export interface AssignedTask {
  readonly id: TaskId
  readonly partitions: readonly TopicPartition[]
}
