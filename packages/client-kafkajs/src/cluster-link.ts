import {
  isMillraceError,
  millraceError,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionTime,
} from '@millrace/core'
import type { Assigner, Broker, Cluster, Kafka } from 'kafkajs'
import { setTimeout as sleep } from 'node:timers/promises'
import { callTimeoutMs, settledWithin, withDeadline } from './deadline.ts'
import { isNotConnected, protocolErrorType, REQUEST_TIMEOUT_MS } from './translate-error.ts'

/**
 * What a broker answers while leadership moves, and for a moment after a topic was created: the metadata can name a
 * leader before that broker has taken the partition over.
 */
const LEADER_MOVING = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
])
/** How often and how far apart such a request is sent again, as the Java clients do within their API timeout. */
const LEADER_RETRIES = 50
const LEADER_RETRY_MS = 100

/** Never joined: kafkajs makes no consumer without a group. */
const NO_GROUP = 'millrace-no-group'

/**
 * A connection to the cluster below kafkajs' consumer.
 *
 * kafkajs hands its `Cluster` to a partition assigner, with the fetch, offset and metadata calls of its
 * brokers in its published types. Reading through it needs no group, and gives offsets and watermarks that kafkajs'
 * own consumer keeps to itself.
 */
export class ClusterLink {
  readonly #kafka: Kafka
  readonly requestTimeoutMs: number
  #cluster: Cluster | undefined
  #topics = new Set<string>()
  #connecting: Promise<void> | undefined
  #closed = false

  constructor(kafka: Kafka, requestTimeoutMs = REQUEST_TIMEOUT_MS) {
    this.#kafka = kafka
    this.requestTimeoutMs = requestTimeoutMs
  }

