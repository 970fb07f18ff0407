import type { MemoryClient, MemoryCluster } from '@millrace/client-memory'
import { type Admin, internalTopics, type Plan, topicNaming } from '@millrace/core'
import type { TopologyTestDriverOptions } from './driver-options.ts'

/** Creates the topics that a topology's user would have created. Internal ones are the runtime's. */
export class DriverTopics {
  readonly #cluster: MemoryCluster
  readonly #partitions: TopologyTestDriverOptions['partitions']
  readonly #internal: ReadonlySet<string>
  /** Records piped in, by topic: what else a topic holds was produced by the topology. */
  readonly #piped = new Map<string, number>()

  constructor(
    cluster: MemoryCluster,
    plan: Plan,
    applicationId: string,
    partitions: TopologyTestDriverOptions['partitions'],
  ) {
    this.#cluster = cluster
    this.#partitions = partitions
    this.#internal = new Set(internalTopics(plan).map(topicNaming(plan, applicationId)))
    const repartition = new Set(plan.repartitionTopics.map(({ name }) => name))
    for (const node of plan.nodes) {
      const topics = node.kind === 'source' ? node.topics : node.kind === 'sink' ? [node.topic] : []
      for (const topic of topics) if (typeof topic === 'string' && !repartition.has(topic)) this.create(topic)
    }
  }

  /** Creates the topic unless it is there or the runtime's to create. */
  create(topic: string): void {
    if (this.#internal.has(topic) || this.#cluster.partitionCount(topic) !== undefined) return
    const partitions = typeof this.#partitions === 'object' ? (this.#partitions[topic] ?? 1) : (this.#partitions ?? 1)
    this.#cluster.createTopic({ name: topic, partitions })
  }

  piped(topic: string, records: number): void {
    this.#piped.set(topic, (this.#piped.get(topic) ?? 0) + records)
  }

  /** Topics that hold more than what was piped in. */
  produced(): readonly string[] {
    return this.#cluster.topicNames().filter(topic => {
      let records = 0
      for (let partition = 0; partition < this.#cluster.partitionCount(topic)!; partition++) {
        records += this.#cluster.log({ topic, partition }).highWatermark
      }
      return records > (this.#piped.get(topic) ?? 0)
    })
  }

  /** A client for which a topic that a sink chooses record by record is there as soon as it is asked about. */
  madeOnDemand(client: MemoryClient): MemoryClient {
    const admin = (): Admin => {
      const own = client.admin()
      return {
        listTopics: () => own.listTopics(),
        createTopics: topics => own.createTopics(topics),
        deleteTopics: topics => own.deleteTopics(topics),
        describeTopicConfigs: topic => own.describeTopicConfigs(topic),
        earliestOffsets: partitions => own.earliestOffsets(partitions),
        latestOffsets: partitions => own.latestOffsets(partitions),
        offsetsForTimes: times => own.offsetsForTimes(times),
        truncations: positions => own.truncations(positions),
        committedOffsets: (groupId, partitions, unstable) => own.committedOffsets(groupId, partitions, unstable),
        describeGroup: groupId => own.describeGroup(groupId),
        alterOffsets: (groupId, offsets) => own.alterOffsets(groupId, offsets),
        removeMembers: groupId => own.removeMembers(groupId),
        deleteGroup: groupId => own.deleteGroup(groupId),
        deleteRecords: before => own.deleteRecords(before),
        close: () => own.close(),
        describeTopics: topics => {
          for (const topic of topics) this.create(topic)
          return own.describeTopics(topics)
        },
      }
    }
    return {
      name: client.name,
      capabilities: client.capabilities,
      admin,
      consumer: options => client.consumer(options),
      groupConsumer: options => client.groupConsumer(options),
      producer: options => client.producer(options),
      close: () => client.close(),
      crash: () => client.crash(),
      disconnect: ms => client.disconnect(ms),
      standStill: ms => client.standStill(ms),
    }
  }
}
