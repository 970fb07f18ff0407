import { keyValueStore, type Plan, StreamsBuilder, string, tumbling, windowStore } from '@millrace/core'
import { expect, it } from 'vitest'
import { gathered } from './test-stores.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const notes = keyValueStore({ name: 'notes', ...texts })
const marks = windowStore({ name: 'marks', ...texts, windowSizeMs: 10, retentionMs: 1_000 })

/** One store of each kind, all keyed by the record's key. */
function topology(): Plan {
  const builder = new StreamsBuilder()
  builder.addStateStore(notes).addStateStore(marks)
  const records = builder.stream('in', texts)
  records.groupByKey().count({ store: 'counts' })
  records
    .groupByKey()
    .windowedBy(tumbling({ sizeMs: 100, graceMs: 0 }))
    .count({ store: { name: 'window-counts', retentionMs: 10_000 } })
  records.process(() => ({ process: () => undefined }), { stores: ['notes', 'marks'] })
  builder.table('settings', { ...texts, store: 'settings-store' })
  return builder.build()
}

const keys = ['a', 'b', 'c', 'd', 'e', 'f']

it.each([
  { partitions: 1, instances: 1 },
  { partitions: 4, instances: 3 },
])('reads stores whole, over $partitions partitions and $instances instances', async shape => {
  await using driver = await TopologyTestDriver.create(topology(), shape)
  const input = driver.createInputTopic('in', texts)
  for (const timestamp of [150, 10, 250]) {
    await input.pipeRecords(keys.map(key => ({ key, value: 'x', timestamp })))
  }
  const counts = driver.keyValueStore<string, bigint>('counts')
  expect(await counts.get('c')).toBe(3n)
  expect(await counts.get('z')).toBeUndefined()
  expect(await gathered(counts.range({ from: 'b', to: 'd' }))).toEqual([
    ['b', 3n],
    ['c', 3n],
    ['d', 3n],
  ])
  expect((await gathered(counts.range({ from: 'd', reverse: true }))).map(([key]) => key)).toEqual(['f', 'e', 'd'])
  expect(await driver.storeEntries('counts')).toEqual(keys.map(key => [key, 3n]))
  expect(await counts.approximateCount()).toBe(6)
  const stamped = driver.timestampedKeyValueStore<string, bigint>('counts')
  expect(await stamped.get('a')).toEqual({ value: 3n, timestamp: 250 })

  const windows = driver.windowStore<string, bigint>('window-counts')
  expect(await windows.fetch('b', 100)).toBe(1n)
  expect(await windows.fetch('b', 0), 'came too late').toBeUndefined()
  expect(await gathered(windows.fetchRange('b', 0, 1_000))).toEqual([
    [100, 1n],
    [200, 1n],
  ])
  expect((await gathered(windows.fetchAll(200, 299))).map(([key, start]) => [key, start])).toEqual(
    keys.map(key => [key, 200]),
  )
  expect(await driver.timestampedWindowStore('window-counts').fetch('b', 100)).toEqual({ value: 1n, timestamp: 150 })
  const entries = await driver.windowStoreEntries('window-counts')
  expect(entries[0]).toEqual([{ key: 'a', window: { start: 100, end: 200 } }, 1n])
  expect(entries).toHaveLength(12)
})

it.each([1, 4])('puts what a test wants to be there, durably (%i partitions)', async partitions => {
  await using driver = await TopologyTestDriver.create(topology(), { partitions })
  const own = driver.store(notes)
  for (const key of keys) own.put(key, `note on ${key}`)
  expect(await own.putIfAbsent('a', 'other')).toBe('note on a')
  expect(await own.delete('b')).toBe('note on b')
  driver.store(marks).put('a', 'mark', 500)
  driver.keyValueStore<string, bigint>('counts').put('a', 41n)
  driver.windowStore<string, bigint>('window-counts').put('a', 7n, 300)
  await driver.createInputTopic('in', texts).pipeInput('a', 'x', { timestamp: 350 })

  await driver.removeInstance(0, { crash: true })
  await driver.addInstance()
  expect((await gathered(own.all())).map(([key]) => key)).toEqual(['a', 'c', 'd', 'e', 'f'])
  expect(await driver.store(marks).fetch('a', 500)).toBe('mark')
  expect(await driver.keyValueStore('counts').get('a')).toBe(42n)
  expect(await driver.windowStore('window-counts').fetch('a', 300)).toBe(8n)
})

it('shows the store of a table, which its topic is the changelog of', async () => {
  await using driver = await TopologyTestDriver.create(topology())
  const settings = driver.createInputTopic('settings', texts)
  await settings.pipeKeyValues([
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
    ['b', null],
  ])
  expect(await driver.storeEntries('settings-store')).toEqual([['a', '3']])
})

it('says what is asked for wrongly', async () => {
  await using driver = await TopologyTestDriver.create(topology())
  expect(() => driver.store('nothing')).toThrow(/MILLRACE_STORE_UNKNOWN/)
  expect(() => driver.keyValueStore('marks')).toThrow(/MILLRACE_DRIVER_STORE_KIND.*is a window store/)
  expect(() => driver.windowStore('counts')).toThrow(/timestamped key-value store, not a window store/)
  expect(() => driver.timestampedKeyValueStore('notes')).toThrow(/not a timestamped key-value store/)
  expect(driver.store('window-counts')).toHaveProperty('fetchRange')
})

it('lets a cached store in memory emit before a persistent one below it is written', async () => {
  const builder = new StreamsBuilder()
  builder
    .table('t', { ...texts, store: { name: 'above', type: 'memory' } })
    .mapValues(value => value.toUpperCase(), { ...texts, store: { name: 'below', type: 'persistent' } })
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('t', texts).pipeInput('a', 'x')
  expect(await driver.storeEntries('below')).toEqual([['a', 'X']])
})
