import { StreamsBuilder, string } from '@millrace/core'
import { beforeEach, expect, it } from 'vitest'
import { silentLogger } from '../observe/console-logger.ts'
import { testApplication } from './application.fixture.ts'
import type { Instance } from './instance.ts'
import { KafkaStreams } from './kafka-streams.ts'

const PARTITIONS = 2
const LIMIT_BYTES = 2048

let app: ReturnType<typeof testApplication>
let seen: string[]
let punctuated: number

beforeEach(() => {
  app = testApplication({ in: PARTITIONS })
  seen = []
  punctuated = 0
})

function plan() {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).process(
    () => ({
      init(context) {
        context.schedule(1000, 'wall-clock', () => void punctuated++)
      },
      process: ({ value }) => void seen.push(value),
    }),
    { name: 'see' },
  )
  return builder.build()
}

const SETTINGS = { bufferedBytesPerPartition: LIMIT_BYTES, commitIntervalMs: 100 }

async function start(processId: string, paused = false): Promise<Instance> {
  const instance = app.instance(plan(), { ...SETTINGS, processId })
  instance.paused = paused
  await instance.begin(new AbortController().signal)
  return instance
}

const run = (instances: readonly Instance[], rounds = 60) => app.run(instances, rounds)

/** To each partition in turn, one batch for each ten. */
async function send(from: number, count: number, size = 1): Promise<void> {
  const records = Array.from({ length: count }, (_, at) => {
    const i = from + at
    return { value: `${i}`.padEnd(size), partition: i % PARTITIONS, timestamp: i }
  })
  while (records.length > 0) await app.send('in', records.splice(0, 10))
}

async function committed(): Promise<number> {
  return ((await app.committed('in', 0)) ?? 0) + ((await app.committed('in', 1)) ?? 0)
}

it('neither processes nor punctuates, commits what was processed, and goes on with what has come', async () => {
  const instance = await start('a')
  await send(0, 10)
  await run([instance])
  expect(seen.length).toBe(10)
  expect(punctuated).toBeGreaterThan(0)
  await send(10, 2)
  await instance.step(0)
  await instance.step(0)
  expect(seen.length).toBe(12)
  instance.paused = true
  const before = punctuated
  await send(12, 10)
  await run([instance])
  expect(seen.length).toBe(12)
  expect(punctuated).toBe(before)
  expect(await committed()).toBe(12)

  instance.paused = false
  await run([instance])
  expect(seen.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 22 }, (_, i) => i))
  expect(punctuated).toBeGreaterThan(before)
  expect(await committed()).toBe(22)
  await instance.end({ clean: true, leave: true })
})

it('fetches no more than may be buffered, and loses nothing', async () => {
  const instance = await start('a')
  await run([instance], 20)
  instance.paused = true
  await send(0, 1000, 200)
  await run([instance])
  const queues = instance.tasks.flatMap(task => task.queues)
  expect(queues.map(({ paused }) => paused)).toEqual([true, true])
  const buffered = queues.map(({ bytes }) => bytes)
  await send(1000, 1000, 200)
  await run([instance])
  expect(queues.map(({ bytes }) => bytes)).toEqual(buffered)
  instance.paused = false
  await run([instance])
  expect(seen.length).toBe(2000)
  await instance.end({ clean: true, leave: true })
})

it('stays in its group and answers rebalances', async () => {
  const first = await start('a')
  await run([first], 20)
  first.paused = true
  await send(0, 10)
  await run([first], 20)
  const second = await start('b')
  await run([first, second])
  expect([first.tasks.length, second.tasks.length]).toEqual([1, 1])
  expect(seen.length).toBe(5)
  await second.end({ clean: true, leave: true })
  await run([first])
  expect(first.tasks.length).toBe(PARTITIONS)
  first.paused = false
  await run([first])
  expect(seen.map(Number).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  await first.end({ clean: true, leave: true })
})

it('starts paused when it was paused before', async () => {
  await send(0, 10)
  const instance = await start('a', true)
  await run([instance])
  expect(instance.tasks.length).toBe(PARTITIONS)
  expect(seen).toEqual([])
  await instance.end({ clean: true, leave: true })
})

it('tells whether it is paused', async () => {
  const streams = new KafkaStreams(plan(), { applicationId: 'app', client: app.factory, logger: silentLogger })
  expect(streams.isPaused).toBe(false)
  streams.pause()
  expect(streams.isPaused).toBe(true)
  streams.resume()
  expect(streams.isPaused).toBe(false)
  await streams.close()
})