  /** Connects, and knows the leaders of `topics` from then on. */
  async open(topics: readonly string[]): Promise<Cluster> {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation: 'open', object: 'connection' })
    const cluster = (this.#cluster ??= captureCluster(this.#kafka))
    return this.#bounded(cluster, 1, 'Connecting', async () => {
      await this.#connect(cluster)
      const missing = topics.filter(topic => !this.#topics.has(topic))
      if (missing.length > 0) {
        await cluster.addMultipleTargetTopics(missing)
        if (this.#cluster === cluster) for (const topic of missing) this.#topics.add(topic)
      }
      await cluster.refreshMetadataIfNecessary()
      return cluster
    })
  }

  /**
   * Runs `work` with the leaders of `topics` known, and again while their leadership moves (for about 5 s). When a topic
   * is missing it may be one that was asked for earlier and has been deleted since: then once more, knowing nothing.
   */
  async withTopics<T>(topics: readonly string[], work: (cluster: Cluster) => Promise<T>): Promise<T> {
    let forgotten = false
    for (let retries = 0; ;) {
      try {
        const cluster = await this.open(topics)
        return await this.#bounded(cluster, 2, 'Asking a broker', () => work(cluster))
      } catch (error) {
        const type = protocolErrorType(error) ?? ''
        if (type === 'UNKNOWN_TOPIC_OR_PARTITION' && !forgotten) {
          forgotten = true
          await this.reset()
        } else if (LEADER_MOVING.has(type) && retries < LEADER_RETRIES) {
          retries++
          await sleep(LEADER_RETRY_MS)
          await this.refresh()
        } else {
          throw error
        }
      }
    }
  }

  /** Those of `topics` that do not exist: of several, kafkajs does not say which. */
  async missing(topics: readonly string[]): Promise<string[]> {
    const missing: string[] = []
    for (const topic of topics) {
      await this.reset()
      await this.open([topic]).catch((error: unknown) => {
        if (protocolErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') missing.push(topic)
      })
    }
    await this.reset()
    return missing
  }

  /** Asks for the leaders again. */
  async refresh(): Promise<void> {
    const cluster = this.#cluster
    if (cluster !== undefined) await this.#bounded(cluster, 1, 'Asking for metadata', () => cluster.refreshMetadata())
  }

  /** Partitions by the node that leads them; those without a leader that is known are left out. */
  leaders<P extends TopicPartition>(partitions: Iterable<P>): Map<string, P[]> {
    const byNode = new Map<string, P[]>()
    for (const at of partitions) {
      const leader = this.#leader(at)
      if (leader === undefined) continue
      const list = byNode.get(leader)
      if (list === undefined) byNode.set(leader, [at])
      else list.push(at)
    }
    return byNode
  }

  /** Asks a broker something that takes one request. */
  async ask<T>(nodeId: string, work: (broker: Broker) => Promise<T>): Promise<T> {
    const cluster = await this.open([])
    const broker = await this.#bounded(cluster, 1, 'Connecting', () => cluster.findBroker({ nodeId }))
    return this.#bounded(cluster, 1, `Asking broker ${nodeId}`, () => work(broker))
  }

  /** Asks the broker that coordinates a group something that takes one request. */
  async askCoordinator<T>(groupId: string, work: (broker: Broker) => Promise<T>): Promise<T> {
    const cluster = await this.open([])
    const find = () => cluster.findGroupCoordinator({ groupId })
    const broker = await this.#bounded(cluster, 1, `Looking for the coordinator of group "${groupId}"`, find)
    return this.#bounded(cluster, 1, `Asking the coordinator of group "${groupId}"`, () => work(broker))
  }

  /** After a closed connection: kafkajs looks for that broker again only when it was removed. */
  forgetBroker(host: string, port: number): void {
    this.#cluster?.removeBroker({ host, port })
  }

  /** Where the logs begin, or their high watermarks. */
  logOffsets(partitions: readonly TopicPartition[], end: 'earliest' | 'latest'): Promise<TopicPartitionOffset[]> {
    const topics = byTopic(partitions)
    return this.withTopics([...topics.keys()], async cluster => {
      await cluster.refreshMetadata()
      const offsets = await cluster.fetchTopicsOffset(
        [...topics].map(([topic, list]) => ({
          topic,
          partitions: list.map(({ partition }) => ({ partition })),
          fromBeginning: end === 'earliest',
        })),
      )
      return partitions.flatMap(({ topic, partition }) => {
        const ofTopic = offsets.find(each => each.topic === topic)?.partitions
        const found = ofTopic?.find(each => each.partition === partition)
        return found === undefined ? [] : { topic, partition, offset: Number(found.offset) }
      })
    })
  }

  /** The first records that are no older than a time; a partition that has none is left out. */
  offsetsForTimes(times: readonly TopicPartitionTime[]): Promise<TopicPartitionOffset[]> {
    return this.withTopics([...byTopic(times).keys()], async cluster => {
      await cluster.refreshMetadata()
      // One call for each time: kafkajs takes one time for all partitions of a topic.
      const found: TopicPartitionOffset[] = []
      for (const { topic, partition, timestamp } of times) {
        const asked = { topic, partitions: [{ partition }], fromTimestamp: timestamp }
        const [answer] = await cluster.fetchTopicsOffset([asked])
        const offset = Number(answer?.partitions[0]?.offset ?? -1)
        if (offset >= 0) found.push({ topic, partition, offset })
      }
      return found
    })
  }

  /**
   * Drops the connection and all that is known. Needed after a topic was deleted: kafkajs asks for every topic it ever
   * was asked for, and fails as a whole when one is missing.
   */
  async reset(): Promise<void> {
    const cluster = this.#cluster
    this.#forget()
    await cluster?.disconnect()
  }

  /** Nobody connects through it any more, also not who is in the middle of something. */
  async close(): Promise<void> {
    this.#closed = true
    await this.reset()
  }

  #forget(): void {
    this.#cluster = undefined
    this.#connecting = undefined
    this.#topics = new Set()
  }

  /**
   * Waits for what kafkajs does for as long as `requests` requests may take. A cluster that takes longer is replaced by another at the
   * next call, and so is one that kafkajs takes for connected though it does not know what the broker offers: it would fail ever after.
   */
  async #bounded<T>(cluster: Cluster, requests: number, operation: string, work: () => Promise<T>): Promise<T> {
    let over = false
    const bounded = work().catch((error: unknown) => {
      if (isNotConnected(error)) over = true
      throw error
    })
    try {
      return await withDeadline(bounded, requests * callTimeoutMs(this.requestTimeoutMs), operation)
    } catch (error) {
      over ||= isMillraceError(error) && error.code === 'MILLRACE_CLIENT_TIMEOUT'
      if (over && this.#cluster === cluster) {
        this.#forget()
        void settledWithin(cluster.disconnect(), this.requestTimeoutMs)
      }
      throw error
    }
  }

  /**
   * kafkajs counts as connected from the moment that the socket is open, and then still has to ask for the versions without
   * which it can send nothing: so a caller in between waits for the first one.
   */
  async #connect(cluster: Cluster): Promise<void> {
    if (this.#connecting === undefined && cluster.isConnected()) return
    if (this.#connecting === undefined) {
      const connecting = cluster.connect().finally(() => {
        if (this.#connecting === connecting) this.#connecting = undefined
      })
      this.#connecting = connecting
    }
    await this.#connecting
  }

  #leader({ topic, partition }: TopicPartition): string | undefined {
    if (this.#cluster === undefined || !this.#topics.has(topic)) return undefined
    const found = Object.keys(this.#cluster.findLeaderForPartitions(topic, [partition]))[0]
    return found === undefined || Number(found) < 0 ? undefined : found
  }
}

/** Partitions by topic, as kafkajs' requests want them. */
export function byTopic<P extends TopicPartition>(partitions: Iterable<P>): Map<string, P[]> {
  const topics = new Map<string, P[]>()
  for (const at of partitions) {
    const list = topics.get(at.topic)
    if (list === undefined) topics.set(at.topic, [at])
    else list.push(at)
  }
  return topics
}

function captureCluster(kafka: Kafka): Cluster {
  let captured: Cluster | undefined
  kafka.consumer({
    groupId: NO_GROUP,
    // Offsets are asked for with the consumer's isolation level, and what we want to know are high watermarks.
    readUncommitted: true,
    allowAutoTopicCreation: false,
    metadataMaxAge: METADATA_MAX_AGE_MS,
    partitionAssigners: [
      ({ cluster }) => {
        captured = cluster
        return UNUSED_ASSIGNER
      },
    ],
  })
  if (captured === undefined) throw new Error('kafkajs did not make its partition assigner')
  return captured
}

export const METADATA_MAX_AGE_MS = 60_000

const UNUSED_ASSIGNER: Assigner = {
  name: 'unused',
  version: 0,
  assign: async () => [],
  protocol: () => ({ name: 'unused', metadata: Buffer.alloc(0) }),
}
