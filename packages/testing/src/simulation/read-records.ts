import type { Headers, KafkaClient, Serde } from '@millrace/core'

/** A record as it lies in a topic, transactions that were aborted left out. */
export interface CommittedRecord {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly keyBytes: Buffer | null
  readonly valueBytes: Buffer | null
  readonly headers: Headers
}

/** All committed records of a topic, partition by partition. */
export async function readCommitted(client: KafkaClient, topic: string): Promise<readonly CommittedRecord[]> {
  const [description] = await client.admin().describeTopics([topic])
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  const partitions = Array.from({ length: description?.partitions ?? 0 }, (_, partition) => ({ topic, partition }))
  const starts = await client.admin().earliestOffsets(partitions)
  await consumer.assign(starts)
  const records: CommittedRecord[] = []
  for (let batches = await consumer.poll(0); batches.length > 0; batches = await consumer.poll(0)) {
    for (const batch of batches) {
      const cursor = batch.cursor()
      while (cursor.advance()) {
        const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, offset, timestamp } = cursor
        records.push({
          partition: batch.partition,
          offset,
          timestamp,
          keyBytes: keyStart < 0 ? null : Buffer.from(keyBytes.subarray(keyStart, keyEnd)),
          valueBytes: valueStart < 0 ? null : Buffer.from(valueBytes.subarray(valueStart, valueEnd)),
          headers: cursor.headers(),
        })
      }
    }
  }
  await consumer.close()
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

export function decoded(serde: Serde<unknown>, bytes: Buffer | null, topic: string): unknown {
  return bytes === null ? null : serde.deserialize(bytes, topic)
}
