import { unstableOffsets, type CommittedOffset, type TopicPartition } from '@millrace/core'
import { byTopic, type ClusterLink } from './cluster-link.ts'
import type { FlexibleReader, FlexibleWriter } from './flexible-bytes.ts'
import { checkErrorCode, sendRaw, UNSTABLE_OFFSET_COMMIT } from './raw-request.ts'

interface CommittedPartition extends TopicPartition {
  /** -1 where there is none. */
  readonly offset: number
  readonly metadata: string | null
  readonly errorCode: number
}

/**
 * The offsets that a group has committed for exactly these partitions; absent where there is none.
 *
 * They are asked for as of version 7, which refuses offsets that wait for the end of a transaction (KIP-447). kafkajs' own
 * version 4 gives those from before it: a transaction that was committed, and whose markers are late or were never written
 * (KAFKA-20734), would then be processed a second time.
 *
 * @throws MILLRACE_OFFSETS_UNSTABLE unless `unstable` is `omit`; then such partitions are absent
 */
export async function fetchCommitted(
  link: ClusterLink,
  groupId: string,
  partitions: readonly TopicPartition[],
  unstable: 'throw' | 'omit' = 'throw',
): Promise<CommittedOffset[]> {
  // Without partitions Kafka would answer with all that the group ever committed.
  if (partitions.length === 0) return []
  const topics = byTopic(partitions)
  const answers = await link.withTopics([...topics.keys()], async cluster => {
    const coordinator = await cluster.findGroupCoordinator({ groupId })
    return sendRaw(coordinator, {
      name: 'OffsetFetch',
      key: 9,
      version: 7,
      since: '2.5',
      write: body => writeRequest(body, groupId, topics),
      read: readAnswer,
    })
  })
  const held = answers.filter(({ errorCode }) => errorCode === UNSTABLE_OFFSET_COMMIT)
  if (held.length > 0 && unstable === 'throw') throw unstableOffsets(groupId, held)
  const stable = answers.filter(({ errorCode }) => errorCode !== UNSTABLE_OFFSET_COMMIT)
  for (const { errorCode } of stable) checkErrorCode(errorCode)
  return stable
    .filter(({ offset }) => offset >= 0)
    .map(({ topic, partition, offset, metadata }) => ({
      topic,
      partition,
      offset,
      ...(metadata === null || metadata === '' ? {} : { metadata }),
    }))
}

function writeRequest(
  body: FlexibleWriter,
  groupId: string,
  topics: ReadonlyMap<string, readonly TopicPartition[]>,
): void {
  body
    .string(groupId)
    .array([...topics], ([topic, list]) =>
      body
        .string(topic)
        .array(list, ({ partition }) => body.int32(partition))
        .noTags(),
    )
    .bool(true)
    .noTags()
}

/** The whole request fails by the code at the end. */
function readAnswer(body: FlexibleReader): readonly CommittedPartition[] {
  body.int32()
  const topics = body.array(() => {
    const topic = body.string()
    const partitions = body.array(() => {
      const partition = body.int32()
      const offset = Number(body.int64())
      body.int32()
      const metadata = body.nullableString()
      const errorCode = body.int16()
      body.skipTags()
      return { topic, partition, offset, metadata, errorCode }
    })
    body.skipTags()
    return partitions
  })
  checkErrorCode(body.int16())
  return topics.flat()
}
