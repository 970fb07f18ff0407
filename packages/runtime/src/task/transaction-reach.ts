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

/** The part of it that nobody but members of the application writes: all partitions of its internal topics. */
export async function internalReach({ plan, applicationId, admin }: ReachOptions): Promise<TransactionReach> {
  const topics = topicsOf(plan(), applicationId, undefined)
  const internal = [...new Set([...topics.changelogs, ...topics.repartitions])]
  const described = internal.length === 0 ? [] : await admin.describeTopics(internal)
  return {
    groupId: applicationId,
    inputs: [],
    outputs: described.flatMap(({ name, partitions }) => partitionsOf(name, partitions)),
  }
}

/** By real name. */
function topicsOf(plan: Plan, applicationId: string, id: number | undefined) {
  const real = topicNaming(plan, applicationId)
  const parts = plan.subTopologies.filter(one => id === undefined || one.id === id)
  const nodes = new Set(parts.flatMap(one => one.nodes))
  const stores = new Set(parts.flatMap(one => one.stores))
  const sinks = plan.nodes.flatMap(node =>
    node.kind === 'sink' && typeof node.topic === 'string' && nodes.has(node.name) ? [node.topic] : [],
  )
  return {
    read: new Set(parts.flatMap(({ sourceTopics }) => sourceTopics.map(real))),
    changelogs: new Set(
      plan.stores.flatMap(({ name, changelog }) =>
        changelog === undefined || changelog.isSource || !stores.has(name) ? [] : [real(changelog.topic)],
      ),
    ),
    written: new Set(sinks.map(real)),
    /** Only topics of the application's own have another name than in the plan. */
    repartitions: new Set(sinks.map(real).filter(topic => !sinks.includes(topic))),
  }
}

function partitionsOf(topic: string, count: number): TopicPartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
}
