import type { Admin, Headers, KafkaClient, TopicPartition, TopicPartitionOffset } from '@millrace/core'
import { millraceError } from '@millrace/core'

/** A record as it is in its topic. Null stands for a key or a value that is not there. */
export interface StoredRecord extends TopicPartition {
  readonly offset: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

/** Offsets of a partition, `to` exclusive. */
export interface StoredRange extends TopicPartition {
  readonly from: number
  readonly to: number
}

const POLL_MS = 200

/**
 * Returns the offsets at which the partitions of a topic start and end.
 * @throws MILLRACE_TOPIC_MISSING
 */
export async function endsOfTopic(admin: Admin, topic: string): Promise<readonly StoredRange[]> {
  const [description] = await admin.describeTopics([topic])
  if (description === undefined) throw millraceError('MILLRACE_TOPIC_MISSING', { topic })
  const partitions = Array.from({ length: description.partitions }, (_, partition) => ({ topic, partition }))
  const [starts, ends] = await Promise.all([admin.earliestOffsets(partitions), admin.latestOffsets(partitions)])
  const offsetIn = (offsets: readonly TopicPartitionOffset[], partition: number) =>
    offsets.find(each => each.partition === partition)?.offset ?? 0
  return partitions.map(({ partition }) => ({
    topic,
    partition,
    from: offsetIn(starts, partition),
    to: offsetIn(ends, partition),
  }))
}

/** Reads the committed records of the ranges and ends. Records that an open transaction holds back end their partition. */
export async function* readStored(
  client: KafkaClient,
  ranges: readonly StoredRange[],
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<StoredRecord, void, undefined> {
  const left = new Map(ranges.filter(({ from, to }) => from < to).map(range => [keyOf(range), range.to]))
  if (left.size === 0) return
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  const wake = () => consumer.wakeup()
  options.signal?.addEventListener('abort', wake)
  try {
    await consumer.assign(
      ranges
        .filter(range => left.has(keyOf(range)))
        .map(({ topic, partition, from }) => ({ topic, partition, offset: from })),
    )
    // What an open transaction holds back would be waited for without end.
    for (let quiet = 0; left.size > 0 && quiet < 10 && options.signal?.aborted !== true;) {
      const batches = await consumer.poll(POLL_MS)
      quiet = batches.length === 0 ? quiet + 1 : 0
      for (const batch of batches) {
        const to = left.get(keyOf(batch))
        if (to === undefined) continue
        const cursor = batch.cursor()
        while (cursor.advance()) {
          if (cursor.offset >= to) break
          yield {
            topic: batch.topic,
            partition: batch.partition,
            offset: cursor.offset,
            timestamp: cursor.timestamp,
            key: partOf(cursor.keyBytes, cursor.keyStart, cursor.keyEnd),
            value: partOf(cursor.valueBytes, cursor.valueStart, cursor.valueEnd),
            headers: cursor.headers(),
          }
        }
        if (batch.nextOffset >= to) left.delete(keyOf(batch))
      }
    }
  } finally {
    options.signal?.removeEventListener('abort', wake)
    await consumer.close()
  }
}

/** A copy, since a record may be kept for longer than the batch that it came in. */
function partOf(bytes: Buffer, start: number, end: number): Buffer | null {
  return start < 0 ? null : Buffer.from(bytes.subarray(start, end))
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
