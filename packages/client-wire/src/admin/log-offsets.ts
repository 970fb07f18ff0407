import type { TopicPartition, TopicPartitionOffset, TopicPartitionTime } from '@millrace/core'
import { byTopic } from '../cluster/by-topic.ts'
import { type Cluster, GENERAL } from '../cluster/cluster.ts'
import { checkCode, KafkaError } from '../cluster/kafka-error.ts'
import { KAFKA_ERRORS } from '../protocol/error-codes.ts'
import { listOffsetsApi } from '../protocol/messages/list-offsets.ts'

/** What stands for the ends of the log where a timestamp is expected. */
export const READ_LATEST = -1
export const READ_EARLIEST = -2
/** Asks for the high watermark, past open transactions. */
const READ_UNCOMMITTED = 0

/**
 * The first offsets of these times or later, in the order asked; -1 where there is none.
 *
 * @throws KafkaError
 */
export async function logOffsets(
  cluster: Cluster,
  times: readonly TopicPartitionTime[],
): Promise<readonly TopicPartitionOffset[]> {
  const found = await perLeader(cluster, times, async (nodeId, own) => {
    const answer = await cluster.node(nodeId, GENERAL, listOffsetsApi, {
      replicaId: -1,
      isolationLevel: READ_UNCOMMITTED,
      topics: [...byTopic(own)].map(([name, list]) => ({
        name,
        partitions: list.map(({ partition, timestamp }) => ({ partitionIndex: partition, timestamp })),
      })),
    })
    return answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode, offset }) => {
        checkCode(errorCode)
        return { topic: name, partition: partitionIndex, offset }
      }),
    )
  })
  const byName = new Map(found.map(each => [`${each.topic}/${each.partition}`, each]))
  return times.flatMap(({ topic, partition }) => byName.get(`${topic}/${partition}`) ?? [])
}

/**
 * Asks the leader of each partition. Their leaders are looked for first, since they may have moved.
 *
 * @throws KafkaError also where a topic or a partition is missing
 */
export async function perLeader<T extends TopicPartition, R>(
  cluster: Cluster,
  list: readonly T[],
  ask: (nodeId: number, own: readonly T[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
  if (list.length === 0) return []
  const failed = await cluster.refresh([...byTopic(list).keys()])
  for (const error of failed.values()) throw new KafkaError(KAFKA_ERRORS[error].code)
  const byNode = new Map<number, T[]>()
  for (const each of list) {
    const info = cluster.metadata.topic(each.topic)?.partitions[each.partition]
    if (info === undefined) throw new KafkaError(KAFKA_ERRORS.UNKNOWN_TOPIC_OR_PARTITION.code)
    if (info.leader < 0) throw new KafkaError(KAFKA_ERRORS.LEADER_NOT_AVAILABLE.code)
    const own = byNode.get(info.leader)
    if (own === undefined) byNode.set(info.leader, [each])
    else own.push(each)
  }
  return (await Promise.all([...byNode].map(([nodeId, own]) => ask(nodeId, own)))).flat()
}
