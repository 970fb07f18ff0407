import {
  isMillraceError,
  type TopicPartition,
  type TransactionalProducer,
  type TransactionRequests,
} from '@millrace/core'
import { perLeader } from '../admin/log-offsets.ts'
import { byTopic } from '../cluster/by-topic.ts'
import { type Cluster, GENERAL } from '../cluster/cluster.ts'
import { checkCode, errorNameOf } from '../cluster/kafka-error.ts'
import { fetchCommitted } from '../group/committed-offsets.ts'
import { addOffsetsToTxnApi } from '../protocol/messages/add-offsets-to-txn.ts'
import { addPartitionsToTxnApi } from '../protocol/messages/add-partitions-to-txn.ts'
import { describeProducersApi } from '../protocol/messages/describe-producers.ts'
import { describeTransactionsApi } from '../protocol/messages/describe-transactions.ts'
import { endTxnApi } from '../protocol/messages/end-txn.ts'
import { listTransactionsApi } from '../protocol/messages/list-transactions.ts'

/** The last version of EndTxn that leaves the epoch as it is. */
const OLD_END = 4
const NOT_ALLOWED = ['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED']

/** All that is asked about transactions by what is the same in all clients. */
export function transactionRequests(cluster: Cluster): TransactionRequests {
  const coordinated = <T>(id: string, ask: (nodeId: number) => Promise<T>): Promise<T> =>
    cluster.retrying(async () => ask(await cluster.coordinator('transaction', id)), {
      coordinator: ['transaction', id],
    })
  return {
    describe: transactionalId =>
      coordinated(transactionalId, async nodeId => {
        const request = { transactionalIds: [transactionalId] }
        const { transactionStates } = await cluster.node(nodeId, GENERAL, describeTransactionsApi, request)
        const [found] = transactionStates
        if (found === undefined || errorNameOf(found.errorCode) === 'TRANSACTIONAL_ID_NOT_FOUND') return undefined
        checkCode(found.errorCode)
        const { transactionState: state, producerId, producerEpoch } = found
        return { state, producerId: BigInt(producerId), producerEpoch }
      }),
    openTransactions: partitions => cluster.retrying(() => openTransactions(cluster, partitions)),
    transactionalIds: producerIds => transactionalIdsOf(cluster, producerIds),
    async partitionCount(topic) {
      await cluster.refresh([topic])
      return cluster.metadata.topic(topic)?.partitions.length ?? 0
    },
    async isStable(groupId, partitions) {
      try {
        await cluster.retrying(() => fetchCommitted(cluster, groupId, partitions), { coordinator: ['group', groupId] })
        return true
      } catch (error) {
        if (isMillraceError(error) && error.code === 'MILLRACE_OFFSETS_UNSTABLE') return false
        throw error
      }
    },
    addPartitions: (producer, partitions) =>
      coordinated(producer.transactionalId, async nodeId => {
        const answer = await cluster.node(nodeId, GENERAL, addPartitionsToTxnApi, {
          v3AndBelowTransactionalId: producer.transactionalId,
          v3AndBelowProducerId: Number(producer.producerId),
          v3AndBelowProducerEpoch: producer.producerEpoch,
          v3AndBelowTopics: [...byTopic(partitions)].map(([name, list]) => ({
            name,
            partitions: list.map(({ partition }) => partition),
          })),
        })
        for (const { resultsByPartition } of answer.resultsByTopicV3AndBelow) {
          for (const { partitionErrorCode } of resultsByPartition) checkCode(partitionErrorCode)
        }
      }),
    addOffsets: (producer, groupId) =>
      coordinated(producer.transactionalId, async nodeId => {
        const request = { ...identityOf(producer), groupId }
        checkCode((await cluster.node(nodeId, GENERAL, addOffsetsToTxnApi, request)).errorCode)
      }),
    end: (producer, committed) =>
      coordinated(producer.transactionalId, async nodeId => {
        const connection = await cluster.connection(nodeId, GENERAL)
        const version = connection.versionOf(endTxnApi, OLD_END)
        const request = { ...identityOf(producer), committed }
        const options = { version, timeoutMs: cluster.requestTimeoutMs }
        checkCode((await connection.send(endTxnApi, request, options)).errorCode)
      }),
  }
}

function identityOf({ transactionalId, producerId, producerEpoch }: TransactionalProducer) {
  return { transactionalId, producerId: Number(producerId), producerEpoch }
}

async function openTransactions(cluster: Cluster, partitions: readonly TopicPartition[]) {
  const answers = await perLeader(cluster, partitions, async (nodeId, own) => {
    const topics = [...byTopic(own)].map(([name, list]) => ({
      name,
      partitionIndexes: list.map(({ partition }) => partition),
    }))
    const answer = await cluster.node(nodeId, GENERAL, describeProducersApi, { topics })
    return answer.topics.flatMap(({ name, partitions: list }) =>
      list.map(({ partitionIndex, errorCode, activeProducers }) => {
        const error = errorNameOf(errorCode)
        const hidden = error !== undefined && NOT_ALLOWED.includes(error)
        if (!hidden) checkCode(errorCode)
        const open = activeProducers.filter(({ currentTxnStartOffset }) => currentTxnStartOffset >= 0)
        return { topic: name, partition: partitionIndex, hidden, producerIds: open.map(each => each.producerId) }
      }),
    )
  })
  return {
    open: answers.flatMap(({ topic, partition, producerIds }) =>
      producerIds.map(producerId => ({ topic, partition, producerId: BigInt(producerId) })),
    ),
    hidden: answers.filter(({ hidden }) => hidden),
  }
}

/** Each broker knows the ids that it coordinates. */
async function transactionalIdsOf(cluster: Cluster, producerIds: readonly bigint[]): Promise<readonly string[]> {
  const request = { stateFilters: [], producerIdFilters: producerIds.map(Number) }
  const answers = await Promise.all(
    [...cluster.metadata.brokers.keys()].map(async nodeId => {
      const answer = await cluster.node(nodeId, GENERAL, listTransactionsApi, request)
      checkCode(answer.errorCode)
      return answer.transactionStates.map(({ transactionalId }) => transactionalId)
    }),
  )
  return answers.flat()
}
