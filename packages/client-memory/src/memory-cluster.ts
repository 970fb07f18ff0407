import {
  crc32c,
  millraceError,
  nameDefect,
  seededRandom,
  type Clock,
  type CommittedOffset,
  type Crc32c,
  type NewTopic,
  type TopicPartition,
  aBoolean,
  aFiniteNumber,
  aFunction,
  aNewTopic,
  aRunningClock,
  checkArguments,
  checkedInside,
  optional,
  optionsOf,
} from '@millrace/core'
import { GroupCoordinator } from './group/group-coordinator.ts'
import type { Group } from './group/group.ts'
import { PartitionLog } from './log/partition-log.ts'
import { Deadlines } from './time/deadlines.ts'
import { DEFAULT_TOPIC_CONFIGS, parseTopicConfig } from './topics/topic-config.ts'
import { MarkerQueue, type MarkerTarget } from './transactions/marker-queue.ts'
import { TransactionCoordinator } from './transactions/transaction-coordinator.ts'

export interface MemoryClusterOptions {
  /** All time of the cluster: timestamps of markers, timeouts, retention. */
  readonly clock: Clock
  /** Member ids follow from it. @default 1 */
  readonly seed?: number
  /**
   * Whether stored batches carry their CRC-32C. Nothing here reads it, so without it only tools that take the stored bytes
   * elsewhere would notice. @default false
   */
  readonly checksums?: boolean
  /** How often expired records are looked for, in milliseconds. @default 300 000, as a broker does */
  readonly retentionCheckIntervalMs?: number
  /** A compacted partition is compacted by itself when this much was appended since the last time. @default 128 MiB */
  readonly autoCompactBytes?: number
  /** Of a transactional id's first producer, 0 to 32 766: near the end, so that a test sees epochs run out. @default 0 */
  readonly firstProducerEpoch?: number
  /** The copies that streams groups keep of each task with state (KIP-1071), as `group.streams.num.standby.replicas`. @default 0 */
  readonly numStandbyReplicas?: number
  /** How long after a transaction was ended each of its markers is written, in milliseconds. @default 0 for all: at once */
  readonly markerDelayMs?: () => number
}

/**
 * What becomes of the markers that are due while no partition has a leader. `late`: they are written when there is one again.
 * `lost`: the transaction counts as complete without them (KAFKA-20734). A function says it of each: true is lost.
 */
export type MarkerFate = 'late' | 'lost' | ((target: MarkerTarget) => boolean)

interface Topic {
  readonly name: string
  readonly configs: Readonly<Record<string, string>>
  readonly logs: PartitionLog[]
}

/**
 * A whole Kafka in memory: topics, groups, transactions. Clients from `memoryClient(cluster)` share it. All of it is
 * synchronous and takes time from the clock alone, so that the same calls give the same cluster.
 */
export class MemoryCluster {
  readonly clock: Clock
  readonly groups: GroupCoordinator
  readonly transactions: TransactionCoordinator
  /** What producers and markers compute their batches' checksums with. */
  readonly crc: Crc32c
  readonly #options: MemoryClusterOptions
  readonly #deadlines: Deadlines
  readonly #markers: MarkerQueue
  readonly #topics = new Map<string, Topic>()
  readonly #clients = new Set<object>()
  #metadataVersion = 0

