import { type Admin, type Plan, topicNaming, type TopicPartition, type TransactionReach } from '@millrace/core'
import type { TaskId } from '../task-id.ts'

export interface ReachOptions {
  readonly plan: () => Plan
  readonly applicationId: string
  readonly admin: Admin
  readonly deadLetterTopic: string | undefined
}

/**
 * What the transactions of a task may hold, or those of an instance without `task`: its inputs, its changelogs, and every partition
 * that it may write to. Topics whose names are chosen record by record are not known here.
 */
export async function transactionReach(
  { plan, applicationId, admin, deadLetterTopic }: ReachOptions,
  task?: TaskId,
): Promise<TransactionReach> {
  const topics = topicsOf(plan(), applicationId, task?.subTopology)
  if (deadLetterTopic !== undefined) topics.written.add(deadLetterTopic)
  const all = [...new Set([...topics.read, ...topics.changelogs, ...topics.written])]
  const counts = new Map((await admin.describeTopics(all)).map(({ name, partitions }) => [name, partitions]))
  const whole = (topic: string) => partitionsOf(topic, counts.get(topic) ?? 0)
  const own = (topic: string) =>
    task === undefined ? whole(topic) : whole(topic).filter(({ partition }) => partition === task.partition)
  return {
    groupId: applicationId,
    inputs: [...topics.read].flatMap(own),
    outputs: [
      ...[...topics.changelogs].filter(topic => !topics.written.has(topic)).flatMap(own),
      ...[...topics.written].flatMap(whole),
    ],
  }
}

/** By real name. */
function topicsOf(plan: Plan, applicationId: string, id: number | undefined) {
  const real = topicNaming(plan, applicationId)
  const parts = plan.subTopologies.filter(one => id === undefined || one.id === id)
  const nodes = new Set(parts.flatMap(one => one.nodes))
  const stores = new Set(parts.flatMap(one => one.stores))
  return {
    read: new Set(parts.flatMap(({ sourceTopics }) => sourceTopics.map(real))),
    changelogs: new Set(
      plan.stores.flatMap(({ name, changelog }) =>
        changelog === undefined || changelog.isSource || !stores.has(name) ? [] : [real(changelog.topic)],
      ),
    ),
    written: new Set(
      plan.nodes.flatMap(node =>
        node.kind === 'sink' && typeof node.topic === 'string' && nodes.has(node.name) ? [real(node.topic)] : [],
      ),
    ),
  }
}

function partitionsOf(topic: string, count: number): TopicPartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
}
