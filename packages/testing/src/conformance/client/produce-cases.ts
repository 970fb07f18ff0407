import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { isMillraceError, millraceError, NO_HEADERS, refusedRecord } from '@millrace/core'
import type { ClientCase, ClientHarness } from './client-harness.ts'
import {
  append,
  newProducer,
  newTopic,
  numbered,
  produce,
  read,
  readBatches,
  readerOf,
  readFor,
  recordsOf,
  rejectsWith,
  T0,
  values,
  type TestRecord,
} from './record-io.ts'

export const produceCases: readonly ClientCase[] = [
  {
    name: 'gives back keys, values, nulls, headers and timestamps as they were',
    async run(harness) {
      const topic = await newTopic(harness)
      const headers = [
        { key: 'trace', value: Buffer.from([0, 255, 128]) },
        { key: 'trace', value: Buffer.from('twice') },
        { key: 'ünï', value: null },
        { key: '', value: Buffer.alloc(0) },
      ]
      const sent: readonly TestRecord[] = [
        { key: 'key', value: 'value', timestamp: T0 },
        { key: null, value: 'no key', timestamp: T0 - 5 },
        { key: 'tombstone', value: null, timestamp: T0 + 100_000 },
        { key: null, value: null, timestamp: T0 },
        { key: '', value: '', timestamp: T0 + 1 },
        { key: 'ключ', value: 'x'.repeat(3_000), timestamp: T0, headers },
      ]
      await produce(harness, topic, sent)
      const got = await read(harness, await readerOf(harness, topic), sent.length)
      assert.deepEqual(
        got.map(({ key, value, timestamp }) => ({ key, value, timestamp })),
        sent.map(({ key, value, timestamp }) => ({ key, value, timestamp })),
      )
      assert.deepEqual(
        got.map(({ offset }) => offset),
        [0, 1, 2, 3, 4, 5],
      )
      assert.deepEqual(got[0]!.headers, NO_HEADERS)
      assert.deepEqual(
        got[5]!.headers.map(({ key, value }) => [key, value === null ? null : [...value]]),
        headers.map(({ key, value }) => [key, value === null ? null : [...value]]),
      )
    },
  },
  {
    name: 'keeps the order within each partition over many batches',
    async run(harness) {
      const [topic, perPartition] = [await newTopic(harness, 3), 2_000]
      const producer = harness.client().producer({ maxBatchBytes: 4_096 })
      await producer.init()
      for (let i = 0; i < perPartition; i++) {
        append(
          producer,
          topic,
          [0, 1, 2].map(partition => ({ partition, key: 'k', value: `${partition}:${i}` })),
        )
        await producer.pending()
      }
      await producer.flush()
      const consumer = harness.client().consumer({ isolationLevel: 'read_committed' })
      await consumer.assign([0, 1, 2].map(partition => ({ topic, partition, offset: 0 })))
      const got = await read(harness, consumer, 3 * perPartition)
      for (const partition of [0, 1, 2]) {
        const own = got.filter(record => record.partition === partition)
        assert.deepEqual(
          values(own),
          Array.from({ length: perPartition }, (_, i) => `${partition}:${i}`),
        )
        assert.deepEqual(
          own.map(({ offset }) => offset),
          Array.from({ length: perPartition }, (_, i) => i),
        )
      }
    },
  },
  {
    name: 'tells at flush where the log of each written partition goes on',
    async run(harness) {
      const topic = await newTopic(harness, 3)
      const producer = await newProducer(harness)
      append(producer, topic, [...numbered(3, 0), ...numbered(2, 2)])
      const first = [...(await producer.flush())].sort((a, b) => a.partition - b.partition)
      assert.deepEqual(first, [
        { topic, partition: 0, offset: 3 },
        { topic, partition: 2, offset: 2 },
      ])
      append(producer, topic, numbered(1, 2))
      assert.deepEqual(await producer.flush(), [{ topic, partition: 2, offset: 3 }])
      assert.deepEqual(await producer.flush(), [])
    },
  },
  {
    name: 'asks whether it may send before it sends anything for which the last answer is too old',
    async run(harness) {
      const topic = await newTopic(harness)
      const reasons: ('rebalancing' | 'fenced')[] = []
      let asked = 0
      const ask = async () => {
        asked++
        const reason = reasons.shift()
        const groupId = harness.uniqueName('group')
        if (reason === 'rebalancing') throw millraceError('MILLRACE_GROUP_REBALANCING', { groupId, reason })
        if (reason === 'fenced') throw millraceError('MILLRACE_GROUP_FENCED', { groupId, reason })
      }
      const producer = harness.client().producer({ permit: { forMs: 2_000, ask } })
      await producer.init()
      assert.equal(asked, 0, 'nothing is to be sent')
      append(producer, topic, [{ key: 'k', value: 'first' }])
      await producer.flush()
      append(producer, topic, [{ key: 'k', value: 'soon after it' }])
      await producer.flush()
      assert.equal(asked, 1)
      await setTimeout(2_100)
      reasons.push('rebalancing')
      append(producer, topic, [{ key: 'k', value: 'later' }])
      await producer.flush()
      assert.equal(asked, 3, 'once more, since there was no answer')
      await setTimeout(2_100)
      reasons.push('fenced')
      append(producer, topic, [{ key: 'k', value: 'never' }])
      await rejectsWith('MILLRACE_GROUP_FENCED', producer.flush())
      await producer.close()
      const got = await read(harness, await readerOf(harness, topic), 3)
      assert.deepEqual(values(got), ['first', 'soon after it', 'later'])
      assert.deepEqual(await readFor(await readerOf(harness, topic, { offset: 3 }), 300), [])
    },
  },
  {
    name: 'refuses a record that fits into no batch, and nothing else with it',
    async run(harness) {
      const topic = await newTopic(harness)
      const producer = harness.client().producer({ maxBatchBytes: 10_000 })
      await producer.init()
      append(producer, topic, [{ key: 'k', value: 'before' }])
      assert.throws(() => append(producer, topic, [{ key: 'k', value: 'x'.repeat(10_001) }]), {
        code: 'MILLRACE_PRODUCE_RECORD_TOO_LARGE',
      })
      append(producer, topic, [{ key: 'k', value: 'after' }])
      await producer.flush()
      assert.deepEqual(values(await read(harness, await readerOf(harness, topic), 2)), ['before', 'after'])
    },
  },
  {
    name: 'copies what is appended, so that the caller can use its buffer again',
    async run(harness) {
      const topic = await newTopic(harness)
      const producer = await newProducer(harness)
      const bytes = Buffer.from('ab')
      producer.topic(topic).append(0, T0, bytes, 0, 1, bytes, 1, 2, NO_HEADERS)
      bytes.write('xy')
      await producer.flush()
      const [record] = await read(harness, await readerOf(harness, topic), 1)
      assert.deepEqual([record!.key, record!.value], ['a', 'b'])
    },
  },
  {
    name: 'gives batches that stay valid and can be walked again',
    async run(harness) {
      const topic = await newTopic(harness)
      await produce(harness, topic, numbered(50))
      const consumer = await readerOf(harness, topic)
      const held = await readBatches(harness, consumer, 50)
      await produce(harness, topic, numbered(50, 0, 50))
      await readBatches(harness, consumer, 50)
      const expected = numbered(50).map(({ value }) => value)
      assert.deepEqual(values(recordsOf(held)), expected)
      assert.deepEqual(values(recordsOf(held)), expected)
      for (const batch of held) assert.ok(batch.byteLength > 0, 'a batch with records has a size')
    },
  },
  {
    name: 'drops at close what was not flushed',
    async run(harness) {
      const topic = await newTopic(harness)
      const producer = await newProducer(harness)
      append(producer, topic, numbered(1))
      await producer.close()
      assert.deepEqual(await readFor(await readerOf(harness, topic), 300), [])
    },
  },
  {
    name: 'reads what it wrote with each compression that it claims, and refuses the others',
    async run(harness) {
      const client = harness.client()
      for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
        if (!client.capabilities.compression.includes(compression)) {
          assert.throws(() => client.producer({ compression }), { code: 'MILLRACE_CLIENT_UNSUPPORTED' })
          continue
        }
        const topic = await newTopic(harness)
        const producer = client.producer({ compression })
        await producer.init()
        append(producer, topic, numbered(100))
        await producer.flush()
        const expected = numbered(100).map(({ value }) => value)
        assert.deepEqual(values(await read(harness, await readerOf(harness, topic), 100)), expected)
        const late = await readerOf(harness, topic, { offset: 98 })
        assert.deepEqual(values(await read(harness, late, 2)), ['v98', 'v99'])
      }
    },
  },
  {
    name: 'throws the failure of a batch at the next flush, and at every one after it',
    async run(harness) {
      const topic = harness.uniqueName('small')
      const configs = { 'max.message.bytes': '1000' }
      await harness
        .client()
        .admin()
        .createTopics([{ name: topic, partitions: 1, configs }])
      const producer = await newProducer(harness)
      append(producer, topic, [{ key: 'k', value: 'x'.repeat(2_000) }])
      await assert.rejects(producer.flush(), error => isMillraceError(error))
      append(producer, topic, numbered(1))
      await assert.rejects(producer.flush(), error => isMillraceError(error))
    },
  },
  {
    name: 'writes a batch that is too large for its topic in parts',
    async run(harness) {
      const topic = await topicThatTakes(harness, { 'max.message.bytes': '2000' })
      const producer = await newProducer(harness)
      append(producer, topic, numbered(300))
      await producer.flush()
      const expected = numbered(300).map(({ value }) => value)
      assert.deepEqual(values(await read(harness, await readerOf(harness, topic), 300)), expected)
    },
  },
  {
    name: 'keeps to the size of batches that it is given for a topic',
    async run(harness) {
      const topic = await topicThatTakes(harness, { 'max.message.bytes': '2000' })
      const producer = await newProducer(harness)
      const appender = producer.topic(topic, { maxBatchBytes: 2_000 })
      const bytes = Buffer.alloc(2_500, 'x')
      const fits = Buffer.alloc(100, 'f')
      for (let n = 0; n < 100; n++) appender.append(0, Date.now(), fits, -1, -1, fits, 0, 100, NO_HEADERS)
      assert.throws(() => appender.append(0, Date.now(), bytes, -1, -1, bytes, 0, 2_500, NO_HEADERS), {
        code: 'MILLRACE_PRODUCE_RECORD_TOO_LARGE',
      })
      await producer.flush()
      assert.equal((await read(harness, await readerOf(harness, topic), 100)).length, 100)
    },
  },
  ...(['size', 'time'] as const).map((reason): ClientCase => ({
    name: `names the one record that a topic does not take, for its ${reason}`,
    async run(harness) {
      const topic = await topicThatTakes(harness, {
        'max.message.bytes': '2000',
        'message.timestamp.after.max.ms': '3600000',
        'message.timestamp.before.max.ms': '9223372036854775807',
      })
      const producer = await newProducer(harness)
      const later = Date.now() + 1_000 * 86_400_000
      for (let n = 0; n < 20; n++) {
        const bad = n === 13
        const value = Buffer.from(bad && reason === 'size' ? 'x'.repeat(2_500) : `v${n}`)
        const appender = producer.topic(topic, { origin: () => n })
        const timestamp = bad && reason === 'time' ? later : T0
        appender.append(0, timestamp, value, -1, -1, value, 0, value.length, NO_HEADERS)
      }
      const error: unknown = await producer.flush().then(
        () => undefined,
        (each: unknown) => each,
      )
      assert.ok(isMillraceError(error) && error.code === 'MILLRACE_PRODUCE_RECORD_REFUSED', String(error))
      assert.deepEqual(refusedRecord(error), { topic, partition: 0, origin: 13 })
    },
  })),
]

async function topicThatTakes(harness: ClientHarness, configs: Readonly<Record<string, string>>): Promise<string> {
  const topic = harness.uniqueName('takes')
  await harness
    .client()
    .admin()
    .createTopics([{ name: topic, partitions: 1, configs }])
  return topic
}
