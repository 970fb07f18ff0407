import {
  type Admin,
  type GroupConsumer,
  internalTopics,
  millraceError,
  type StreamsEndpoint,
  type StreamsTaskId,
  type StreamsTaskPosition,
  type StreamsTasks,
  topicNaming,
  type TopicPartition,
} from '@millrace/core'
import type { ResolvedOptions } from '../../config/options.ts'
import { type AssignedTask, parseTaskName, type TaskId } from '../../task-id.ts'
import { checkGrowth } from '../../topics/check-growth.ts'
import type { TopicPatterns } from '../../topics/topic-patterns.ts'
import type { AssignmentListener, GroupMembership, Holdings, HostTasks, TaskAssignment } from '../group-membership.ts'
import { tasksOfPartitions } from '../tasks-of-partitions.ts'
import { streamsTopology } from './streams-topology.ts'

export interface StreamsMembershipOptions {
  readonly options: ResolvedOptions
  readonly topics: TopicPatterns
  readonly admin: Admin
  readonly consumer: GroupConsumer
  readonly holdings: () => Holdings
  /** Where the changelogs end of the tasks that this member stands by for, by name of the task. */
  readonly ends: () => ReadonlyMap<string, number>
  /** The broker has made the internal topics. */
  readonly onTopicsMade: () => Promise<void>
  readonly listener: AssignmentListener
}

/**
 * The streams protocol (KIP-1071): the broker makes the internal topics and assigns the tasks. It is told the topology, and how far
 * copies of the state are. Nothing is given to another member before this one has given it up.
 */
export class StreamsMembership implements GroupMembership {
  readonly #with: StreamsMembershipOptions
  assignment: TaskAssignment | undefined
  hosts: readonly HostTasks[] = []
  shutdownTold = false
  #active: readonly AssignedTask[] = []
  /** Partition counts of internal topics by real name, as this member derives them. */
  #expected: ReadonlyMap<string, number> = new Map()
  /** Partition counts by real name, as of the last assignment. */
  #counts: ReadonlyMap<string, number> = new Map()
  #topicsMade = false
  #asksForShutdown = false

  constructor(options: StreamsMembershipOptions) {
    this.#with = options
  }

