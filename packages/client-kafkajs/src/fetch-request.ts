import type { TopicPartition, TopicPartitionOffset } from '@millrace/core'
import type { Broker } from 'kafkajs'
import { byTopic } from './cluster-link.ts'
import type { RawPartition } from './fetched-messages.ts'

export interface FetchSettings {
  readonly readCommitted: boolean
  readonly maxPartitionBytes: number
  /** How long the broker may wait for records, in milliseconds. */
  readonly maxWaitMs: number
}

/** The most bytes of one response, over all partitions. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024
/** How many offsets are tried at once to find the end of a batch that compaction emptied. */
const STEPS_AT_ONCE = 16

/** One answer for each position, in any order. kafkajs throws when there is an error in any of the partitions. */
export async function fetchPartitions(
  broker: Broker,
  positions: readonly TopicPartitionOffset[],
  { readCommitted, maxPartitionBytes, maxWaitMs }: FetchSettings,
): Promise<(RawPartition & TopicPartition)[]> {
  const { responses } = (await broker.fetch({
    replicaId: -1,
    isolationLevel: readCommitted ? 1 : 0,
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes: MAX_RESPONSE_BYTES,
    topics: [...byTopic(positions)].map(([topic, list]) => ({
      topic,
      partitions: list.map(({ partition, offset }) => ({
        partition,
        fetchOffset: String(offset),
        maxBytes: maxPartitionBytes,
      })),
    })),
  })) as FetchResponse
  return responses.flatMap(({ topicName, partitions }) => partitions.map(raw => ({ ...raw, topic: topicName })))
}

/**
 * The next offset behind `from` at which kafkajs decodes anything, or one from which to go on looking. The log cleaner
 * keeps the last batch of each producer, even when it took all records from it, and kafkajs does not tell where such a
 * batch ends: so every offset is tried.
 *
 * @param end where the partition ends for this reader
 */
export async function stepOver(
  broker: Broker,
  from: TopicPartitionOffset,
  end: number,
  readCommitted: boolean,
): Promise<number> {
  const count = Math.min(STEPS_AT_ONCE, end - from.offset - 1)
  const offsets = Array.from({ length: Math.max(count, 0) }, (_, step) => from.offset + 1 + step)
  const settings = { readCommitted, maxPartitionBytes: 1, maxWaitMs: 0 }
  const answers = await Promise.all(offsets.map(offset => fetchPartitions(broker, [{ ...from, offset }], settings)))
  const found = answers.findIndex(([raw]) => raw !== undefined && raw.messages.length > 0)
  return offsets[found] ?? from.offset + offsets.length + (offsets.length < STEPS_AT_ONCE ? 1 : 0)
}

/** What kafkajs makes of a fetch response; its types leave it open. */
interface FetchResponse {
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly RawPartition[] }[]
}
