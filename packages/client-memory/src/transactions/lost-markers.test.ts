import type { TransactionReach } from '@millrace/core'
import { expect, it } from 'vitest'
import { append, clusterWithTopic, everything, member, produce } from '../memory-cluster.fixture.ts'

const at = (offset: number) => ({ topic: 't', partition: 0, offset })
const reach = async (): Promise<TransactionReach> => ({ groupId: 'g', inputs: [at(0)], outputs: [at(0)] })

/** A member of group `g`, and what gives it producers with the id `x`. */
async function setting(transactions: 'group-metadata' | 'producer-per-task', markerDelayMs = 0) {
  const { clock, cluster, client } = clusterWithTopic(1, {}, { markerDelayMs: () => markerDelayMs })
  const own = client('own', { transactions })
  const { consumer } = member(own)
  await consumer.poll(0)
  const open = async (options: { readonly reach?: typeof reach; readonly maxBatchBytes?: number } = { reach }) => {
    const producer = own.producer({ transactionalId: 'x', ...options })
    await producer.init()
    return producer
  }
  const work = async (producer: Awaited<ReturnType<typeof open>>, offset: number, value: string) => {
    producer.begin()
    append(producer, [['k', value]])
    await producer.sendOffsets([at(offset)], consumer.groupMetadata())
    await producer.commit()
  }
  return { clock, cluster, client, consumer, open, work }
}

const MODES = [['group-metadata'], ['producer-per-task']] as const

it.each(MODES)('writes late markers when their time has come, each by itself (%s)', async mode => {
  const { clock, cluster, client, consumer, open, work } = await setting(mode, 50)
  const producer = await open()
  await work(producer, 5, 'a')
  expect(cluster.transactions.describe('x')?.state).toBe('prepare-commit')
  await expect(consumer.committed([at(0)])).rejects.toMatchObject({ code: 'MILLRACE_OFFSETS_UNSTABLE' })
  expect(await everything(client())).toEqual([])
  await clock.advance(50)
  expect(cluster.transactions.describe('x')?.state).toBe('complete-commit')
  expect(await consumer.committed([at(0)])).toEqual([at(5)])
  expect(await everything(client())).toEqual(['0 k=a'])
})

it.each(MODES)('keeps the next transaction, and the next producer, until the markers are written (%s)', async mode => {
  const { clock, client, consumer, open, work } = await setting(mode, 50)
  const producer = await open()
  await work(producer, 5, 'a')
  let worked = false
  const second = work(producer, 6, 'b').then(() => (worked = true))
  await clock.advance(40)
  expect(worked).toBe(false)
  await clock.advance(100)
  await second
  const next = open()
  await clock.advance(100)
  await next
  expect(await consumer.committed([at(0)])).toEqual([at(6)])
  expect(await everything(client())).toEqual(['0 k=a', '2 k=b'])
})

it.each(MODES)('writes what was held back before what is appended after the markers (%s)', async mode => {
  const { clock, client, consumer, open, work } = await setting(mode, 50)
  const producer = await open({ reach, maxBatchBytes: 200 })
  await work(producer, 5, 'a')
  const long = 'x'.repeat(80)
  producer.begin()
  // Each batch takes one record, and is sent when the next one comes.
  append(producer, [
    ['k', `1${long}`],
    ['k', `2${long}`],
  ])
  await clock.advance(50)
  append(producer, [
    ['k', `3${long}`],
    ['k', `4${long}`],
  ])
  const offsets = producer.sendOffsets([at(6)], consumer.groupMetadata()).then(() => producer.commit())
  await clock.advance(100)
  await offsets
  await clock.advance(100)
  expect((await everything(client())).map(each => each.slice(0, 5))).toEqual([
    '0 k=a',
    '2 k=1',
    '3 k=2',
    '4 k=3',
    '5 k=4',
  ])
})

it.each(MODES)('writes markers after a restart that has cut them off (%s)', async mode => {
  const { cluster, client, consumer, open, work } = await setting(mode)
  const producer = await open()
  cluster.loseLeaders(target => 'groupId' in target && target.groupId === 'another')
  await work(producer, 5, 'a')
  expect(cluster.transactions.describe('x')?.state).toBe('prepare-commit')
  cluster.electLeaders()
  expect(cluster.transactions.describe('x')?.state).toBe('complete-commit')
  expect(await consumer.committed([at(0)])).toEqual([at(5)])
  expect(await everything(client())).toEqual(['0 k=a'])
})

