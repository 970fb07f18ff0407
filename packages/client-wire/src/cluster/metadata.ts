import type { MetadataResponse } from '../protocol/messages/metadata.ts'
import { errorNameOf, type KafkaErrorName } from './kafka-error.ts'

/** Where a topic is named and not identified. */
export const NO_TOPIC_ID = '00000000000000000000000000000000'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

export interface PartitionInfo {
  /** -1 while there is none. */
  readonly leader: number
  /** -1 where the broker does not tell. */
  readonly leaderEpoch: number
}

export interface TopicInfo {
  readonly name: string
  readonly id: string
  readonly partitions: readonly PartitionInfo[]
}

/** What is known of the cluster: its brokers, and the leaders of the topics that somebody has asked for. */
export class Metadata {
  readonly brokers = new Map<number, BrokerAddress>()
  readonly #topics = new Map<string, TopicInfo>()
  readonly #namesById = new Map<string, string>()
  controllerId = -1

  topic(name: string): TopicInfo | undefined {
    return this.#topics.get(name)
  }

  nameOf(topicId: string): string | undefined {
    return this.#namesById.get(topicId)
  }

  /** Undefined while no leader is known. */
  leader(topic: string, partition: number): PartitionInfo | undefined {
    const info = this.#topics.get(topic)?.partitions[partition]
    return info === undefined || info.leader < 0 ? undefined : info
  }

  /** Takes an answer in, and gives the topics that the broker has an error for. */
  take(response: MetadataResponse): ReadonlyMap<string, KafkaErrorName> {
    const failed = new Map<string, KafkaErrorName>()
    this.brokers.clear()
    for (const { nodeId, host, port } of response.brokers) this.brokers.set(nodeId, { host, port })
    this.controllerId = response.controllerId
    for (const { errorCode, name, topicId, partitions } of response.topics) {
      if (name === null) continue
      const error = errorNameOf(errorCode)
      if (error !== undefined) {
        failed.set(name, error)
        if (error === 'UNKNOWN_TOPIC_OR_PARTITION') this.forget(name)
        continue
      }
      const before = this.#topics.get(name)
      const sameTopic = before?.id === topicId
      const list: PartitionInfo[] = []
      for (const { partitionIndex, leaderId, leaderEpoch } of partitions) {
        const known = sameTopic ? before.partitions[partitionIndex] : undefined
        // A broker that lags behind tells of a leader that is none any more.
        const isOld = known !== undefined && leaderEpoch >= 0 && leaderEpoch < known.leaderEpoch
        list[partitionIndex] = isOld ? known : { leader: leaderId, leaderEpoch }
      }
      for (let i = 0; i < list.length; i++) list[i] ??= { leader: -1, leaderEpoch: -1 }
      if (before !== undefined) this.#namesById.delete(before.id)
      this.#topics.set(name, { name, id: topicId, partitions: list })
      this.#namesById.set(topicId, name)
    }
    return failed
  }

  /** The new leader that a broker named when it refused a request (KIP-951). False when that is no news. */
  learnLeader(topic: string, partition: number, leader: number, leaderEpoch: number): boolean {
    const info = this.#topics.get(topic)
    const known = info?.partitions[partition]
    if (info === undefined || known === undefined || leader < 0 || leaderEpoch <= known.leaderEpoch) return false
    if (!this.brokers.has(leader)) return false
    const partitions = info.partitions.with(partition, { leader, leaderEpoch })
    this.#topics.set(topic, { ...info, partitions })
    return true
  }

  forget(topic: string): void {
    const info = this.#topics.get(topic)
    if (info === undefined) return
    this.#topics.delete(topic)
    this.#namesById.delete(info.id)
  }
}
