import type { CommittedOffset, TopicPartition } from '@millrace/core'
import { byTopic, type ClusterLink } from './cluster-link.ts'

/** What the broker's answer holds besides the fields in kafkajs' types. */
interface CommittedPartition {
  readonly partition: number
  readonly offset: string
  readonly metadata?: string | null
}

/**
 * The offsets that a group has committed for exactly these partitions; absent where there is none.
 *
 * kafkajs asks in version 4 of the request, which does not wait for offsets in open transactions (KIP-447): whoever
 * reads them under exactly-once must first have ended the predecessor's transaction with a producer's `init`.
 */
export async function fetchCommitted(
  link: ClusterLink,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<CommittedOffset[]> {
  // Without partitions Kafka would answer with all that the group ever committed.
  if (partitions.length === 0) return []
  const topics = byTopic(partitions)
  const { responses } = await link.withTopics([...topics.keys()], async cluster => {
    const coordinator = await cluster.findGroupCoordinator({ groupId })
    return coordinator.offsetFetch({
      groupId,
      topics: [...topics].map(([topic, list]) => ({
        topic,
        partitions: list.map(({ partition }) => ({ partition, offset: '-1' })),
      })),
    })
  })
  return responses.flatMap(({ topic, partitions: list }) =>
    (list as readonly CommittedPartition[])
      .filter(({ offset }) => Number(offset) >= 0)
      .map(({ partition, offset, metadata }) => ({
        topic,
        partition,
        offset: Number(offset),
        ...(metadata === null || metadata === undefined || metadata === '' ? {} : { metadata }),
      })),
  )
}