it.each(MODES)('doubles records where nobody looks for lost markers: KAFKA-20734 (%s)', async mode => {
  const { cluster, client, consumer, open, work } = await setting(mode)
  const producer = await open({})
  cluster.loseLeaders('lost')
  await work(producer, 5, 'a')
  cluster.electLeaders()
  expect(cluster.transactions.describe('x')?.state).toBe('complete-commit')
  await expect(consumer.committed([at(0)])).rejects.toMatchObject({ code: 'MILLRACE_OFFSETS_UNSTABLE' })
  // What a client does that reads the offset from before: the same records again, whose marker commits both.
  const again = await open({})
  await work(again, 5, 'a')
  expect(await everything(client())).toEqual(['0 k=a', '1 k=a'])
})

it.each(MODES)('completes at init what was committed without markers (%s)', async mode => {
  const { cluster, client, consumer, open, work } = await setting(mode)
  const producer = await open()
  cluster.loseLeaders('lost')
  await work(producer, 5, 'a')
  cluster.electLeaders()
  await open()
  expect(await consumer.committed([at(0)])).toEqual([at(5)])
  await produce(client(), [['k', 'later']])
  expect(await everything(client())).toEqual(['0 k=a', '2 k=later'])
})

it.each(MODES)(
  'is told by a producer that has nothing more to send, once the broker takes it for over (%s)',
  async mode => {
    const { cluster, open, work } = await setting(mode)
    const producer = await open()
    cluster.loseLeaders('late')
    await work(producer, 5, 'a')
    expect(producer.pending()).toBeUndefined()
    cluster.electLeaders()
    expect(producer.pending()).toBeUndefined()
    cluster.loseLeaders('lost')
    await work(producer, 6, 'b')
    cluster.electLeaders()
    await expect(producer.pending()).rejects.toMatchObject({ code: 'MILLRACE_TRANSACTION_ABORTABLE' })
    expect((await open()).pending()).toBeUndefined()
  },
)

it.each(MODES)('completes at init what was aborted without markers (%s)', async mode => {
  const { cluster, client, consumer, open } = await setting(mode)
  const producer = await open()
  producer.begin()
  append(producer, [['k', 'aborted']])
  await producer.sendOffsets([at(5)], consumer.groupMetadata())
  await producer.flush()
  cluster.loseLeaders('lost')
  await producer.abort()
  cluster.electLeaders()
  await open()
  expect(await consumer.committed([at(0)])).toEqual([])
  await produce(client(), [['k', 'later']])
  expect(await everything(client())).toEqual(['2 k=later'])
})

it.each(MODES)('completes what some markers were written of as the others say (%s)', async mode => {
  const { cluster, client, consumer, open, work } = await setting(mode)
  const producer = await open()
  await work(producer, 1, 'before')
  cluster.loseLeaders(target => 'groupId' in target)
  await work(producer, 5, 'a')
  cluster.electLeaders()
  expect(await everything(client())).toEqual(['0 k=before', '2 k=a'])
  await open()
  expect(await consumer.committed([at(0)])).toEqual([at(5)])
})

it.each(MODES)('does not begin another transaction over one that has lost its markers (%s)', async mode => {
  const { cluster, client, consumer, open, work } = await setting(mode)
  const producer = await open()
  cluster.loseLeaders('lost')
  await work(producer, 5, 'a')
  cluster.electLeaders()
  await expect(work(producer, 6, 'b')).rejects.toMatchObject({ code: 'MILLRACE_TRANSACTION_ABORTABLE' })
  // Its abort would have taken the first along.
  await work(await open(), 6, 'b')
  expect(await consumer.committed([at(0)])).toEqual([at(6)])
  expect(await everything(client())).toEqual(['0 k=a', '2 k=b'])
})

it.each(MODES)('says so when nobody knows any more how it ended, and changes nothing (%s)', async mode => {
  const { cluster, consumer, open, work } = await setting(mode)
  const producer = await open()
  cluster.loseLeaders('lost')
  await work(producer, 5, 'a')
  cluster.electLeaders()
  // A client that does not look has been initialised meanwhile.
  await open({})
  await expect(open()).rejects.toMatchObject({
    code: 'MILLRACE_TRANSACTION_HANGING',
    message: expect.stringMatching(/"x".*offsets of group "g", t-0/),
  })
  await expect(consumer.committed([at(0)])).rejects.toMatchObject({ code: 'MILLRACE_OFFSETS_UNSTABLE' })
})

it('waits with init as long as there is no leader', async () => {
  const { clock, cluster, consumer, open, work } = await setting('producer-per-task')
  const producer = await open()
  cluster.loseLeaders('lost')
  await work(producer, 5, 'a')
  let initialised = false
  const next = open().then(() => (initialised = true))
  await clock.advance(500)
  expect(initialised).toBe(false)
  cluster.electLeaders()
  await clock.advance(100)
  await next
  expect(await consumer.committed([at(0)])).toEqual([at(5)])
})
