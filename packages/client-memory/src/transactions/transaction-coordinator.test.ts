import { expect, it } from 'vitest'
import { append, clusterWithTopic, everything, member, produce } from '../memory-cluster.fixture.ts'

it('aborts a transaction when its time is up, and fences its producer', async () => {
  const { clock, cluster, client } = clusterWithTopic()
  const producer = client().producer({ transactionalId: 'x', transactionTimeoutMs: 5_000 })
  await producer.init()
  await clock.advance(10_000)
  producer.begin()
  append(producer, [['a', 'late']])
  await producer.flush()
  await clock.advance(4_999)
  expect(cluster.transactions.open()).toEqual(['x'])
  await clock.advance(1)
  expect(cluster.transactions.open()).toEqual([])
  await produce(client(), [['b', 'seen']])
  expect(await everything(client())).toEqual(['2 b=seen'])
  await expect(producer.commit()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCER_FENCED' })
  expect(() => producer.begin()).toThrow(expect.objectContaining({ code: 'MILLRACE_PRODUCER_FENCED' }))
})

it('begins the timeout with the first record, and ends it with the transaction', async () => {
  const { clock, client } = clusterWithTopic()
  const producer = client().producer({ transactionalId: 'x', transactionTimeoutMs: 5_000 })
  await producer.init()
  for (let i = 0; i < 3; i++) {
    producer.begin()
    await clock.advance(4_000)
    append(producer, [['a', String(i)]])
    await producer.flush()
    await clock.advance(4_000)
    await producer.commit()
  }
  expect(await everything(client())).toEqual(['0 a=0', '2 a=1', '4 a=2'])
  expect(clock.sleeping, 'nothing is left to wait for').toBe(0)
})

it('keeps a fenced producer from partitions that the transaction had not reached', async () => {
  const { client } = clusterWithTopic(2)
  const old = client().producer({ transactionalId: 'x' })
  await old.init()
  old.begin()
  append(old, [['a', '1']])
  await old.flush()
  const newer = client().producer({ transactionalId: 'x' })
  await newer.init()
  append(old, [['a', '2']], { partition: 1 })
  await expect(old.flush()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCER_FENCED' })
  expect(
    await client()
      .admin()
      .latestOffsets([{ topic: 't', partition: 1 }]),
  ).toMatchObject([{ offset: 0 }])
})

it('gives a new producer id when the epochs of one have run out, and still fences and aborts', async () => {
  const { cluster, client } = clusterWithTopic(1, {}, { firstProducerEpoch: 32_766 })
  const last = client().producer({ transactionalId: 'x' })
  await last.init()
  last.begin()
  append(last, [['a', 'aborted']])
  await last.flush()
  const first = client().producer({ transactionalId: 'x' })
  await first.init()
  expect(cluster.transactions.open()).toEqual([])
  first.begin()
  append(first, [['a', 'seen']])
  await first.commit()
  await expect(last.commit()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCER_FENCED' })
  expect(await everything(client())).toEqual(['2 a=seen'])
})

it('leaves the transaction of a crashed client open until its successor comes', async () => {
  const { cluster, client } = clusterWithTopic()
  const dying = client('dying')
  const producer = dying.producer({ transactionalId: 'x' })
  await producer.init()
  producer.begin()
  append(producer, [['a', 'lost']])
  await producer.flush()
  let answered = false
  dying.crash()
  void producer.commit().then(() => (answered = true))
  await produce(client(), [['b', 'held back']])
  expect(await everything(client())).toEqual([])
  await client().producer({ transactionalId: 'x' }).init()
  expect(await everything(client())).toEqual(['1 b=held back'])
  expect(answered, 'a crashed client gets no answers').toBe(false)
  expect(cluster.transactions.open()).toEqual([])
})

it('impersonates a client without group metadata: stale members commit', async () => {
  const { client } = clusterWithTopic()
  const kafkajsLike = client('k', { transactions: 'producer-per-task' })
  const { consumer } = member(kafkajsLike)
  await consumer.poll(0)
  const stale = { ...consumer.groupMetadata(), generationId: 99 }
  const producer = kafkajsLike.producer({ transactionalId: 'x' })
  await producer.init()
  producer.begin()
  await producer.sendOffsets([{ topic: 't', partition: 0, offset: 5 }], stale)
  await producer.commit()
  expect(await consumer.committed([{ topic: 't', partition: 0 }])).toMatchObject([{ offset: 5 }])
})
