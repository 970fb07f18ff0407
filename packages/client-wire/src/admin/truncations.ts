import type { CommittedOffset, TopicPartitionOffset } from '@millrace/core'
import { byTopic } from '../cluster/by-topic.ts'
import { type Cluster, GENERAL } from '../cluster/cluster.ts'
import { checkCode } from '../cluster/kafka-error.ts'
import { offsetForLeaderEpochApi } from '../protocol/messages/offset-for-leader-epoch.ts'
import { perLeader } from './log-offsets.ts'

const CONSUMER = -1

/**
 * Asks the leaders where the epochs of these positions end in their logs, and gives the positions that are past it, as Kafka's
 * consumer does before its first fetch (KIP-320). Positions without an epoch are left out.
 *
 * @throws KafkaError
 */
export async function truncations(
  cluster: Cluster,
  positions: readonly CommittedOffset[],
): Promise<readonly TopicPartitionOffset[]> {
  const known = positions.filter(({ leaderEpoch = -1 }) => leaderEpoch >= 0)
  return perLeader(cluster, known, async (nodeId, own) => {
    const answer = await cluster.node(nodeId, GENERAL, offsetForLeaderEpochApi, {
      replicaId: CONSUMER,
      topics: [...byTopic(own)].map(([topic, list]) => ({
        topic,
        partitions: list.map(({ partition, leaderEpoch = -1 }) => ({
          partition,
          currentLeaderEpoch: cluster.metadata.leader(topic, partition)?.leaderEpoch ?? -1,
          leaderEpoch,
        })),
      })),
    })
    return answer.topics.flatMap(({ topic, partitions }) =>
      partitions.flatMap(({ partition, errorCode, leaderEpoch, endOffset }) => {
        checkCode(errorCode)
        const offset = leaderEpoch < 0 ? -1 : endOffset
        const asked = own.find(each => each.topic === topic && each.partition === partition)
        return asked === undefined || offset >= asked.offset ? [] : [{ topic, partition, offset }]
      }),
    )
  })
}
