import { keyQuery, long, memoryStore, type StoreBackend, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'
import type { Instance } from './instance.ts'

const texts = { key: string(), value: string() }

async function untilReady(app: ReturnType<typeof testApplication>, instance: Instance): Promise<void> {
  for (let round = 0; round < 100 && !instance.ready; round++) await app.run([instance], 1)
}

it('while stores are queried, the event loop has its turn after each short turn of a task, and is left alone otherwise', async () => {
  const app = testApplication({ in: 2 })
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .peek(() => app.clock.jump(0.1))
    .toTable({ store: 'texts' })
  let turns = 0
  const instance = await app.start(builder.build(), {}, { eventLoop: async () => void turns++ })
  await untilReady(app, instance)
  const records = Array.from({ length: 6_000 }, (_, n) => ({ value: `${n}`, partition: n % 2 }))
  await app.send('in', records)
  const processed = () => instance.tasks.map(task => task.processed)
  while (processed().includes(0)) await instance.step(0)
  const first = processed()
  expect(first.every(count => count >= 1_000)).toBe(true)
  expect(turns).toBe(0)

  await instance.queries!.query({ store: 'texts', query: keyQuery('0') })
  await instance.step(0)
  // 3 ms of 0.1 ms for each record, and the clock is read after 16.
  expect(processed()).toEqual(first.map(count => count + 32))
  expect(turns).toBe(2)

  app.clock.jump(1_000)
  await instance.step(0)
  expect(processed().every((count, task) => count > first[task]! + 1_000)).toBe(true)
  expect(turns).toBe(2)
  await instance.end({ clean: false, leave: true })
})

it('while stores are queried, the event loop has its turn within the flush of a commit, too', async () => {
  const app = testApplication({ in: 1, out: 1 })
  const builder = new StreamsBuilder()
  const events: ('loop' | 'record')[] = []
  builder
    .stream('in', texts)
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .peek(() => {
      events.push('record')
      app.clock.jump(0.1)
    })
    .to('out', { key: string(), value: long() })
  const eventLoop = async () => void events.push('loop')
  const instance = await app.start(builder.build(), { commitIntervalMs: 1_000_000 }, { eventLoop })
  await untilReady(app, instance)
  const keys = Array.from({ length: 300 }, (_, n) => `key-${n}`)
  const process = async () => {
    await app.send(
      'in',
      keys.map(key => ({ key, value: '' })),
    )
    const end = instance.tasks[0]!.processed + keys.length
    while (instance.tasks[0]!.processed < end) await instance.step(0)
  }
  await process()
  await instance.commit()
  expect(events).toEqual(keys.map(() => 'record'))

  await process()
  await instance.queries!.query({ store: 'counts', query: keyQuery('key-0') })
  events.length = 0
  await instance.commit()
  const flushed = events.map(event => event[0]).join('')
  expect(flushed.replaceAll(/r+/g, records => `${records.length} `)).toBe('l64 l64 l64 l64 l44 ll')
  await instance.end({ clean: false, leave: true })
})

it('an uncommitted read of a key that is on the heap does not wait for the backend, which writes', async () => {
  const app = testApplication({ in: 1 })
  const builder = new StreamsBuilder()
  builder.stream('in', texts).toTable({ store: 'texts' })
  let written: Promise<void> | undefined
  const memory = memoryStore()
  const store: StoreBackend = {
    ...memory,
    async open(options) {
      const state = await memory.open(options)
      return {
        ...state,
        async write(changes, offsets) {
          await written
          await state.write(changes, offsets)
        },
      }
    },
  }
  const instance = await app.start(builder.build(), { store })
  await untilReady(app, instance)
  await app.send('in', [{ key: 'a', value: '1' }])
  while (instance.tasks[0]!.processed === 0) await instance.step(0)
  const slow = Promise.withResolvers<void>()
  written = slow.promise
  await instance.commit()
  const read = async (isolation: 'committed' | 'uncommitted') => {
    const { partitions } = await instance.queries!.query({ store: 'texts', query: keyQuery('a'), isolation })
    return partitions.get(0)
  }
  expect(await read('uncommitted')).toMatchObject({ ok: true, value: '1' })
  expect(await read('committed')).toMatchObject({ ok: true, value: undefined })
  slow.resolve()
  await expect.poll(() => read('committed')).toMatchObject({ ok: true, value: '1' })
  await instance.end({ clean: true, leave: true })
})
