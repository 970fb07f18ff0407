import fc from 'fast-check'
import { splitBatches, validateCrc } from '@millrace/core'
import { expect, it } from 'vitest'
import { append, clusterWithTopic, everything, produce, type Written } from '../memory-cluster.fixture.ts'

const compacted = { 'cleanup.policy': 'compact', 'delete.retention.ms': '1000' }

it('keeps the last record of each key at its offset', async () => {
  const { cluster, client } = clusterWithTopic(1, compacted)
  await produce(client(), [
    ['a', '1'],
    ['b', '1'],
    ['a', '2'],
  ])
  await produce(client(), [
    ['c', '1'],
    ['b', '2'],
  ])
  cluster.compact('t')
  expect(await everything(client())).toEqual(['2 a=2', '3 c=1', '4 b=2'])
  await produce(client(), [['a', '3']])
  expect(await everything(client(), 3)).toEqual(['3 c=1', '4 b=2', '5 a=3'])
})

it('keeps tombstones for delete.retention.ms after it met them', async () => {
  const { clock, cluster, client } = clusterWithTopic(1, compacted)
  await produce(client(), [
    ['a', '1'],
    ['a', null],
  ])
  await clock.advance(5_000)
  cluster.compact('t')
  expect(await everything(client())).toEqual(['1 a=null'])
  await clock.advance(1_000)
  cluster.compact('t')
  expect(await everything(client())).toEqual([])
  const consumer = client().consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: 't', partition: 0, offset: 0 }])
  expect(await consumer.poll(0), 'a reader is led past what is gone').toMatchObject([{ recordCount: 0, nextOffset: 2 }])
})

it('drops aborted records and leaves what an open transaction holds back', async () => {
  const { cluster, client } = clusterWithTopic(1, compacted)
  const producer = client().producer({ transactionalId: 'x' })
  await producer.init()
  await produce(client(), [['a', 'kept']])
  producer.begin()
  append(producer, [['a', 'aborted']])
  await producer.flush()
  await producer.abort()
  producer.begin()
  append(producer, [['a', 'open']])
  await producer.flush()
  cluster.compact('t')
  expect(await everything(client())).toEqual(['0 a=kept'])
  await producer.commit()
  expect(await everything(client())).toEqual(['0 a=kept', '3 a=open'])
  cluster.compact('t')
  expect(await everything(client())).toEqual(['3 a=open'])
})

it('compacts by itself when as much was appended as there was, above a threshold', async () => {
  const { cluster, client } = clusterWithTopic(1, compacted, { autoCompactBytes: 2_000 })
  for (let i = 0; i < 500; i++) await produce(client(), [['a', String(i)]])
  expect(cluster.log({ topic: 't', partition: 0 }).byteLength).toBeLessThan(5_000)
  expect((await everything(client())).at(-1)).toBe('499 a=499')
})

it('gives the same table before and after, in batches that are valid', async () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd')
  const record: fc.Arbitrary<Written> = fc.tuple(key, fc.option(fc.string({ maxLength: 5 }), { nil: null }))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(record, { minLength: 1, maxLength: 6 }), { maxLength: 8 }), async batches => {
      const { cluster, client } = clusterWithTopic(1, compacted, { checksums: true })
      for (const batch of batches) await produce(client(), batch)
      const before = await everything(client())
      cluster.compact('t')
      const after = await everything(client())
      const last = new Map(before.map(text => [text.split(/[ =]/)[1], text]))
      expect(after).toEqual(before.filter(text => last.get(text.split(/[ =]/)[1]) === text))
      for (const { bytes } of cluster.log({ topic: 't', partition: 0 }).batches()) {
        expect(splitBatches(bytes)).toHaveLength(1)
        validateCrc(bytes, splitBatches(bytes)[0]!)
      }
    }),
    { numRuns: 50 },
  )
})
