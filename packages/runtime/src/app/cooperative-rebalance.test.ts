import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, NO_HEADERS, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { Instance } from './instance.ts'

const PARTITIONS = 6

/** Instances that count by key, each stepped by hand. */
async function world(guarantee: 'exactly_once' | 'at_least_once', rebalance: 'cooperative' | 'eager') {
  const clock = new ManualClock(1_000)
  const cluster = new MemoryCluster({ clock })
  cluster.createTopic({ name: 'in', partitions: PARTITIONS })
  const factory = memoryClient(cluster, { rebalance })
  const producer = factory({ clientId: 'test', clock, logger: silentLogger }).producer({})
  await producer.init()
  const sendToEach = async () => {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const key = Buffer.from(`key-${partition}`)
      producer.topic('in').append(partition, clock.now(), key, 0, key.length, key, 0, key.length, NO_HEADERS)
    }
    await producer.flush()
  }
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
  const start = async (processId: string) => {
    const options = resolveOptions({
      ...{ applicationId: 'app', processId, client: factory, clock, logger: silentLogger },
      processingGuarantee: guarantee,
      commitIntervalMs: 100,
    })
    const instance = new Instance(builder.build(), options)
    await instance.begin(new AbortController().signal)
    return instance
  }
  const run = async (...instances: readonly Instance[]) => {
    for (let round = 0; round < 20; round++) {
      for (const instance of instances) await instance.step(0)
      await clock.advance(20)
    }
  }
  const committed = () => cluster.committedOffsets('app').map(({ partition, offset }) => [partition, offset] as const)
  return { cluster, clock, sendToEach, start, run, committed }
}

const partitionsOf = (instance: Instance) => instance.tasks.map(({ id }) => id.partition)

it.each(['exactly_once', 'at_least_once'] as const)(
  'goes on processing and committing while others keep the rebalance waiting, %s',
  async guarantee => {
    const { cluster, sendToEach, start, run, committed } = await world(guarantee, 'cooperative')
    const [a, late] = [await start('a'), await start('late')]
    await run(a, late)
    const [tasks, own] = [a.tasks, partitionsOf(a)]
    expect(own).toHaveLength(PARTITIONS / 2)
    const joining = await start('joining')
    await run(a, joining)
    expect(cluster.describeGroup('app')!.state, 'one of three has not joined').toBe('preparing')
    expect(a.ready).toBe(false)
    await sendToEach()
    await run(a, joining)
    expect(a.tasks).toEqual(tasks)
    expect(new Map(committed().filter(([, offset]) => offset > 0))).toEqual(new Map(own.map(one => [one, 1])))

    await run(late, a, joining)
    const shares = [a, late, joining].map(partitionsOf)
    expect(shares.map(share => share.length)).toEqual([2, 2, 2])
    expect(shares.flat().toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5])
    expect(tasks, 'those that stayed are the same').toEqual(expect.arrayContaining([...a.tasks]))
    await run(a, late, joining)
    expect(new Map(committed())).toEqual(new Map([0, 1, 2, 3, 4, 5].map(one => [one, 1])))
    for (const instance of [a, late, joining]) await instance.end({ clean: true, leave: true })
  },
)

it('stands still where the client is eager, and goes on with what comes back', async () => {
  const { sendToEach, start, run, committed } = await world('exactly_once', 'eager')
  const [a, late] = [await start('a'), await start('late')]
  await run(a, late)
  const tasks = a.tasks
  const joining = await start('joining')
  await run(a, joining)
  await sendToEach()
  await run(a, joining)
  expect(committed().filter(([, offset]) => offset > 0)).toEqual([])
  await run(late, a, joining)
  expect(tasks).toEqual(expect.arrayContaining([...a.tasks]))
  await run(a, late, joining)
  expect(new Map(committed())).toEqual(new Map([0, 1, 2, 3, 4, 5].map(one => [one, 1])))
  for (const instance of [a, late, joining]) await instance.end({ clean: true, leave: true })
})

it('commits at the end what a rebalance keeps it from committing', async () => {
  const { cluster, sendToEach, start, run, committed } = await world('exactly_once', 'cooperative')
  const [a, b] = [await start('a'), await start('b')]
  await run(a, b)
  const own = partitionsOf(a)
  await sendToEach()
  await a.step(0)
  const joining = await start('joining')
  await joining.step(0)
  await b.step(0)
  // It joins too, so that the next generation begins; its leader has not assigned when it is told to end.
  await a.step(0)
  expect(['preparing', 'completing']).toContain(cluster.describeGroup('app')!.state)
  await Promise.all([a.end({ clean: true, leave: true }), run(b, joining)])
  for (const one of own) expect(committed()).toContainEqual([one, 1])
  await run(b, joining)
  expect([...partitionsOf(b), ...partitionsOf(joining)].toSorted((x, y) => x - y)).toEqual([0, 1, 2, 3, 4, 5])
  for (const instance of [b, joining]) await instance.end({ clean: true, leave: true })
})
