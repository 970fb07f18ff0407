import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { long, string, systemClock } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { createTopics, openTopics, type ReadRecord } from './topics.ts'

const serdes = { key: string(), value: long() }

async function take<T>(count: number, records: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = []
  for await (const record of records) if (taken.push(record) === count) break
  return taken
}

const shown = ({ key, value, timestamp, partition }: ReadRecord<string, bigint>) => [key, value, timestamp, partition]

it('writes topics where Kafka would, and reads them from either end', async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  await using topics = await openTopics(memoryClient(cluster))
  await topics.create({ name: 'numbers', partitions: 3 })
  await topics.create({ name: 'numbers', partitions: 5 }, { name: 'others', partitions: 1 })
  expect([cluster.partitionCount('numbers'), cluster.partitionCount('others')]).toEqual([3, 1])
  await topics.delete('others')
  expect(await topics.names()).toEqual(['numbers'])

  await topics.write('numbers', serdes, [
    { key: 'abc', value: 1n, timestamp: 10 },
    { value: 2n, timestamp: 20 },
    { value: null, timestamp: 30, headers: [{ key: 'h', value: null }] },
  ])
  const news = await topics.read('numbers', serdes, { from: 'latest' })
  const all = await take(3, await topics.read('numbers', serdes))
  // murmur2("abc") is 479470107, which is a multiple of 3; the others go to partitions in turn.
  expect(all.map(shown).sort((a, b) => Number(a[2]) - Number(b[2]))).toEqual([
    ['abc', 1n, 10, 0],
    [null, 2n, 20, 0],
    [null, null, 30, 1],
  ])
  expect(all.find(({ timestamp }) => timestamp === 30)?.headers).toEqual([{ key: 'h', value: null }])
  await topics.write('numbers', serdes, [{ key: 'abc', value: 4n, timestamp: 40 }])
  expect((await take(1, news)).map(shown)).toEqual([['abc', 4n, 40, 0]])
})

it('ends a read that is aborted, and says which topic is missing', async () => {
  await using topics = await openTopics(memoryClient(new MemoryCluster({ clock: systemClock })))
  await topics.create({ name: 'empty', partitions: 1 })
  const abort = new AbortController()
  const reading = take(1, await topics.read('empty', serdes, { signal: abort.signal }))
  abort.abort()
  expect(await reading).toEqual([])
  await expect(topics.read('missing', serdes)).rejects.toMatchObject({ code: 'MILLRACE_TOPIC_MISSING' })
  await expect(topics.write('missing', serdes, [])).rejects.toMatchObject({ code: 'MILLRACE_TOPIC_MISSING' })
})

it('createTopics creates what is missing and leaves the rest, also when two processes do so at once', async () => {
  const cluster = new MemoryCluster({ clock: systemClock })
  cluster.createTopic({ name: 'kept', partitions: 2 })
  const wanted = ['kept', 'new', 'other'].map(name => ({ name, partitions: 4 }))
  await Promise.all([createTopics(memoryClient(cluster), ...wanted), createTopics(memoryClient(cluster), ...wanted)])
  expect(wanted.map(({ name }) => cluster.partitionCount(name))).toEqual([2, 4, 4])
})

it('takes the options of an application too, which programs keep in one constant, but no misspelt one', async () => {
  const shared = { stateDir: 'state', logger: silentLogger }
  await using topics = await openTopics(memoryClient(new MemoryCluster({ clock: systemClock })), shared)
  await topics.create({ name: 't', partitions: 1 })
  const misspelt = { ...shared, loger: silentLogger }
  await expect(openTopics(memoryClient(new MemoryCluster({ clock: systemClock })), misspelt)).rejects.toThrow(
    /MILLRACE_ARGUMENT_INVALID.*no option "loger"/,
  )
})
