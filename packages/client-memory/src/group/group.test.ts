import { expect, it } from 'vitest'
import { append, clusterWithTopic, member, produce, recordsOf } from '../memory-cluster.fixture.ts'

it("gives a crashed member's partitions away after its session timeout", async () => {
  const { clock, client } = clusterWithTopic(2)
  const dying = client('b')
  const [a, b] = [member(client('a')), member(dying, { sessionTimeoutMs: 10_000 })]
  for (let i = 0; i < 3; i++) for (const { consumer } of [a, b]) await consumer.poll(0)
  const [ofB] = b.diary
  expect(a.diary).toEqual(['assigned 0,1', ofB!.replace('assigned', 'revoked')])
  dying.crash()
  await clock.advance(9_999)
  await a.consumer.poll(0)
  expect(a.diary).toHaveLength(2)
  await clock.advance(1)
  await a.consumer.poll(0)
  expect(a.diary.slice(2)).toEqual([ofB])
})

it('goes on without a member that does not join in time, and tells it that its partitions are lost', async () => {
  const { clock, cluster, client } = clusterWithTopic(2)
  const [a, b] = [
    member(client('a'), { rebalanceTimeoutMs: 3_000 }),
    member(client('b'), { rebalanceTimeoutMs: 3_000 }),
  ]
  await a.consumer.poll(0)
  await b.consumer.poll(0)
  expect(cluster.describeGroup('g')!.state).toBe('preparing')
  await clock.advance(3_000)
  await b.consumer.poll(0)
  expect(b.diary).toEqual(['assigned 0,1'])
  await expect(a.consumer.commit([{ topic: 't', partition: 0, offset: 1 }])).rejects.toMatchObject({
    code: 'MILLRACE_GROUP_FENCED',
  })
  await a.consumer.poll(0)
  expect(a.diary).toEqual(['assigned 0,1', 'lost 0,1'])
})

it('goes on without a leader that dies before it assigns', async () => {
  const { clock, cluster, client } = clusterWithTopic(1)
  const dying = client('a')
  let rounds = 0
  const a = member(dying, { sessionTimeoutMs: 60_000, rebalanceTimeoutMs: 3_000 }, () => {
    if (++rounds === 2) dying.crash()
  })
  const b = member(client('b'), { rebalanceTimeoutMs: 3_000 })
  await a.consumer.poll(0)
  await b.consumer.poll(0)
  void a.consumer.poll(0)
  await clock.advance(0)
  await b.consumer.poll(0)
  expect(cluster.describeGroup('g')).toMatchObject({
    state: 'completing',
    memberIds: [expect.any(String), expect.any(String)],
  })
  await clock.advance(3_000)
  await b.consumer.poll(0)
  expect([rounds, b.diary]).toEqual([2, ['assigned 0']])
})

it('keeps the place of a client that is cut off for less than its session, and not longer', async () => {
  const { clock, cluster, client } = clusterWithTopic(1)
  const cut = client('a')
  const a = member(cut, { sessionTimeoutMs: 10_000 })
  await a.consumer.poll(0)
  cut.disconnect(9_000)
  await expect(a.consumer.poll(0)).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_UNAVAILABLE', kind: 'retriable' })
  await clock.advance(9_000)
  await a.consumer.poll(0)
  expect(a.diary).toEqual(['assigned 0'])
  cut.disconnect(11_000)
  await clock.advance(10_000)
  expect(cluster.describeGroup('g')).toMatchObject({ state: 'empty', memberIds: [] })
  await clock.advance(1_000)
  await a.consumer.poll(0)
  expect(a.diary).toEqual(['assigned 0', 'lost 0', 'assigned 0'])
})

it('has its leader assign again when a topic grows, as soon as its metadata is 5 minutes old', async () => {
  const { clock, cluster, client } = clusterWithTopic(1)
  const a = member(client())
  await a.consumer.poll(0)
  cluster.createTopic({ name: 'other', partitions: 3 })
  await a.consumer.poll(0)
  expect(a.diary).toEqual(['assigned 0'])
  cluster.createPartitions('t', 3)
  await clock.advance(299_999)
  await a.consumer.poll(0)
  expect(a.diary).toEqual(['assigned 0'])
  await clock.advance(1)
  await a.consumer.poll(0)
  expect(a.diary).toEqual(['assigned 0', 'assigned 1,2'])
})

it('takes joins again after its coordinator moved', async () => {
  const { cluster, client } = clusterWithTopic(2)
  const [a, b] = [member(client('a')), member(client('b'))]
  await a.consumer.poll(0)
  await b.consumer.poll(0)
  cluster.moveGroupCoordinator('g')
  for (let i = 0; i < 4; i++) for (const { consumer } of [a, b]) await consumer.poll(0)
  expect(b.diary).toEqual([expect.stringMatching(/^assigned [01]$/)])
  expect(a.diary).toEqual(['assigned 0,1', b.diary[0]!.replace('assigned', 'revoked')])
})

