import { NO_HEADERS, RecordBatchBuilder } from '@millrace/core'
import { expect, it } from 'vitest'
import { clusterWithTopic, everything, produce } from '../memory-cluster.fixture.ts'

interface Batch {
  readonly epoch?: number
  readonly sequence: number
  readonly value: string
}

function batchOf({ epoch = 0, sequence, value }: Batch): Buffer {
  const builder = new RecordBatchBuilder({ maxBytes: 1_000 })
  const bytes = Buffer.from(value)
  for (let i = 0; i < bytes.length; i++) builder.append(0, bytes, -1, -1, bytes, i, i + 1, NO_HEADERS)
  return builder.finish({ producerId: 7, producerEpoch: epoch, baseSequence: sequence })
}

it('acknowledges a batch that was sent again and stores it once', async () => {
  const { cluster, client } = clusterWithTopic()
  const log = cluster.log({ topic: 't', partition: 0 })
  expect(log.append(batchOf({ sequence: 0, value: 'ab' }), undefined)).toBe(2)
  expect(log.append(batchOf({ sequence: 2, value: 'c' }), undefined)).toBe(3)
  expect(log.append(batchOf({ sequence: 0, value: 'ab' }), undefined)).toBe(2)
  expect(await everything(client())).toEqual(['0 null=a', '1 null=b', '2 null=c'])
})

it.each([
  ['a gap', { sequence: 5, value: 'x' }, 'MILLRACE_PRODUCE_FAILED'],
  ['an older epoch', { epoch: 0, sequence: 2, value: 'x' }, 'MILLRACE_PRODUCER_FENCED'],
  ['a new epoch that does not begin at 0', { epoch: 2, sequence: 3, value: 'x' }, 'MILLRACE_PRODUCE_FAILED'],
])('refuses a batch with %s', (_, batch, code) => {
  const { cluster } = clusterWithTopic()
  const log = cluster.log({ topic: 't', partition: 0 })
  log.append(batchOf({ epoch: 1, sequence: 0, value: 'ab' }), undefined)
  expect(() => log.append(batchOf({ epoch: 1, ...batch }), undefined)).toThrow(expect.objectContaining({ code }))
  expect(log.highWatermark).toBe(2)
})

it('refuses a batch above max.message.bytes at the next flush, and at every one after it', async () => {
  const { client } = clusterWithTopic(1, { 'max.message.bytes': '100' })
  const producer = client().producer({})
  await producer.init()
  const bytes = Buffer.alloc(200)
  producer.topic('t').append(0, 0, bytes, -1, -1, bytes, 0, 200, NO_HEADERS)
  for (let i = 0; i < 2; i++)
    await expect(producer.flush()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCE_RECORD_REFUSED' })
})

it('hands out the bytes of the log itself, and small buffers for small batches', async () => {
  const { cluster, client } = clusterWithTopic()
  for (let i = 0; i < 100; i++) await produce(client(), [['k', 'v']])
  const batches = cluster.log({ topic: 't', partition: 0 }).batches()
  const held = new Set(batches.map(({ bytes }) => bytes.buffer))
  expect([...held].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(150_000)
  const consumer = client().consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: 't', partition: 0, offset: 0 }])
  const [first] = await consumer.poll(0)
  const cursor = first!.cursor()
  cursor.advance()
  expect(cursor.valueBytes).toBe(batches[0]!.bytes)
})

it('gives no more of a partition than was asked for, but always something', async () => {
  const { client } = clusterWithTopic()
  for (let i = 0; i < 10; i++) await produce(client(), [['k', String(i)]])
  const consumer = client().consumer({ isolationLevel: 'read_committed', maxPartitionBytes: 1 })
  await consumer.assign([{ topic: 't', partition: 0, offset: 0 }])
  expect(await consumer.poll(0)).toMatchObject([{ nextOffset: 1 }])
  expect(await consumer.poll(0)).toMatchObject([{ nextOffset: 2 }])
})

it('reads a topic that was deleted and recreated from its new log', async () => {
  const { cluster, client } = clusterWithTopic()
  await produce(client(), [['old', '1']])
  const consumer = client().consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: 't', partition: 0, offset: 0 }])
  cluster.deleteTopic('t')
  await expect(consumer.poll(0)).rejects.toMatchObject({ code: 'MILLRACE_TOPIC_MISSING' })
  cluster.createTopic({ name: 't', partitions: 1 })
  await produce(client(), [['new', '1']])
  expect(await everything(client())).toEqual(['0 new=1'])
  expect(await consumer.poll(0)).toMatchObject([{ recordCount: 1 }])
})
