import assert from 'node:assert/strict'
import {
  type GroupConsumer,
  type GroupConsumerOptions,
  isMillraceError,
  type KafkaClient,
  type StreamsEndpoint,
  type StreamsSubTopology,
  type StreamsTaskId,
  type StreamsTasks,
  type TopicPartition,
} from '@millrace/core'
import type { ClientHarness } from './client-harness.ts'
import { seekToCommitted } from './poll-until.ts'
import { recordsOf, type ReadRecord } from './record-io.ts'

export interface StreamsTestMemberOptions extends Partial<GroupConsumerOptions> {
  readonly groupId: string
  readonly subTopologies: readonly StreamsSubTopology[]
  readonly client?: KafkaClient
  readonly processId?: string
  readonly host?: string
}

const NOTHING: StreamsTasks = { active: [], standby: [], warmup: [] }

/** A member of a streams group that writes down what happens to it. */
export class StreamsTestMember {
  readonly consumer: GroupConsumer
  readonly records: ReadRecord[] = []
  /** Every callback, as `assigned 0_0 0_1` and `revoked topic-0`, in order. */
  readonly events: string[] = []
  tasks: StreamsTasks = NOTHING
  endpoints: readonly StreamsEndpoint[] = []
  wantsShutdown = false
  shutdowns = 0
  /** Runs when there is an assignment, before it is taken. */
  beforeTaking: () => Promise<void> = async () => {}
  /** Runs inside the callback. */
  onRevoked: () => Promise<void> = async () => {}
  #polling = false

  constructor(harness: ClientHarness, options: StreamsTestMemberOptions) {
    const { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs } = harness.timings
    const { subTopologies, client, processId = harness.uniqueName('process'), host, ...group } = options
    this.consumer = (client ?? harness.client()).groupConsumer({
      protocol: 'streams',
      isolationLevel: 'read_committed',
      sessionTimeoutMs,
      heartbeatIntervalMs,
      rebalanceTimeoutMs,
      ...group,
    })
    this.consumer.joinStreamsGroup!({
      topology: { subTopologies },
      processId,
      ...(host !== undefined && { host }),
      tags: {},
      positions: () => [],
      wantsShutdown: () => this.wantsShutdown,
      partitionsOf: async tasks => {
        await this.beforeTaking()
        return tasks.flatMap(task => partitionsOf(subTopologies, task))
      },
      listener: {
        onAssigned: async (partitions, tasks) => {
          this.#called(`assigned ${namesOf(tasks.active)}`)
          this.tasks = tasks
          await seekToCommitted(this.consumer, partitions)
        },
        onRevoked: async partitions => {
          this.#called(
            `revoked ${partitions
              .map(({ topic, partition }) => `${topic}-${partition}`)
              .sort()
              .join(' ')}`,
          )
          await this.onRevoked()
          this.#drop(partitions, subTopologies)
        },
        onLost: async partitions => {
          this.#called('lost')
          this.#drop(partitions, subTopologies)
        },
        onEndpoints: endpoints => (this.endpoints = endpoints),
        onShutdown: () => this.shutdowns++,
      },
    })
  }

  get active(): string {
    return namesOf(this.tasks.active)
  }

  async poll(maxWaitMs = 50): Promise<void> {
    this.#polling = true
    try {
      for (const record of recordsOf(await this.consumer.poll(maxWaitMs))) this.records.push(record)
    } catch (error) {
      if (!isMillraceError(error, 'retriable')) throw error
    } finally {
      this.#polling = false
    }
  }

  #drop(partitions: readonly TopicPartition[], subTopologies: readonly StreamsSubTopology[]): void {
    const gone = new Set(partitions.map(({ topic, partition }) => `${topic}-${partition}`))
    const stays = (task: StreamsTaskId) =>
      !partitionsOf(subTopologies, task).some(({ topic, partition }) => gone.has(`${topic}-${partition}`))
    this.tasks = { ...this.tasks, active: this.tasks.active.filter(stays) }
  }

  #called(event: string): void {
    assert.ok(this.#polling, `${event} runs inside poll only`)
    this.events.push(event)
  }
}

/** A sub-topology that reads one topic. */
export function reading(topic: string, more: Partial<StreamsSubTopology> = {}): StreamsSubTopology {
  return {
    id: '0',
    sourceTopics: [topic],
    repartitionSinkTopics: [],
    repartitionSourceTopics: [],
    stateChangelogTopics: [],
    copartitionGroups: [],
    ...more,
  }
}

function partitionsOf(subTopologies: readonly StreamsSubTopology[], task: StreamsTaskId): readonly TopicPartition[] {
  const { sourceTopics, repartitionSourceTopics } = subTopologies.find(({ id }) => id === task.subTopology)!
  const topics = [...sourceTopics, ...repartitionSourceTopics.map(({ name }) => name)]
  return topics.map(topic => ({ topic, partition: task.partition }))
}

function namesOf(tasks: readonly StreamsTaskId[]): string {
  return tasks
    .map(({ subTopology, partition }) => `${subTopology}_${partition}`)
    .sort()
    .join(' ')
}
