import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, NO_HEADERS, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { resolveOptions } from '../config/options.ts'
import { silentLogger } from '../observe/console-logger.ts'
import { Metrics } from '../observe/metrics.ts'
import { Instance } from './instance.ts'

const PARTITIONS = 4
const RECORDS = 400
const TAIL = 8

interface Started {
  readonly instance: Instance
  /** How many records were restored, by task. */
  readonly restored: Map<string, number>
}

/** Two instances count by key; the first one goes. What the second one restores of each task that it takes over. */
async function takeOver(numStandbyReplicas: number, guarantee: 'exactly_once' | 'at_least_once') {
  const clock = new ManualClock(1_000)
  const cluster = new MemoryCluster({ clock })
  cluster.createTopic({ name: 'in', partitions: PARTITIONS })
  const factory = memoryClient(cluster)
  const producer = factory({ clientId: 'test', clock, logger: silentLogger }).producer({})
  await producer.init()
  const send = async (from: number, count: number) => {
    for (let i = from; i < from + count; i++) {
      const key = Buffer.from(`key-${i}`)
      producer.topic('in').append(i % PARTITIONS, i, key, 0, key.length, key, 0, key.length, NO_HEADERS)
    }
    await producer.flush()
  }
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })

  const start = async (name: string): Promise<Started> => {
    const restored = new Map<string, number>()
    const nothing = () => undefined
    const options = resolveOptions({
      applicationId: 'app',
      processId: name,
      client: factory,
      clock,
      logger: silentLogger,
      processingGuarantee: guarantee,
      numStandbyReplicas,
      acceptableRecoveryLag: 0,
      probingRebalanceIntervalMs: 1000,
    })
    const instance = new Instance(builder.build(), options, new Metrics(), {
      onRebalancing: nothing,
      onWaiting: nothing,
      onRestoreStart: nothing,
      onRestoreProgress: nothing,
      onRestoreEnd: ({ task, restored: count }) => void restored.set(task, (restored.get(task) ?? 0) + count),
    })
    await instance.begin(new AbortController().signal)
    return { instance, restored }
  }
  const run = async (started: readonly Started[], rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      for (const { instance } of started) await instance.step(0)
      await clock.advance(100)
    }
  }

  const first = await start('a')
  const second = await start('b')
  await send(0, RECORDS)
  await run([first, second], 100)
  const owned = first.instance.tasks.map(({ name }) => name)
  const before = second.instance.tasks.map(({ name }) => name)
  await send(RECORDS, TAIL)
  await run([first, second], 15)
  second.restored.clear()
  await first.instance.end({ clean: true, leave: true })
  await run([second], 60)
  const now = second.instance.tasks.map(({ name }) => name)
  await second.instance.end({ clean: true, leave: true })
  return { owned, before, now, restored: owned.map(task => second.restored.get(task)) }
}

it.each(['exactly_once', 'at_least_once'] as const)(
  'a standby takes over and restores nothing but the tail, %s',
  async guarantee => {
    const { owned, before, now, restored } = await takeOver(1, guarantee)
    expect(owned.length).toBe(2)
    expect(before.length).toBe(2)
    expect(now.length).toBe(PARTITIONS)
    for (const records of restored) expect(records).toBeLessThanOrEqual(TAIL)
  },
)

it('without standbys everything is restored', async () => {
  const { owned, now, restored } = await takeOver(0, 'exactly_once')
  expect(owned.length).toBe(2)
  expect(now.length).toBe(PARTITIONS)
  expect(restored).toEqual([(RECORDS + TAIL) / PARTITIONS, (RECORDS + TAIL) / PARTITIONS])
})
