import {
  type Admin,
  type Assignor,
  millraceError,
  type Plan,
  readsByPattern,
  topicNaming,
  type TopicPartition,
} from '@millrace/core'
import { taskCount } from '../topics/partition-counts.ts'
import { type TaskId, taskName } from '../task/task-id.ts'
import { assignTasks, decodeMemberData, encodeMemberData } from './assignment.ts'

/** Assigns whole tasks: all partitions of one number of the topics that a sub-topology reads go to one member. */
export function streamsAssignor(options: {
  /** With the topics that match its patterns at the moment. */
  readonly plan: () => Promise<Plan>
  readonly applicationId: string
  readonly admin: Admin
  /** Tasks whose state this instance has. */
  readonly owned: () => readonly TaskId[]
}): Assignor {
  return {
    name: 'millrace',
    userData: () => encodeMemberData(options.owned()),
    async assign(members) {
      const plan = await options.plan()
      const real = topicNaming(plan, options.applicationId)
      const subTopologies = plan.subTopologies.map(({ id, sourceTopics }) => ({ id, topics: sourceTopics.map(real) }))
      // A topic that patterns feed is made when they have matched something.
      const mayBeMissing = new Set(readsByPattern(plan) ? plan.repartitionTopics.map(({ name }) => real(name)) : [])
      const topics = subTopologies.flatMap(subTopology => subTopology.topics)
      const described = await options.admin.describeTopics(topics)
      const counts = new Map(described.map(({ name, partitions }) => [name, partitions]))
      for (const topic of topics)
        if (!counts.has(topic) && !mayBeMissing.has(topic)) throw millraceError('MILLRACE_TOPIC_MISSING', { topic })
      const tasks = new Map<string, { readonly id: TaskId; readonly partitions: readonly TopicPartition[] }>()
      for (const { id, topics: sources } of subTopologies) {
        for (let partition = 0; partition < taskCount(sources, counts); partition++) {
          const task = { subTopology: id, partition }
          const partitions = sources
            .filter(topic => partition < (counts.get(topic) ?? 0))
            .map(topic => ({ topic, partition }))
          tasks.set(taskName(task), { id: task, partitions })
        }
      }
      const assigned = assignTasks(
        members.map(({ memberId, userData }) => ({ memberId, owned: decodeMemberData(userData) })),
        [...tasks.values()].map(({ id }) => id),
      )
      return new Map(
        members.map(({ memberId }) => {
          const mine = assigned.get(memberId) ?? []
          const partitions = mine.flatMap(task => tasks.get(taskName(task))!.partitions)
          return [memberId, { partitions, userData: encodeMemberData(mine) }]
        }),
      )
    },
  }
}
