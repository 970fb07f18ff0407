import {
  millraceError,
  type Admin,
  type Clock,
  type CommittedOffset,
  type GroupDescription,
  type MillraceError,
  type NewTopic,
  type TopicDescription,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionTime,
} from '@millrace/core'
import type { Admin as KafkajsAdmin, Kafka } from 'kafkajs'
import { byTopic, ClusterLink } from './cluster-link.ts'
import { fetchCommitted } from './committed-offsets.ts'
import { commitAsNobody, describeGroup, removeMembers, whileEmpty } from './group-admin.ts'
import { callTimeoutMs, CLOSE_MS, settledWithin, withDeadline } from './deadline.ts'
import type { Surroundings } from './surroundings.ts'
import { isNotConnected, protocolErrorType, translateError, type ErrorContext } from './translate-error.ts'

/** Kafka's number for topics among the things that have a configuration. */
const TOPIC_RESOURCE = 2
/** How long until a new topic must be in the metadata, or a deleted one out of it. */
const VISIBLE_MS = 10_000
const VISIBLE_POLL_MS = 20
/** How long a broker that starts or stops is fenced, at most and a little more. */
const FENCED_MS = 10_000
const FENCED_RETRY_MS = 200

export class KafkajsAdminPort implements Admin {
  readonly #kafka: Kafka
  readonly #brokers: string
  readonly #clock: Clock
  /** Of what takes one request. */
  readonly #timeoutMs: number
  readonly #link: ClusterLink
  #admin: KafkajsAdmin | undefined
  #connecting: Promise<void> | undefined
  #closed = false

  constructor({ kafka, brokers, clock, requestTimeoutMs }: Surroundings) {
    this.#kafka = kafka
    this.#brokers = brokers
    this.#clock = clock
    this.#timeoutMs = callTimeoutMs(requestTimeoutMs)
    this.#link = new ClusterLink(kafka, requestTimeoutMs)
  }

