import { expect, it } from 'vitest'
import { append, clusterWithTopic, everything, produce } from '../memory-cluster.fixture.ts'

it('deletes by itself what is older than retention.ms, as often as a broker looks', async () => {
  const { clock, client } = clusterWithTopic(1, { 'retention.ms': '1000' }, { retentionCheckIntervalMs: 5_000 })
  await produce(client(), [['a', 'old']], { timestamp: clock.now() - 10_000 })
  expect(await everything(client())).toEqual(['0 a=old'])
  await clock.advance(5_000)
  await produce(client(), [['b', 'new']], { timestamp: clock.now() })
  expect(
    await client()
      .admin()
      .earliestOffsets([{ topic: 't', partition: 0 }]),
  ).toMatchObject([{ offset: 1 }])
  expect(await everything(client(), 1)).toEqual(['1 b=new'])
})

it('keeps what is younger than retention.ms, and everything without a limit', async () => {
  const { clock, cluster, client } = clusterWithTopic(1, { 'retention.ms': '1000' })
  cluster.createTopic({ name: 'kept', partitions: 1 })
  await produce(client(), [['a', '1']], { timestamp: clock.now() - 999 })
  cluster.retain('t')
  expect(await everything(client())).toEqual(['0 a=1'])
  await clock.advance(2)
  cluster.retain('t')
  cluster.retain('kept')
  await expect(everything(client())).rejects.toMatchObject({ code: 'MILLRACE_OFFSET_OUT_OF_RANGE' })
})

it('keeps the newest batches that fill retention.bytes', async () => {
  const { cluster, client } = clusterWithTopic(1, { 'retention.bytes': '250' })
  for (const value of ['0', '1', '2', '3', '4']) await produce(client(), [['key', value]])
  const bytes = cluster.log({ topic: 't', partition: 0 }).batches()[0]!.bytes.length
  cluster.retain('t')
  const log = cluster.log({ topic: 't', partition: 0 })
  expect(log.byteLength).toBeGreaterThanOrEqual(250)
  expect(log.byteLength).toBeLessThan(250 + bytes)
  expect(await everything(client(), log.startOffset)).toContain('4 key=4')
})

it('does not delete records of an open transaction, nor those after it', async () => {
  const { clock, cluster, client } = clusterWithTopic(1, { 'retention.ms': '1000' })
  const producer = client().producer({ transactionalId: 'x' })
  await producer.init()
  producer.begin()
  append(producer, [['a', 'open']])
  await producer.flush()
  await produce(client(), [['b', 'after']])
  await clock.advance(10_000)
  cluster.retain('t')
  await producer.commit()
  expect(await everything(client())).toEqual(['0 a=open', '1 b=after'])
})
