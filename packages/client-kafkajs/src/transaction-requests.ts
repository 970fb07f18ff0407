import {
  isMillraceError,
  type OpenTransaction,
  type TopicPartition,
  type TransactionalProducer,
  type TransactionDescription,
  type TransactionRequests,
} from '@millrace/core'
import type { Broker, Cluster } from 'kafkajs'
import { byTopic, type ClusterLink } from './cluster-link.ts'
import { fetchCommitted } from './committed-offsets.ts'
import { callTimeoutMs, withDeadline } from './deadline.ts'
import { checkErrorCode, LEADER_NOT_AVAILABLE, sendRaw, TRANSACTIONAL_ID_NOT_FOUND } from './raw-request.ts'

/** kafkajs' cluster with the kind of coordinator, which its types leave out. */
interface CoordinatorFinder {
  findGroupCoordinator(of: { readonly groupId: string; readonly coordinatorType: number }): Promise<Broker>
}

/** Requests of kafkajs' broker that its types leave out. */
interface TransactionBroker {
  addPartitionsToTxn(
    request: KafkajsTransactionalProducer & {
      readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
    },
  ): Promise<unknown>
  addOffsetsToTxn(request: KafkajsTransactionalProducer & { readonly groupId: string }): Promise<unknown>
  endTxn(request: KafkajsTransactionalProducer & { readonly transactionResult: boolean }): Promise<unknown>
}

interface KafkajsTransactionalProducer {
  readonly transactionalId: string
  readonly producerId: string
  readonly producerEpoch: number
}

/** All that is asked about transactions, over one connection to each broker. Each question takes a few requests at most. */
export function transactionRequests(link: ClusterLink): TransactionRequests {
  const limitMs = 2 * callTimeoutMs(link.requestTimeoutMs)
  const within = <T>(work: Promise<T>) => withDeadline(work, limitMs, 'Asking about a transaction')
  const coordinator = async (transactionalId: string): Promise<TransactionBroker> =>
    (await transactionCoordinator(await link.open([]), transactionalId)) as unknown as TransactionBroker
  return {
    describe: transactionalId => within(describeTransaction(link, transactionalId)),
    openTransactions: partitions => within(openTransactions(link, partitions)),
    transactionalIds: producerIds => within(transactionalIdsOf(link, producerIds)),
    async partitionCount(topic) {
      const cluster = await link.open([topic])
      return cluster.findTopicPartitionMetadata(topic).length
    },
    isStable: (groupId, partitions) => within(isStable(link, groupId, partitions)),
    async addPartitions(producer, partitions) {
      const topics = [...byTopic(partitions)].map(([topic, list]) => ({
        topic,
        partitions: list.map(({ partition }) => partition),
      }))
      const broker = await within(coordinator(producer.transactionalId))
      await within(broker.addPartitionsToTxn({ ...kafkajsProducer(producer), topics }))
    },
    async addOffsets(producer, groupId) {
      const broker = await within(coordinator(producer.transactionalId))
      await within(broker.addOffsetsToTxn({ ...kafkajsProducer(producer), groupId }))
    },
    async end(producer, committed) {
      const broker = await within(coordinator(producer.transactionalId))
      await within(broker.endTxn({ ...kafkajsProducer(producer), transactionResult: committed }))
    },
  }
}

async function isStable(link: ClusterLink, groupId: string, partitions: readonly TopicPartition[]): Promise<boolean> {
  try {
    await fetchCommitted(link, groupId, partitions)
    return true
  } catch (error) {
    if (isMillraceError(error) && error.code === 'MILLRACE_OFFSETS_UNSTABLE') return false
    throw error
  }
}

function kafkajsProducer(producer: TransactionalProducer): KafkajsTransactionalProducer {
  const { transactionalId, producerId, producerEpoch } = producer
  return { transactionalId, producerId: String(producerId), producerEpoch }
}

/** Kafka's number for coordinators of transactions. */
const TRANSACTION_COORDINATOR = 1
const NOT_ALLOWED = new Set([29, 31])

function transactionCoordinator(cluster: Cluster, transactionalId: string): Promise<Broker> {
  const finder = cluster as unknown as CoordinatorFinder
  return finder.findGroupCoordinator({ groupId: transactionalId, coordinatorType: TRANSACTION_COORDINATOR })
}