  subscribe(existing: ReadonlyMap<string, number>): void {
    const { options, topics, consumer, listener, holdings } = this.#with
    this.#expected = existing
    const { processId, host, tags } = holdings()
    consumer.joinStreamsGroup!({
      topology: streamsTopology(topics.plan, options),
      processId,
      tags,
      ...(host !== undefined && { host }),
      positions: () => this.#positions(),
      wantsShutdown: () => this.#asksForShutdown,
      partitionsOf: tasks => this.#partitionsOf(tasks),
      listener: {
        onAssigned: (_added, tasks) => this.#onAssigned(tasks),
        onRevoked: gone => this.#onRevoked(gone),
        onLost: async () => {
          this.#active = []
          this.assignment = undefined
          await listener.onLost()
        },
        onEndpoints: endpoints => {
          this.hosts = endpoints.map(endpoint => this.#hostOf(endpoint))
        },
        onShutdown: () => {
          if (this.#asksForShutdown) this.shutdownTold = true
          else listener.onShutdown()
        },
      },
    })
  }

  async joinAgain(reason: string): Promise<void> {
    this.assignment = undefined
    await this.#with.listener.onLost()
    this.#with.consumer.requestRejoin(reason)
  }

  async askForShutdown(): Promise<void> {
    this.#asksForShutdown = true
    await this.joinAgain('to end the application')
  }

  close(): void {}

  async #onAssigned({ active, standby, warmup }: StreamsTasks): Promise<void> {
    if (this.#asksForShutdown) return
    this.#active = active.map(task => ({ id: idOf(task), partitions: this.#inputsOf(task) }))
    const tasks = () => this.#active
    this.assignment = {
      standby: standby.map(idOf),
      warmup: warmup.map(idOf),
      get active() {
        return tasks()
      },
    }
    await this.#with.listener.onAssigned()
  }

  async #onRevoked(gone: readonly TopicPartition[]): Promise<void> {
    const names = new Set(gone.map(({ topic, partition }) => `${topic}-${partition}`))
    const isGone = ({ topic, partition }: TopicPartition) => names.has(`${topic}-${partition}`)
    const stays = this.#active.filter(({ partitions }) => !partitions.some(isGone))
    try {
      await this.#with.listener.onRevoked(this.assignment === undefined ? [] : stays)
    } finally {
      // Also after a failed commit: the consumer no longer reads it, and recovery must not start its tasks again.
      this.#active = stays
    }
  }

  async #partitionsOf(tasks: readonly StreamsTaskId[]): Promise<readonly TopicPartition[]> {
    if (tasks.length > 0) await this.#lookAtTopics()
    return tasks.flatMap(task => this.#inputsOf(task))
  }

  /** Tasks are assigned when the internal topics are there, but another broker may hear of them later. */
  async #lookAtTopics(): Promise<void> {
    const { topics, options, admin, onTopicsMade } = this.#with
    const { applicationId } = options
    const { plan } = topics
    const real = topicNaming(plan, applicationId)
    const internal = internalTopics(plan).map(real)
    const read = plan.subTopologies.flatMap(({ sourceTopics }) => sourceTopics.map(real))
    const described = await admin.describeTopics([...new Set([...internal, ...read])])
    const counts = new Map(described.map(({ name, partitions }) => [name, partitions]))
    const missing = internal.filter(name => !counts.has(name))
    if (missing.length > 0) {
      const operation = `Looking up the internal topics ${missing.join(', ')}`
      throw millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason: 'a broker does not know them yet' })
    }
    for (const topic of internal) {
      const [actual, expected] = [counts.get(topic)!, this.#expected.get(topic)]
      if (expected !== undefined && expected !== actual)
        throw millraceError('MILLRACE_TOPIC_PARTITIONS_CHANGED', { topic, actual, expected })
    }
    checkGrowth(plan, applicationId, counts)
    this.#counts = counts
    if (!this.#topicsMade) await onTopicsMade()
    this.#topicsMade = true
  }

  /** The partitions of that number of the topics that the sub-topology reads. */
  #inputsOf({ subTopology, partition }: StreamsTaskId): readonly TopicPartition[] {
    const { topics, options } = this.#with
    const { plan } = topics
    const read = plan.subTopologies.find(({ id }) => String(id) === subTopology)?.sourceTopics ?? []
    return read
      .map(topicNaming(plan, options.applicationId))
      .filter(topic => partition < (this.#counts.get(topic) ?? 0))
      .map(topic => ({ topic, partition }))
  }

  #hostOf({ host, active, standby }: StreamsEndpoint): HostTasks {
    const { topics, options } = this.#with
    const idsOf = (partitions: readonly TopicPartition[]) =>
      tasksOfPartitions(topics.plan, options.applicationId, partitions).map(({ id }) => id)
    return { host, active: idsOf(active), standby: idsOf(standby) }
  }

  #positions(): readonly StreamsTaskPosition[] {
    const { holdings, ends } = this.#with
    const known = ends()
    return [...holdings().positions].flatMap(([name, offset]) => {
      const id = parseTaskName(name)
      if (id === undefined) return []
      const endOffset = known.get(name)
      const position = { subTopology: String(id.subTopology), partition: id.partition, offset }
      return [endOffset === undefined ? position : { ...position, endOffset }]
    })
  }
}

function idOf({ subTopology, partition }: StreamsTaskId): TaskId {
  const id = parseTaskName(`${subTopology}_${partition}`)
  if (id === undefined) throw new Error(`The broker has assigned the unknown task ${subTopology}_${partition}`)
  return id
}