  describeTopics(topics: readonly string[]): Promise<readonly TopicDescription[]> {
    return this.#run('Describing topics', async admin => {
      if (topics.length === 0) return []
      try {
        return await describe(admin, topics)
      } catch (error) {
        if (protocolErrorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
      }
      // One unknown topic fails the whole request, and kafkajs does not say which one it was.
      const found: TopicDescription[] = []
      for (const topic of topics) found.push(...(await describeIfPresent(admin, topic)))
      return found
    })
  }

  listTopics(): Promise<readonly string[]> {
    return this.#run('Listing topics', listTopics)
  }

  createTopics(topics: readonly NewTopic[]): Promise<void> {
    return this.#run('Creating topics', async admin => {
      let present: string | undefined
      // One by one: of several, kafkajs does not say which existed.
      for (const topic of topics) {
        const created = await this.#create(admin, topic).catch((error: unknown) => {
          throw this.#translate(error, { operation: `Creating the topic "${topic.name}"` })
        })
        if (!created) present ??= topic.name
      }
      await this.#waitUntilVisible(admin, topics)
      if (present !== undefined) throw millraceError('MILLRACE_TOPIC_EXISTS', { topic: present })
    })
  }

  /** Tries again while brokers may be fenced: kafkajs does not give the broker's text, which would say so. */
  async #create(admin: KafkajsAdmin, topic: NewTopic): Promise<boolean> {
    const until = this.#clock.monotonic() + FENCED_MS
    for (;;) {
      try {
        return await createOne(admin, topic)
      } catch (error) {
        if (protocolErrorType(error) !== 'INVALID_REPLICATION_FACTOR' || this.#clock.monotonic() >= until) throw error
        await this.#clock.sleep(FENCED_RETRY_MS)
      }
    }
  }

  deleteTopics(topics: readonly string[]): Promise<void> {
    return this.#run('Deleting topics', async admin => {
      for (const topic of topics) {
        await admin.deleteTopics({ topics: [topic] }).catch((error: unknown) => {
          throw this.#translate(error, { operation: `Deleting the topic "${topic}"`, topic })
        })
        await this.#waitUntil(async () => (await describeIfPresent(admin, topic)).length === 0)
        await this.#untilAllSee(admin, topic, 'absent')
      }
      await this.#link.reset()
    })
  }

  describeTopicConfigs(topic: string): Promise<Readonly<Record<string, string>>> {
    return this.#run(
      'Describing a topic',
      async admin => {
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: TOPIC_RESOURCE, name: topic }],
        })
        const entries = resources.flatMap(({ configEntries }) => configEntries)
        return Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue ?? '']))
      },
      { topic },
    )
  }

  earliestOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]> {
    return this.#logOffsets(partitions, 'earliest')
  }

  latestOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicPartitionOffset[]> {
    return this.#logOffsets(partitions, 'latest')
  }

  offsetsForTimes(times: readonly TopicPartitionTime[]): Promise<readonly TopicPartitionOffset[]> {
    const topics = [...byTopic(times).keys()].join(', ')
    return this.#run(
      `Asking for the offsets at a time of ${topics}`,
      async () => (times.length === 0 ? [] : this.#link.offsetsForTimes(times)),
      { topic: topics },
    )
  }

  /** kafkajs has no request for leader epochs, so no position says what could be compared. */
  async truncations(): Promise<readonly TopicPartitionOffset[]> {
    return []
  }

  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    unstable?: 'throw' | 'omit',
  ): Promise<readonly CommittedOffset[]> {
    return this.#run(
      `Asking for the committed offsets of "${groupId}"`,
      () => fetchCommitted(this.#link, groupId, partitions, unstable),
      { groupId, topic: [...byTopic(partitions).keys()].join(', ') },
    )
  }

  describeGroup(groupId: string): Promise<GroupDescription | undefined> {
    return this.#run(`Describing the group "${groupId}"`, admin => describeGroup(admin, groupId), { groupId })
  }

  alterOffsets(groupId: string, offsets: readonly CommittedOffset[]): Promise<void> {
    return this.#run(
      `Setting the offsets of "${groupId}"`,
      admin => whileEmpty(admin, groupId, () => commitAsNobody(this.#link, groupId, offsets)),
      { groupId, topic: [...byTopic(offsets).keys()].join(', ') },
    )
  }

  removeMembers(groupId: string): Promise<void> {
    return this.#run(`Removing the members of "${groupId}"`, admin => removeMembers(admin, this.#link, groupId), {
      groupId,
    })
  }

  deleteGroup(groupId: string): Promise<void> {
    return this.#run(
      `Deleting the group "${groupId}"`,
      admin =>
        whileEmpty(admin, groupId, async () => {
          await admin.deleteGroups([groupId])
        }),
      { groupId },
    )
  }

  deleteRecords(before: readonly TopicPartitionOffset[]): Promise<void> {
    return this.#run('Deleting records', async () => {
      if (before.length === 0) return
      // An admin of its own: kafkajs wants each topic's metadata first, and would keep asking for it ever after.
      const admin = this.#kafka.admin()
      try {
        await withDeadline(admin.connect(), this.#timeoutMs, 'Connecting')
        for (const [topic, list] of byTopic(before)) {
          try {
            await admin.fetchTopicOffsets(topic)
            await admin.deleteTopicRecords({
              topic,
              partitions: list.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
            })
          } catch (error) {
            throw this.#translate(error, { operation: `Deleting records of "${topic}"`, topic })
          }
        }
      } finally {
        await settledWithin(admin.disconnect(), CLOSE_MS)
      }
    })
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await Promise.all([
      settledWithin(this.#link.close(), CLOSE_MS),
      settledWithin(this.#admin?.disconnect() ?? Promise.resolve(), CLOSE_MS),
    ])
  }

  #logOffsets(partitions: readonly TopicPartition[], end: 'earliest' | 'latest') {
    const topics = [...byTopic(partitions).keys()]
    return this.#run(
      `Asking for the ${end} offsets of ${topics.join(', ')}`,
      async () => (partitions.length === 0 ? [] : this.#link.logOffsets(partitions, end)),
      { topic: topics.join(', ') },
    )
  }

  async #waitUntilVisible(admin: KafkajsAdmin, topics: readonly NewTopic[]): Promise<void> {
    for (const { name } of topics) {
      await this.#waitUntil(async () => (await describeIfPresent(admin, name)).length > 0)
      await this.#untilAllSee(admin, name, 'present')
    }
  }

  /** At every broker that answers: the next request may go to another one. */
  async #untilAllSee(admin: KafkajsAdmin, topic: string, state: 'present' | 'absent'): Promise<void> {
    const { brokers } = await admin.describeCluster()
    if (brokers.length === 1) return
    await Promise.all(
      brokers.map(({ nodeId }) =>
        this.#waitUntil(async () => {
          const seen = await this.#seenBy(String(nodeId), topic)
          return seen === state || seen === 'no answer'
        }),
      ),
    )
  }

  async #seenBy(nodeId: string, topic: string): Promise<'present' | 'absent' | 'without a leader' | 'no answer'> {
    try {
      await this.#link.ask(nodeId, broker => broker.metadata([topic]))
      return 'present'
    } catch (error) {
      const type = protocolErrorType(error)
      if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return 'absent'
      return type === 'LEADER_NOT_AVAILABLE' ? 'without a leader' : 'no answer'
    }
  }

  async #waitUntil(holds: () => Promise<boolean>): Promise<void> {
    const until = this.#clock.monotonic() + VISIBLE_MS
    while (!(await holds()) && this.#clock.monotonic() < until) await this.#clock.sleep(VISIBLE_POLL_MS)
  }

  async #run<T>(
    operation: string,
    work: (admin: KafkajsAdmin) => Promise<T>,
    context: Partial<ErrorContext> = {},
  ): Promise<T> {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'admin client' })
    try {
      const admin = await this.#connected()
      return await withDeadline(work(admin), 2 * this.#timeoutMs, operation)
    } catch (error) {
      if (isNotConnected(error)) this.#forget()
      throw this.#translate(error, { ...context, operation })
    }
  }

  /** One that has not connected in time is replaced by another at the next call. */
  async #connected(): Promise<KafkajsAdmin> {
    const admin = (this.#admin ??= this.#kafka.admin())
    const connecting = (this.#connecting ??= admin.connect())
    try {
      await withDeadline(connecting, this.#timeoutMs, 'Connecting')
      return admin
    } catch (error) {
      if (this.#connecting === connecting) this.#forget()
      throw error
    }
  }

  #forget(): void {
    const admin = this.#admin
    this.#admin = undefined
    this.#connecting = undefined
    if (admin !== undefined) void settledWithin(admin.disconnect(), this.#timeoutMs)
  }

  #translate(error: unknown, context: Omit<ErrorContext, 'brokers'>) {
    return translateError(error, { ...context, brokers: this.#brokers })
  }
}

async function describe(admin: KafkajsAdmin, topics: readonly string[]): Promise<TopicDescription[]> {
  try {
    const metadata = await admin.fetchTopicMetadata({ topics: [...topics] })
    return metadata.topics.map(({ name, partitions }) => ({ name, partitions: partitions.length }))
  } catch (error) {
    if (!isNullMetadata(error)) throw error
    const there = await listTopics(admin)
    const present = topics.filter(topic => there.includes(topic))
    if (present.length === topics.length) throw notYet(error)
    return present.length === 0 ? [] : await describe(admin, present)
  }
}

/**
 * kafkajs asks one broker after another, keeps to itself what they say, and at the end trips over having no answer. One reason
 * is a topic that it remembers and that has been deleted since.
 */
function isNullMetadata(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes('topicMetadata')
}

/** Does not depend on what kafkajs remembers. */
async function listTopics(admin: KafkajsAdmin): Promise<readonly string[]> {
  return await admin.listTopics().catch((error: unknown) => {
    throw isNullMetadata(error) ? notYet(error) : error
  })
}

function notYet(cause: unknown): MillraceError {
  return millraceError(
    'MILLRACE_CLIENT_NOT_YET',
    { operation: 'Asking for topics', reason: 'no broker answers' },
    { cause },
  )
}

async function describeIfPresent(admin: KafkajsAdmin, topic: string): Promise<TopicDescription[]> {
  try {
    return await describe(admin, [topic])
  } catch (error) {
    // A new topic has no leader for a moment, and a broker that has not heard of it does not know it yet.
    const type = protocolErrorType(error)
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION' || type === 'LEADER_NOT_AVAILABLE') return []
    throw error
  }
}

function createOne(admin: KafkajsAdmin, topic: NewTopic): Promise<boolean> {
  return admin.createTopics({
    // kafkajs' own waiting fails on a KRaft broker that has not heard of the topic yet.
    waitForLeaders: false,
    timeout: VISIBLE_MS,
    topics: [
      {
        topic: topic.name,
        numPartitions: topic.partitions,
        replicationFactor: topic.replicationFactor ?? -1,
        configEntries: Object.entries(topic.configs ?? {}).map(([name, value]) => ({ name, value })),
      },
    ],
  })
}