/** Undefined when nobody has used the id yet. */
async function describeTransaction(
  link: ClusterLink,
  transactionalId: string,
): Promise<TransactionDescription | undefined> {
  const coordinator = await transactionCoordinator(await link.open([]), transactionalId)
  const [found] = await sendRaw(coordinator, {
    name: 'DescribeTransactions',
    key: 65,
    version: 0,
    since: '3.0',
    write: body => body.array([transactionalId], id => body.string(id)).noTags(),
    read: body => {
      body.int32()
      const states = body.array(() => {
        const errorCode = body.int16()
        body.string()
        const state = body.string()
        body.int32()
        body.int64()
        const producerId = body.int64()
        const producerEpoch = body.int16()
        body.array(() => {
          body.string()
          body.array(() => body.int32())
          body.skipTags()
        })
        body.skipTags()
        return { errorCode, state, producerId, producerEpoch }
      })
      return states
    },
  })
  if (found === undefined || found.errorCode === TRANSACTIONAL_ID_NOT_FOUND) return undefined
  checkErrorCode(found.errorCode)
  return found
}

/** Of partitions that may not be looked into, nothing is given. */
async function openTransactions(
  link: ClusterLink,
  partitions: readonly TopicPartition[],
): Promise<{ readonly open: readonly OpenTransaction[]; readonly hidden: readonly TopicPartition[] }> {
  if (partitions.length === 0) return { open: [], hidden: [] }
  const answers = await link.withTopics([...byTopic(partitions).keys()], async cluster => {
    const leaders = link.leaders(partitions)
    // One without a leader may have such a transaction as well as any other.
    const led = [...leaders.values()].reduce((sum, list) => sum + list.length, 0)
    if (led < partitions.length) checkErrorCode(LEADER_NOT_AVAILABLE)
    const asked = [...leaders].map(async ([nodeId, list]) =>
      describeProducers(await cluster.findBroker({ nodeId }), list),
    )
    return (await Promise.all(asked)).flat()
  })
  return {
    open: answers.flatMap(({ topic, partition, producerIds }) =>
      producerIds.map(producerId => ({ topic, partition, producerId })),
    ),
    hidden: answers.filter(({ errorCode }) => errorCode !== 0),
  }
}

/** The ids of these producers. Each broker knows those that it coordinates. */
async function transactionalIdsOf(link: ClusterLink, producerIds: readonly bigint[]): Promise<string[]> {
  const cluster = await link.open([])
  const answers = await Promise.all(
    cluster.getNodeIds().map(async nodeId => {
      const broker = await cluster.findBroker({ nodeId: String(nodeId) })
      return sendRaw(broker, {
        name: 'ListTransactions',
        key: 66,
        version: 0,
        since: '3.0',
        write: body =>
          body
            .array([], () => undefined)
            .array(producerIds, id => body.int64(id))
            .noTags(),
        read: body => {
          body.int32()
          checkErrorCode(body.int16())
          body.array(() => body.string())
          return body.array(() => {
            const id = body.string()
            body.int64()
            body.string()
            body.skipTags()
            return id
          })
        },
      })
    }),
  )
  return answers.flat()
}

async function describeProducers(broker: Broker, partitions: readonly TopicPartition[]) {
  const answers = await sendRaw(broker, {
    name: 'DescribeProducers',
    key: 61,
    version: 0,
    since: '2.8',
    write: body =>
      body
        .array([...byTopic(partitions)], ([topic, list]) =>
          body
            .string(topic)
            .array(list, ({ partition }) => body.int32(partition))
            .noTags(),
        )
        .noTags(),
    read: body => {
      body.int32()
      const topics = body.array(() => {
        const topic = body.string()
        const list = body.array(() => {
          const partition = body.int32()
          const errorCode = body.int16()
          body.nullableString()
          const producers = body.array(() => {
            const producerId = body.int64()
            body.int32()
            body.int32()
            body.int64()
            body.int32()
            const begin = body.int64()
            body.skipTags()
            return { producerId, begin }
          })
          body.skipTags()
          const producerIds = producers.filter(({ begin }) => begin >= 0n).map(({ producerId }) => producerId)
          return { topic, partition, errorCode, producerIds }
        })
        body.skipTags()
        return list
      })
      return topics.flat()
    },
  })
  for (const { errorCode } of answers) if (!NOT_ALLOWED.has(errorCode)) checkErrorCode(errorCode)
  return answers
}
