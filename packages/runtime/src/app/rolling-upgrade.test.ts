import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  type LogFields,
  type Logger,
  long,
  ManualClock,
  NO_HEADERS,
  type Plan,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { expect, it } from 'vitest'
import { resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { Instance } from './instance.ts'

const PARTITIONS = 4
const texts = { key: string(), value: string() }

function counting(more: (b: StreamsBuilder) => void): Plan {
  const builder = new StreamsBuilder()
  more(builder)
  builder
    .stream('in', texts)
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to('out', { key: string(), value: long() })
  return builder.build()
}

const version1 = counting(() => undefined)
/** Another part comes first, so that the task that was called 0_1 is called 1_1, and 0_1 is another one. */
const version2 = counting(b => b.stream('other', texts).groupByKey().count({ store: 'others' }))
/** The tasks of version 1. */
const alike = counting(b => b.stream('in', texts).foreach(() => undefined))

async function world(rebalance: 'cooperative' | 'eager') {
  const clock = new ManualClock(1_000)
  const cluster = new MemoryCluster({ clock })
  for (const name of ['in', 'other', 'out']) cluster.createTopic({ name, partitions: PARTITIONS })
  const factory = memoryClient(cluster, { rebalance })
  const client = factory({ clientId: 'test', clock, logger: silentLogger })
  const producer = client.producer({})
  await producer.init()
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_fields: LogFields, message: string) => void warnings.push(message) }
  const all: Instance[] = []
  /** `slow` has its turn less often than the others. */
  const run = async (rounds = 40, slow?: Instance) => {
    for (let round = 0; round < rounds; round++) {
      for (const instance of all) {
        if (instance === slow && round % 15 !== 0) continue
        await instance.step(0)
        // Of an eager client tasks stand still, and are kept in case they come back.
        const inputs = all.filter(({ ready }) => ready || rebalance === 'cooperative').flatMap(inputsOf)
        expect(new Set(inputs).size, `nobody else has one of ${inputs.join()}`).toBe(inputs.length)
      }
      await clock.advance(20)
    }
  }
  return {
    warnings,
    run,
    async start(processId: string, plan: Plan): Promise<Instance> {
      const options = resolveOptions({
        ...{ applicationId: 'app', processId, client: factory, clock, logger },
        processingGuarantee: 'exactly_once',
        caching: 'off',
      })
      const instance = new Instance(plan, options)
      await instance.begin(new AbortController().signal)
      all.push(instance)
      await run()
      return instance
    },
    async stop(instance: Instance, slow?: Instance): Promise<void> {
      all.splice(all.indexOf(instance), 1)
      await instance.end({ clean: true, leave: true })
      await run(120, slow)
    },
    async sendToEach(): Promise<void> {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const key = Buffer.from(`key-${partition}`)
        producer.topic('in').append(partition, clock.now(), key, 0, key.length, key, 0, key.length, NO_HEADERS)
      }
      await producer.flush()
      await run()
    },
    /** The counts of each key, as they were written. */
    async results(): Promise<ReadonlyMap<string, readonly number[]>> {
      const consumer = client.consumer({ isolationLevel: 'read_committed' })
      await consumer.assign(
        Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'out', partition, offset: 0 })),
      )
      const found = new Map<string, number[]>()
      for (const batch of await consumer.poll(0)) {
        for (const cursor = batch.cursor(); cursor.advance();) {
          const key = cursor.keyBytes.toString('utf8', cursor.keyStart, cursor.keyEnd)
          found.set(key, [...(found.get(key) ?? []), Number(cursor.valueBytes.readBigInt64BE(cursor.valueStart))])
        }
      }
      await consumer.close()
      return found
    },
  }
}

const OTHERS = ['other-0', 'other-1', 'other-2', 'other-3']
const inputsOf = (instance: Instance) =>
  instance.tasks.flatMap(({ queues }) => queues.map(({ topic, partition }) => `${topic}-${partition}`)).sort()
const tasksOf = (instance: Instance) => instance.tasks.map(({ name }) => name)
const eachKey = (counts: readonly number[]) =>
  new Map(Array.from({ length: PARTITIONS }, (_, partition) => [`key-${partition}`, counts]))

it.each(['cooperative', 'eager'] as const)(
  'two versions in one group: all tasks are run by one of them at a time, and nothing is lost or doubled, %s',
  async rebalance => {
    const { start, stop, sendToEach, results, warnings } = await world(rebalance)
    const [a, b] = [await start('a', version1), await start('b', version1)]
    await sendToEach()
    expect([...tasksOf(a), ...tasksOf(b)].sort()).toEqual(['0_0', '0_1', '0_2', '0_3'])
    const c = await start('c', version2)
    await sendToEach()
    expect(tasksOf(c)).toEqual([])
    expect(warnings).toEqual([expect.stringContaining('is led by an instance with another topology')])
    await stop(b)
    const d = await start('d', version2)
    await sendToEach()
    expect([tasksOf(a), tasksOf(c), tasksOf(d)]).toEqual([['0_0', '0_1', '0_2', '0_3'], [], []])
    expect(await results()).toEqual(eachKey([1, 2, 3]))
    await stop(a)
    await sendToEach()
    const all = ['0_0', '0_1', '0_2', '0_3', '1_0', '1_1', '1_2', '1_3']
    expect([...tasksOf(c), ...tasksOf(d)].sort()).toEqual(all)
    expect(tasksOf(c)).toHaveLength(4)
    expect(await results()).toEqual(eachKey([1, 2, 3, 4]))

    // One of the old version comes back by mistake.
    const late = await start('late', version1)
    await sendToEach()
    expect(tasksOf(late)).toEqual([])
    await stop(c)
    await stop(d)
    await sendToEach()
    expect(tasksOf(late)).toEqual(['0_0', '0_1', '0_2', '0_3'])
    expect(await results()).toEqual(eachKey([1, 2, 3, 4, 5, 6]))
    await stop(late)
  },
)

it('a version with the same tasks takes its share at once', async () => {
  const { start, stop, sendToEach, results, warnings } = await world('cooperative')
  const a = await start('a', version1)
  await sendToEach()
  const b = await start('b', alike)
  await sendToEach()
  expect([tasksOf(a).length, tasksOf(b).length]).toEqual([2, 2])
  await stop(a)
  await sendToEach()
  expect(await results()).toEqual(eachKey([1, 2, 3]))
  expect(warnings).toEqual([])
  await stop(b)
})

it.each(['cooperative', 'eager'] as const)(
  'a leader of the new version waits until the old one has given up what it holds, %s',
  async rebalance => {
    const { start, stop, sendToEach, results } = await world(rebalance)
    const a = await start('a', version1)
    const c = await start('c', version2)
    const slow = await start('slow', version1)
    await sendToEach()
    expect([tasksOf(a).length, tasksOf(slow).length, tasksOf(c).length]).toEqual([2, 2, 0])
    await sendToEach()
    await stop(a, slow)
    await sendToEach()
    expect([inputsOf(slow), inputsOf(c)]).toEqual([[], ['in-0', 'in-1', 'in-2', 'in-3', ...OTHERS]])
    expect(await results()).toEqual(eachKey([1, 2, 3]))
    await stop(slow)
    await stop(c)
  },
)
