import {
  millraceError,
  type Admin,
  type CommittedOffset,
  type GroupDescription,
  type NewTopic,
  type TopicDescription,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionTime,
  type TransactionReach,
} from '@millrace/core'
import type { Caller, Group } from '../group/group.ts'
import { closedError, request, type Connection } from './connection.ts'
import type { MemoryCluster } from '../memory-cluster.ts'
import { checkStable } from './stable-offsets.ts'

/** Commits without being a member. */
const NOBODY: Caller = { memberId: '', generation: -1, groupInstanceId: undefined }

export class MemoryAdmin implements Admin {
  readonly #connection: Connection
  #closed = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#request('describeTopics', cluster =>
      topics.flatMap(name => {
        const partitions = cluster.partitionCount(name)
        return partitions === undefined ? [] : { name, partitions }
      }),
    )
  }

  listTopics(): Promise<readonly string[]> {
    return this.#request('listTopics', cluster => cluster.topicNames())
  }

  createTopics(topics: readonly NewTopic[]): Promise<void> {
    return this.#request('createTopics', cluster => {
      for (const topic of topics) cluster.createTopic(topic)
    })
  }

  deleteTopics(topics: readonly string[]): Promise<void> {
    return this.#request('deleteTopics', cluster => {
      for (const topic of topics) cluster.deleteTopic(topic)
    })
  }

  describeTopicConfigs(topic: string): Promise<Readonly<Record<string, string>>> {
    return this.#request('describeTopicConfigs', cluster => cluster.topicConfigs(topic))
  }

  earliestOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]> {
    return this.#request('earliestOffsets', cluster =>
      partitions.map(({ topic, partition }) => ({
        topic,
        partition,
        offset: cluster.log({ topic, partition }).startOffset,
      })),
    )
  }

  latestOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]> {
    return this.#request('latestOffsets', cluster =>
      partitions.map(({ topic, partition }) => ({
        topic,
        partition,
        offset: cluster.log({ topic, partition }).highWatermark,
      })),
    )
  }

  offsetsForTimes(times: readonly TopicPartitionTime[]): Promise<readonly TopicPartitionOffset[]> {
    return this.#request('offsetsForTimes', cluster =>
      times.flatMap(({ topic, partition, timestamp }) => {
        const offset = cluster.log({ topic, partition }).offsetForTime(timestamp)
        return offset === undefined ? [] : { topic, partition, offset }
      }),
    )
  }

  truncations(positions: readonly CommittedOffset[]): Promise<readonly TopicPartitionOffset[]> {
    return this.#request('truncations', cluster =>
      positions.flatMap(position => {
        const { topic, partition, leaderEpoch } = position
        if (leaderEpoch === undefined) return []
        const offset = cluster.log(position).endOfEpoch(leaderEpoch) ?? -1
        return offset >= position.offset ? [] : [{ topic, partition, offset }]
      }),
    )
  }

  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    unstable: 'throw' | 'omit' = 'throw',
  ): Promise<readonly CommittedOffset[]> {
    return this.#request('committedOffsets', cluster => {
      if (unstable === 'throw') checkStable(cluster, groupId, partitions)
      const offsets = cluster.groups.find(groupId)?.offsets
      return offsets?.get(partitions.filter(partition => offsets.holder(partition) === undefined)) ?? []
    })
  }

  describeGroup(groupId: string): Promise<GroupDescription | undefined> {
    return this.#request('describeGroup', ({ groups }) => {
      const group = groups.find(groupId)
      return group === undefined ? undefined : { groupId, state: group.state, members: group.members }
    })
  }

  openTransactionalIds({ groupId, inputs, outputs }: TransactionReach): Promise<readonly string[]> {
    return this.#request('openTransactionalIds', cluster => {
      const offsets = cluster.groups.find(groupId)?.offsets
      const producerIds = new Set([
        ...outputs.flatMap(({ topic, partition }) => cluster.findLog(topic, partition)?.openProducers ?? []),
        ...inputs.flatMap(partition => offsets?.holder(partition) ?? []),
      ])
      return [...producerIds].flatMap(producerId => cluster.transactions.idOf(producerId) ?? [])
    })
  }

  alterOffsets(groupId: string, offsets: readonly CommittedOffset[]): Promise<void> {
    return this.#request('alterOffsets', cluster => {
      for (const at of offsets) cluster.log(at)
      if (offsets.length === 0) return
      const group = cluster.groups.group(groupId)
      const refusal = group.commit(NOBODY, offsets)
      if (refusal !== undefined) throw groupActive(group)
    })
  }

  removeMembers(groupId: string): Promise<void> {
    return this.#request('removeMembers', ({ groups }) => {
      const group = groups.find(groupId)
      for (const memberId of group?.memberIds ?? []) group?.leave(memberId)
    })
  }

  deleteGroup(groupId: string): Promise<void> {
    return this.#request('deleteGroup', ({ groups }) => {
      const group = groups.find(groupId)
      if (group === undefined) throw millraceError('MILLRACE_GROUP_MISSING', { groupId })
      if (group.state !== 'empty') throw groupActive(group)
      groups.delete(groupId)
    })
  }

  deleteRecords(before: readonly TopicPartitionOffset[]): Promise<void> {
    return this.#request('deleteRecords', cluster => {
      for (const position of before) cluster.log(position).deleteBefore(position.offset)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#connection.forget(this)
  }

  #request<T>(operation: string, run: (cluster: MemoryCluster) => T): Promise<T> {
    return request(this.#connection, () => {
      if (this.#closed) throw closedError('admin', operation)
      return run(this.#connection.cluster)
    })
  }
}

function groupActive({ id, memberIds }: Group) {
  return millraceError('MILLRACE_GROUP_ACTIVE', { groupId: id, members: memberIds.join(', ') })
}
