import {
  millraceError,
  openTransactionalIds,
  type Admin,
  type Clock,
  type CommittedOffset,
  type GroupDescription,
  type NewTopic,
  type TopicDescription,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionTime,
  type TransactionReach,
} from '@millrace/core'
import { byTopic } from '../cluster/by-topic.ts'
import { type Cluster, GENERAL } from '../cluster/cluster.ts'
import { checkCode, errorNameOf, isKafkaError, KafkaError } from '../cluster/kafka-error.ts'
import type { Api } from '../protocol/api.ts'
import { createTopicsApi } from '../protocol/messages/create-topics.ts'
import { deleteRecordsApi } from '../protocol/messages/delete-records.ts'
import { deleteTopicsApi } from '../protocol/messages/delete-topics.ts'
import { describeConfigsApi } from '../protocol/messages/describe-configs.ts'
import { describeProducersApi } from '../protocol/messages/describe-producers.ts'
import { listTransactionsApi } from '../protocol/messages/list-transactions.ts'
import type { MetadataResponse } from '../protocol/messages/metadata.ts'
import { transactionRequests } from '../produce/transaction-requests.ts'
import { type ErrorContext, translateError } from '../translate-error.ts'
import { NO_TOPIC_ID } from '../cluster/metadata.ts'
import { fetchCommitted } from '../group/committed-offsets.ts'
import { commitAsNobody, deleteGroup, describeGroup, removeMembers, whileEmpty } from './group-requests.ts'
import { logOffsets, perLeader, READ_EARLIEST, READ_LATEST } from './log-offsets.ts'
import { truncations } from './truncations.ts'

/** Kafka's number for topics among the things that have a configuration. */
const TOPIC_RESOURCE = 2
/** How long until a new topic must be in the metadata, or a deleted one out of it. */
const VISIBLE_MS = 10_000
const VISIBLE_POLL_MS = 20
const ADMIN_TIMEOUT_MS = 30_000

export class WireAdmin implements Admin {
  readonly #cluster: Cluster
  readonly #brokers: string
  readonly #clock: Clock
  #closed = false