  constructor(options: MemoryClusterOptions) {
    checkArguments('MemoryCluster', [['options', OPTIONS]], [options])
    this.#options = options
    this.clock = options.clock
    this.crc = options.checksums === true ? crc32c : noCrc
    const deadlines = new Deadlines(options.clock)
    this.#deadlines = deadlines
    const { numStandbyReplicas = 0 } = options
    this.groups = new GroupCoordinator({
      deadlines,
      random: seededRandom(options.seed ?? 1),
      topics: this,
      numStandbyReplicas: () => numStandbyReplicas,
    })
    this.#markers = new MarkerQueue({
      deadlines,
      delayMs: options.markerDelayMs ?? (() => 0),
      write: (target, { producerId, producerEpoch }, committed) => {
        if ('groupId' in target) this.groups.group(target.groupId).offsets.endTransaction(producerId, committed)
        else this.findLog(target.topic, target.partition)?.endTransaction(producerId, producerEpoch, committed)
      },
    })
    this.transactions = new TransactionCoordinator(deadlines, this.#markers, options.firstProducerEpoch)
  }

  /** A client begins to use the cluster. */
  attach(client: object): void {
    this.#clients.add(client)
    this.#deadlines.resume()
  }

  /** Without clients no timeout runs, so that a cluster that is no longer used lets its process end. */
  detach(client: object): void {
    this.#clients.delete(client)
    if (this.#clients.size === 0) this.#deadlines.suspend()
  }

  /** Counts changes of topics and partitions. */
  get metadataVersion(): number {
    return this.#metadataVersion
  }

  /** @throws MILLRACE_TOPIC_EXISTS, and MILLRACE_CLIENT_REQUEST_FAILED without a partition */
  createTopic(topic: NewTopic): void {
    checkArguments('createTopic', [['topic', aNewTopic]], [topic])
    const { name, partitions, configs } = topic
    if (this.#topics.has(name)) throw millraceError('MILLRACE_TOPIC_EXISTS', { topic: name })
    const defect = nameDefect(name) ?? this.#collision(name)
    if (defect !== undefined) {
      throw millraceError('MILLRACE_CLIENT_REQUEST_FAILED', {
        operation: `createTopics "${name}"`,
        reason: `the name is invalid: ${defect}`,
      })
    }
    if (!Number.isInteger(partitions) || partitions < 1) {
      throw millraceError('MILLRACE_CLIENT_REQUEST_FAILED', {
        operation: `createTopics "${name}"`,
        reason: `${partitions} is not a valid number of partitions`,
      })
    }
    this.#topics.set(name, { name, configs: { ...DEFAULT_TOPIC_CONFIGS, ...configs }, logs: [] })
    this.createPartitions(name, partitions)
  }

  /** As a broker, which names metrics after topics. */
  #collision(name: string): string | undefined {
    const folded = name.replaceAll('.', '_')
    const other = [...this.#topics.keys()].find(topic => topic.replaceAll('.', '_') === folded)
    return other === undefined ? undefined : `it collides with the topic "${other}"`
  }

  /** Lets a topic grow to `total` partitions. @throws MILLRACE_TOPIC_MISSING, MILLRACE_CLIENT_REQUEST_FAILED if it has more */
  createPartitions(name: string, total: number): void {
    const topic = this.#topic(name)
    if (total < topic.logs.length) {
      throw millraceError('MILLRACE_CLIENT_REQUEST_FAILED', {
        operation: `createPartitions "${name}"`,
        reason: `the topic already has ${topic.logs.length} partitions`,
      })
    }
    for (let partition = topic.logs.length; partition < total; partition++)
      topic.logs.push(this.#newLog(topic, partition))
    this.#metadataVersion++
  }

  /** @throws MILLRACE_TOPIC_MISSING */
  deleteTopic(name: string): void {
    const topic = this.#topic(name)
    this.#topics.delete(name)
    for (const group of this.groups.all()) group.offsets.dropTopic(name)
    for (const log of topic.logs) log.delete()
    this.#metadataVersion++
  }

  topicNames(): readonly string[] {
    return [...this.#topics.keys()].sort()
  }

  /** Undefined when there is no such topic. */
  partitionCount(name: string): number | undefined {
    return this.#topics.get(name)?.logs.length
  }

  /** @throws MILLRACE_TOPIC_MISSING */
  topicConfigs(name: string): Readonly<Record<string, string>> {
    return this.#topic(name).configs
  }

  findLog(topic: string, partition: number): PartitionLog | undefined {
    return this.#topics.get(topic)?.logs[partition]
  }

  /** @throws MILLRACE_TOPIC_MISSING */
  log({ topic, partition }: TopicPartition): PartitionLog {
    const log = this.#topic(topic).logs[partition]
    if (log === undefined) throw millraceError('MILLRACE_TOPIC_MISSING', { topic: `${topic}-${partition}` })
    return log
  }

  /** Deletes now what the topic's retention does not keep. */
  retain(topic: string): void {
    for (const log of this.#topic(topic).logs) log.retain()
  }

  /** Compacts the topic's partitions now, whatever its cleanup policy. */
  compact(topic: string): void {
    for (const log of this.#topic(topic).logs) log.compact()
  }

  /** Committed offsets of a group, all of them. */
  committedOffsets(groupId: string): readonly CommittedOffset[] {
    return this.groups.find(groupId)?.offsets.all() ?? []
  }

  /** Fault: another producer of the id seems to have been initialised; an open transaction is aborted. */
  fenceProducer(transactionalId: string): void {
    this.transactions.fence(transactionalId)
  }

  /** Fault: the group throws the member out, as after a session timeout. */
  evictMember(groupId: string, memberId: string): void {
    this.groups.find(groupId)?.leave(memberId)
  }

  /** Fault: the group's coordinator moves to another broker. Joins under way have to be sent again. */
  moveGroupCoordinator(groupId: string): void {
    this.groups.find(groupId)?.moveCoordinator()
  }

  /**
   * Fault: an unclean election. The partition's new leader has not got the batches that reach to `offset` or past it, which were
   * acknowledged.
   *
   * @throws MILLRACE_TOPIC_MISSING
   */
  electUncleanly(partition: TopicPartition, offset: number): void {
    this.log(partition).cut(offset)
  }

  /**
   * Fault: the partitions have no leader, as while a broker stops in order. Requests still get through, until the clients are
   * disconnected; what is missing is the end of transactions.
   */
  loseLeaders(markers: MarkerFate): void {
    this.#markers.loseLeaders(typeof markers === 'function' ? markers : () => markers === 'lost')
  }

  /** The broker is back. */
  electLeaders(): void {
    this.#markers.electLeaders()
  }

  get leaderless(): boolean {
    return this.#markers.leaderless
  }

  /** A group as it is now, for tests and tools. */
  describeGroup(groupId: string): Pick<Group, 'state' | 'generation' | 'memberIds'> | undefined {
    return this.groups.find(groupId)
  }

  #newLog(topic: Topic, partition: number): PartitionLog {
    return new PartitionLog({
      topic: topic.name,
      partition,
      config: parseTopicConfig(topic.configs),
      clock: this.clock,
      crc: this.crc,
      retentionCheckIntervalMs: this.#options.retentionCheckIntervalMs ?? 300_000,
      autoCompactBytes: this.#options.autoCompactBytes ?? 128 * 1024 * 1024,
    })
  }

  #topic(name: string): Topic {
    const topic = this.#topics.get(name)
    if (topic === undefined) throw millraceError('MILLRACE_TOPIC_MISSING', { topic: name })
    return topic
  }
}

function noCrc(): number {
  return 0
}

const number = optional(aFiniteNumber)
const OPTIONS = optionsOf({
  clock: aRunningClock,
  seed: number,
  checksums: optional(aBoolean),
  // Infinity means never.
  retentionCheckIntervalMs: checkedInside,
  autoCompactBytes: checkedInside,
  firstProducerEpoch: number,
  numStandbyReplicas: number,
  markerDelayMs: optional(aFunction),
})
