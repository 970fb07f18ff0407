import assert from 'node:assert/strict'
import type { ClientCase } from './client-harness.ts'
import { newTopic, numbered, produce, read, readBatches, readerOf, readFor, rejectsWith, values } from './record-io.ts'

export const consumerCases: readonly ClientCase[] = [
  {
    name: 'starts at the offset that was assigned, and assigns again',
    async run(harness) {
      const topic = await newTopic(harness, 2)
      await produce(harness, topic, [...numbered(5, 0), ...numbered(2, 1, 100)])
      const consumer = await readerOf(harness, topic, { offset: 3 })
      assert.deepEqual(values(await read(harness, consumer, 2)), ['v3', 'v4'])
      await consumer.assign([{ topic, partition: 1, offset: 0 }])
      assert.deepEqual(values(await read(harness, consumer, 2)), ['v100', 'v101'])
      await produce(harness, topic, numbered(1, 0, 5))
      assert.deepEqual(await readFor(consumer, 300), [], 'nothing comes of a partition that is no longer assigned')
    },
  },
  {
    name: 'seeks back and forth',
    async run(harness) {
      const topic = await newTopic(harness)
      await produce(harness, topic, numbered(6))
      const consumer = await readerOf(harness, topic)
      await read(harness, consumer, 6)
      consumer.seek({ topic, partition: 0, offset: 1 })
      assert.deepEqual(values(await read(harness, consumer, 5)), ['v1', 'v2', 'v3', 'v4', 'v5'])
      consumer.seek({ topic, partition: 0, offset: 5 })
      assert.deepEqual(values(await read(harness, consumer, 1)), ['v5'])
    },
  },
  {
    name: 'gives nothing of a paused partition until it is resumed',
    async run(harness) {
      const topic = await newTopic(harness, 2)
      const consumer = harness.client().consumer({ isolationLevel: 'read_committed' })
      await consumer.assign([0, 1].map(partition => ({ topic, partition, offset: 0 })))
      consumer.pause([{ topic, partition: 0 }])
      await produce(harness, topic, [...numbered(2, 0), ...numbered(2, 1, 100)])
      assert.deepEqual(values(await read(harness, consumer, 2)), ['v100', 'v101'])
      assert.deepEqual(await readFor(consumer, 300), [])
      consumer.resume([{ topic, partition: 0 }])
      assert.deepEqual(values(await read(harness, consumer, 2)), ['v0', 'v1'])
    },
  },
  {
    name: 'gives an empty list when there is nothing',
    async run(harness) {
      const consumer = await readerOf(harness, await newTopic(harness))
      assert.deepEqual(await consumer.poll(0), [])
      assert.deepEqual(await consumer.poll(50), [])
    },
  },
  {
    name: 'gives records to a poll that waits for them',
    async run(harness) {
      const topic = await newTopic(harness)
      const consumer = await readerOf(harness, topic)
      const waiting = read(harness, { poll: () => consumer.poll(harness.timings.patienceMs) }, 2)
      await produce(harness, topic, numbered(2))
      assert.deepEqual(values(await waiting), ['v0', 'v1'])
    },
  },
  {
    name: 'ends a waiting poll at wakeup',
    async run(harness) {
      const consumer = await readerOf(harness, await newTopic(harness))
      const start = Date.now()
      const waiting = consumer.poll(harness.timings.patienceMs)
      setTimeout(() => consumer.wakeup(), 50)
      assert.deepEqual(await waiting, [])
      assert.ok(Date.now() - start < harness.timings.patienceMs, 'the poll did not wait to its end')
    },
  },
  {
    name: 'says when a position is outside the log, and goes on after a seek',
    async run(harness) {
      const topic = await newTopic(harness)
      await produce(harness, topic, numbered(3))
      const consumer = await readerOf(harness, topic, { offset: 1_000 })
      const poll = async (): Promise<void> => {
        while ((await consumer.poll(500)).length === 0);
      }
      await rejectsWith('MILLRACE_OFFSET_OUT_OF_RANGE', poll())
      await rejectsWith('MILLRACE_OFFSET_OUT_OF_RANGE', poll())
      consumer.seek({ topic, partition: 0, offset: 2 })
      assert.deepEqual(values(await read(harness, consumer, 1)), ['v2'])
    },
  },
  {
    name: 'tells with each batch where to go on and where the partition ends',
    async run(harness) {
      const topic = await newTopic(harness)
      await produce(harness, topic, numbered(7))
      const batches = await readBatches(harness, await readerOf(harness, topic), 7)
      assert.equal(batches.at(-1)!.nextOffset, 7)
      assert.equal(batches.at(-1)!.highWatermark, 7)
    },
  },
]