it('replaces a static member and fences the one before it for good', async () => {
  const { client } = clusterWithTopic(1)
  const [first, second] = [member(client('a'), { groupInstanceId: 'i' }), member(client('b'), { groupInstanceId: 'i' })]
  await first.consumer.poll(0)
  await second.consumer.poll(0)
  expect(second.diary).toEqual(['assigned 0'])
  for (let i = 0; i < 2; i++) {
    await expect(first.consumer.poll(0)).rejects.toMatchObject({ code: 'MILLRACE_GROUP_INSTANCE_FENCED' })
  }
  expect(first.diary).toEqual(['assigned 0', 'lost 0'])
  await second.consumer.poll(0)
  expect(second.diary).toEqual(['assigned 0'])
})

it('keeps the place of a static member that misses a rebalance, until its session ends', async () => {
  const { clock, cluster, client } = clusterWithTopic(2)
  const options = { rebalanceTimeoutMs: 3_000, sessionTimeoutMs: 10_000 }
  const dying = client('a')
  const a = member(dying, { ...options, groupInstanceId: 'i' })
  const b = member(client('b'), options)
  await a.consumer.poll(0)
  dying.crash()
  await b.consumer.poll(0)
  await clock.advance(3_000)
  for (let i = 0; i < 3; i++) await b.consumer.poll(0)
  expect(cluster.describeGroup('g')).toMatchObject({
    state: 'stable',
    memberIds: [expect.any(String), expect.any(String)],
  })
  expect(b.diary).toEqual(['assigned 1'])
  await clock.advance(7_000)
  for (let i = 0; i < 3; i++) await b.consumer.poll(0)
  expect(b.diary).toEqual(['assigned 1', 'assigned 0'])
})

it('never waits in a poll of 0, and wakes a waiting poll with the clock or with records', async () => {
  const { clock, client } = clusterWithTopic(1)
  const { consumer } = member(client())
  await consumer.poll(0)
  consumer.seek({ topic: 't', partition: 0, offset: 0 })
  expect(await consumer.poll(0)).toEqual([])
  const empty = consumer.poll(1_000)
  await clock.advance(1_000)
  expect(await empty).toEqual([])
  const full = consumer.poll(1_000)
  await produce(client(), [['k', 'v']])
  expect(recordsOf(await full)).toEqual(['0 k=v'])
  expect(clock.sleeping, 'a poll that was woken sleeps no more').toBe(0)
})

it('repeats exactly for the same seed', async () => {
  const run = async (seed: number): Promise<unknown> => {
    const { clock, cluster, client } = clusterWithTopic(4, {}, { seed })
    const members = ['a', 'b', 'c'].map(name => member(client(name)))
    for (let i = 0; i < 5; i++) for (const { consumer } of members) await consumer.poll(0)
    const producer = client().producer({ transactionalId: 'x' })
    await producer.init()
    producer.begin()
    append(producer, [['k', 'v']])
    await producer.commit()
    await clock.advance(100_000)
    const bytes = cluster
      .log({ topic: 't', partition: 0 })
      .batches()
      .map(batch => batch.bytes.toString('hex'))
    return {
      ids: members.map(({ consumer }) => consumer.groupMetadata()),
      diaries: members.map(({ diary }) => diary),
      bytes,
    }
  }
  expect(await run(5)).toEqual(await run(5))
  expect(await run(6)).not.toEqual(await run(5))
})

it('takes all from an eager member before it joins again', async () => {
  const { client } = clusterWithTopic(2)
  const a = member(client('a', { rebalance: 'eager' }))
  await a.consumer.poll(0)
  const b = member(client('b'))
  for (let i = 0; i < 3; i++) for (const { consumer } of [a, b]) await consumer.poll(0)
  expect(a.diary.slice(0, 2)).toEqual(['assigned 0,1', 'revoked 0,1'])
  expect(new Set([a.diary.at(-1), b.diary.at(-1)])).toEqual(new Set(['assigned 0', 'assigned 1']))
})

it('commits while members join, and says when it is between two generations', async () => {
  const { client } = clusterWithTopic(2)
  const refusals: unknown[] = []
  const commit = () => a.consumer.commit([{ topic: 't', partition: 0, offset: 1 }])
  const whileItLeads = () => void commit().catch((error: unknown) => refusals.push(error))
  const [a, b] = [member(client('a'), {}, whileItLeads), member(client('b'))]
  await a.consumer.poll(0)
  expect(a.consumer.isRebalancing()).toBe(false)
  await b.consumer.poll(0)
  expect(a.consumer.isRebalancing(), 'the other one has joined').toBe(true)
  await commit()
  refusals.length = 0
  await a.consumer.poll(0)
  expect(refusals).toMatchObject([{ code: 'MILLRACE_GROUP_REBALANCING', kind: 'retriable' }])
  for (let i = 0; i < 3; i++) for (const { consumer } of [a, b]) await consumer.poll(0)
  expect(a.consumer.isRebalancing()).toBe(false)
  await commit()
})
