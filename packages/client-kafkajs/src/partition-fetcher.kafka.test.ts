import { NO_HEADERS, systemClock, type Logger } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { expect, it } from 'vitest'
import { kafkajs } from './kafkajs.ts'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

it('goes past batches from which the log cleaner took every record', async () => {
  const { brokers } = await sharedKafka()
  const client = kafkajs({ brokers })({ clientId: 'compaction', clock: systemClock, logger: silent })
  const admin = client.admin()
  const topic = `compacted-${Math.random().toString(36).slice(2)}`
  const configs = { 'cleanup.policy': 'compact', 'segment.ms': '100', 'min.cleanable.dirty.ratio': '0.0001' }
  await admin.createTopics([{ name: topic, partitions: 1, configs }])

  /** By a producer of its own, whose last batch the cleaner keeps, if need be without records. */
  const write = async (keys: readonly string[], value: string, transactionalId?: string): Promise<void> => {
    const producer = client.producer(transactionalId === undefined ? {} : { transactionalId })
    await producer.init()
    if (transactionalId !== undefined) producer.begin()
    for (const key of keys) {
      const bytes = Buffer.from(key + value)
      producer.topic(topic).append(0, Date.now(), bytes, 0, key.length, bytes, key.length, bytes.length, NO_HEADERS)
    }
    await (transactionalId === undefined ? producer.flush() : producer.commit())
    await producer.close()
    // A segment is closed by the first record that comes after `segment.ms`.
    await systemClock.sleep(200)
  }
  const keys = Array.from({ length: 40 }, (_, i) => `k${i}`)
  await write(keys, 'first')
  await write(keys, 'second', `tx-${topic}`)
  await write(keys, 'third')
  await write(['open'], 'segment')
  const [end] = await admin.latestOffsets([{ topic, partition: 0 }])

  const readAll = async (): Promise<number[]> => {
    // One batch for each fetch, so that an empty one comes alone.
    const consumer = client.consumer({ isolationLevel: 'read_committed', maxPartitionBytes: 1 })
    await consumer.assign([{ topic, partition: 0, offset: 0 }])
    const offsets: number[] = []
    for (let next = 0; next < end!.offset;) {
      for (const batch of await consumer.poll(1_000)) {
        const cursor = batch.cursor()
        while (cursor.advance()) offsets.push(cursor.offset)
        next = batch.nextOffset
      }
    }
    await consumer.close()
    return offsets
  }
  // With the mark that ends the transaction.
  expect(end!.offset).toBe(122)
  // The cleaner comes by every 15 s, at any time from now.
  let left = await readAll()
  while (left.length > 41) {
    await systemClock.sleep(1_000)
    left = await readAll()
  }
  expect(left).toEqual(Array.from({ length: 41 }, (_, i) => 81 + i))
  await client.close()
})