  constructor(cluster: Cluster, brokers: string, clock: Clock) {
    this.#cluster = cluster
    this.#brokers = brokers
    this.#clock = clock
  }

  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#run('Describing topics', async () => (topics.length === 0 ? [] : this.#describe(topics)))
  }

  listTopics(): Promise<readonly string[]> {
    return this.#run('Listing topics', async () => {
      const { topics } = await this.#cluster.describe(null)
      return topics.flatMap(({ name }) => name ?? [])
    })
  }

  createTopics(topics: readonly NewTopic[]): Promise<void> {
    const names = topics.map(({ name }) => `"${name}"`).join(', ')
    return this.#run(`Creating the topics ${names}`, async () => {
      if (topics.length === 0) return
      const present = await this.#create(topics)
      await this.#untilVisible(topics.map(({ name }) => name))
      if (present !== undefined) throw millraceError('MILLRACE_TOPIC_EXISTS', { topic: present })
    })
  }

  deleteTopics(topics: readonly string[]): Promise<void> {
    const topic = topics.join(', ')
    return this.#run(
      `Deleting the topics ${topic}`,
      async () => {
        if (topics.length === 0) return
        const answer = await this.#controller(deleteTopicsApi, {
          topics: topics.map(name => ({ name, topicId: NO_TOPIC_ID })),
          timeoutMs: ADMIN_TIMEOUT_MS,
        })
        const failed = answer.responses.find(({ errorCode }) => errorCode !== 0)
        for (const name of topics) this.#cluster.metadata.forget(name)
        if (failed !== undefined) {
          const options = {
            operation: `Deleting the topic "${failed.name}"`,
            topic: failed.name ?? topic,
            right: 'Delete',
          }
          throw this.#translate(new KafkaError(failed.errorCode, failed.errorMessage), options)
        }
        await this.#untilGone(topics)
      },
      { topic },
    )
  }

  describeTopicConfigs(topic: string): Promise<Readonly<Record<string, string>>> {
    return this.#run(
      `Describing the topic "${topic}"`,
      async () => {
        const { results } = await this.#cluster.any(describeConfigsApi, {
          resources: [{ resourceType: TOPIC_RESOURCE, resourceName: topic, configurationKeys: null }],
        })
        for (const { errorCode, errorMessage } of results) checkCode(errorCode, errorMessage)
        return Object.fromEntries(
          results.flatMap(({ configs }) => configs.map(({ name, value }) => [name, value ?? ''])),
        )
      },
      { topic, right: 'DescribeConfigs' },
    )
  }

  earliestOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]> {
    return this.#logOffsets(partitions, 'earliest')
  }

  latestOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]> {
    return this.#logOffsets(partitions, 'latest')
  }

  offsetsForTimes(times: readonly TopicPartitionTime[]): Promise<readonly TopicPartitionOffset[]> {
    const topic = topicsOf(times)
    return this.#run(
      `Asking for the offsets at a time of ${topic}`,
      async () => (await logOffsets(this.#cluster, times)).filter(({ offset }) => offset >= 0),
      { topic },
    )
  }

  truncations(positions: readonly CommittedOffset[]): Promise<readonly TopicPartitionOffset[]> {
    const topic = topicsOf(positions)
    return this.#run(`Asking for the leader epochs of ${topic}`, () => truncations(this.#cluster, positions), { topic })
  }

  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    unstable?: 'throw' | 'omit',
  ): Promise<readonly CommittedOffset[]> {
    return this.#run(
      `Asking for the committed offsets of "${groupId}"`,
      () => fetchCommitted(this.#cluster, groupId, partitions, unstable),
      { groupId, topic: topicsOf(partitions) },
    )
  }

  describeGroup(groupId: string): Promise<GroupDescription | undefined> {
    return this.#run(`Describing the group "${groupId}"`, () => describeGroup(this.#cluster, groupId), { groupId })
  }

  openTransactionalIds(reach: TransactionReach): Promise<readonly string[]> {
    return this.#run('Looking for open transactions', async () => {
      const { groupId } = reach
      const coordinator = await this.#cluster.retrying(() => this.#cluster.coordinator('group', groupId), {
        coordinator: ['group', groupId],
      })
      const connection = await this.#cluster.connection(coordinator, GENERAL)
      if (!connection.supports(listTransactionsApi, 0) || !connection.supports(describeProducersApi, 0)) return []
      return openTransactionalIds(transactionRequests(this.#cluster), reach)
    })
  }

  alterOffsets(groupId: string, offsets: readonly CommittedOffset[]): Promise<void> {
    return this.#run(
      `Setting the offsets of "${groupId}"`,
      () => whileEmpty(this.#cluster, groupId, () => commitAsNobody(this.#cluster, groupId, offsets)),
      { groupId, topic: topicsOf(offsets), right: 'Read' },
    )
  }

  removeMembers(groupId: string): Promise<void> {
    return this.#run(`Removing the members of "${groupId}"`, () => removeMembers(this.#cluster, groupId), {
      groupId,
      right: 'Read',
    })
  }

  deleteGroup(groupId: string): Promise<void> {
    return this.#run(
      `Deleting the group "${groupId}"`,
      () => whileEmpty(this.#cluster, groupId, () => deleteGroup(this.#cluster, groupId)),
      { groupId, right: 'Delete' },
    )
  }

  deleteRecords(before: readonly TopicPartitionOffset[]): Promise<void> {
    const topic = topicsOf(before)
    return this.#run(
      `Deleting records of ${topic}`,
      async () => {
        await perLeader(this.#cluster, before, async (nodeId, own) => {
          const topics = [...byTopic(own)].map(([name, list]) => ({
            name,
            partitions: list.map(({ partition, offset }) => ({ partitionIndex: partition, offset })),
          }))
          const request = { topics, timeoutMs: ADMIN_TIMEOUT_MS }
          const answer = await this.#cluster.node(nodeId, GENERAL, deleteRecordsApi, request)
          for (const { partitions } of answer.topics) for (const { errorCode } of partitions) checkCode(errorCode)
          return []
        })
      },
      { topic, right: 'Delete' },
    )
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #logOffsets(partitions: readonly TopicPartition[], end: 'earliest' | 'latest') {
    const timestamp = end === 'earliest' ? READ_EARLIEST : READ_LATEST
    const topic = topicsOf(partitions)
    return this.#run(
      `Asking for the ${end} offsets of ${topic}`,
      () =>
        logOffsets(
          this.#cluster,
          partitions.map(each => ({ topic: each.topic, partition: each.partition, timestamp })),
        ),
      { topic },
    )
  }

  /** Topics that are not there are left out, also those that a broker has not heard of yet. */
  async #describe(names: readonly string[]): Promise<TopicDescription[]> {
    const { topics } = await this.#cluster.describe(names)
    return topics.flatMap(({ name, errorCode, partitions }) => {
      const error = errorNameOf(errorCode)
      if (name === null || error === 'UNKNOWN_TOPIC_OR_PARTITION' || error === 'LEADER_NOT_AVAILABLE') return []
      checkCode(errorCode)
      return [{ name, partitions: partitions.length }]
    })
  }

  /** Gives the first that was there already. */
  async #create(topics: readonly NewTopic[]): Promise<string | undefined> {
    const answer = await this.#controller(createTopicsApi, {
      topics: topics.map(({ name, partitions, replicationFactor, configs }) => ({
        name,
        numPartitions: partitions,
        replicationFactor: replicationFactor ?? -1,
        assignments: [],
        configs: Object.entries(configs ?? {}).map(([key, value]) => ({ name: key, value })),
      })),
      timeoutMs: ADMIN_TIMEOUT_MS,
    })
    let present: string | undefined
    for (const { name, errorCode, errorMessage } of answer.topics) {
      if (errorNameOf(errorCode) === 'TOPIC_ALREADY_EXISTS') present ??= name
      else if (errorCode !== 0) {
        throw this.#translate(new KafkaError(errorCode, errorMessage), {
          operation: `Creating the topic "${name}"`,
          topic: name,
          right: 'Create',
        })
      }
    }
    return present
  }

  /** With ZooKeeper only the controller does it; with KRaft every broker passes it on. */
  async #controller<Request, Response>(api: Api<Request, Response>, request: Request): Promise<Response> {
    const { metadata } = this.#cluster
    await this.#cluster.refresh([])
    const { controllerId } = metadata
    if (!metadata.brokers.has(controllerId)) return this.#cluster.any(api, request)
    return this.#cluster.node(controllerId, GENERAL, api, request, ADMIN_TIMEOUT_MS + this.#cluster.requestTimeoutMs)
  }

  /** At every broker that answers: the next request may go to another one. */
  async #untilVisible(names: readonly string[]): Promise<void> {
    await this.#until(async () => {
      const seen = await this.#askAll(names)
      return seen.every(({ topics }) =>
        topics.every(
          ({ errorCode, partitions }) => errorCode === 0 && partitions.every(({ leaderId }) => leaderId >= 0),
        ),
      )
    })
  }

  async #untilGone(names: readonly string[]): Promise<void> {
    await this.#until(async () => {
      const seen = await this.#askAll(names)
      return seen.every(({ topics }) => topics.every(({ errorCode }) => errorCode !== 0))
    })
  }

  async #askAll(names: readonly string[]): Promise<readonly MetadataResponse[]> {
    const asked = [...this.#cluster.metadata.brokers.keys()].map(nodeId => this.#cluster.describe(names, nodeId))
    const answers = await Promise.allSettled(asked)
    return answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    const until = this.#clock.monotonic() + VISIBLE_MS
    while (!(await holds()) && this.#clock.monotonic() < until) await this.#clock.sleep(VISIBLE_POLL_MS)
  }

  async #run<T>(operation: string, work: () => Promise<T>, context: Partial<ErrorContext> = {}): Promise<T> {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'admin client' })
    try {
      // A topic that is missing is an answer, though one of the kind that Kafka's clients try again.
      const giveUp = (error: unknown) => isKafkaError(error, 'UNKNOWN_TOPIC_OR_PARTITION', 'REQUEST_TIMED_OUT')
      return await this.#cluster.retrying(work, { giveUp })
    } catch (error) {
      throw this.#translate(error, { ...context, operation })
    }
  }

  #translate(error: unknown, context: Omit<ErrorContext, 'brokers' | 'requestTimeoutMs'>) {
    const { requestTimeoutMs, principal } = this.#cluster
    return translateError(error, { right: 'Describe', ...context, principal, brokers: this.#brokers, requestTimeoutMs })
  }
}

function topicsOf(partitions: readonly TopicPartition[]): string {
  return [...byTopic(partitions).keys()].join(', ')
}
