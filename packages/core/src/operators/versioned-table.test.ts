import { TopologyTestDriver } from '@millrace/testing'
import { StreamsBuilder, string, versionedStore } from '@millrace/core'
import { describe, expect, it } from 'vitest'

const STRINGS = { key: string(), value: string() }
const PRICES = { ...STRINGS, store: { name: 'prices', historyRetentionMs: 100 } }

it.each([
  ['inner', ['a: order+old']],
  ['left', ['a: order+old', 'b: order+null']],
] as const)('joins a stream with what was valid at the time of its records: %s', async (join, expected) => {
  const builder = new StreamsBuilder()
  const prices = builder.table('prices', PRICES)
  const orders = builder.stream('orders', STRINGS)
  const joiner = (order: string, price: string | null) => `${order}+${price}`
  const joined = join === 'inner' ? orders.join(prices, joiner) : orders.leftJoin(prices, joiner)
  joined.to('out', STRINGS)
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('prices', STRINGS).pipeInput('a', 'old', { timestamp: 10 })
  await driver.createInputTopic('prices', STRINGS).pipeInput('a', 'new', { timestamp: 50 })
  await driver.createInputTopic('orders', STRINGS).pipeInput('a', 'order', { timestamp: 20 })
  await driver.createInputTopic('orders', STRINGS).pipeInput('b', 'order', { timestamp: 20 })
  const records = driver.createOutputTopic('out', STRINGS).readRecordsToList()
  expect(records.map(({ key, value }) => `${key}: ${value}`)).toEqual(expected)
})

it('lets records wait for late versions, and joins at once what is later than that', async () => {
  const builder = new StreamsBuilder()
  const prices = builder.table('prices', PRICES)
  builder
    .stream('orders', STRINGS)
    .join(prices, (order, price) => `${order}+${price}`, { graceMs: 20 })
    .to('out', STRINGS)
  const plan = builder.build()
  expect(plan.stores.map(({ name }) => name)).toContain('KSTREAM-JOIN-0000000003-Buffer')
  await using driver = await TopologyTestDriver.create(plan)
  const price = driver.createInputTopic('prices', STRINGS)
  const order = driver.createInputTopic('orders', STRINGS)
  const out = driver.createOutputTopic('out', STRINGS)
  await price.pipeInput('a', 'first', { timestamp: 0 })
  await order.pipeInput('a', 'waits', { timestamp: 10 })
  expect(out.isEmpty).toBe(true)
  await price.pipeInput('a', 'corrected', { timestamp: 5 })
  await order.pipeInput('a', 'lets it go', { timestamp: 30 })
  await order.pipeInput('a', 'too late to wait', { timestamp: 7 })
  expect(out.readRecordsToList().map(({ value, timestamp }) => [value, timestamp])).toEqual([
    ['waits+corrected', 10],
    ['too late to wait+corrected', 7],
  ])
})

it('puts updates where they belong, refuses those that are too old, and hides the others from joins and groups', async () => {
  const builder = new StreamsBuilder()
  const table = builder.table('in', PRICES)
  table.toStream().to('changes', STRINGS)
  table
    .groupBy(value => [value, value], STRINGS)
    .count()
    .toStream()
    .to('counts')
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', STRINGS)
  await input.pipeInput('a', 'x', { timestamp: 200 })
  await input.pipeInput('a', 'before', { timestamp: 150 })
  await input.pipeInput('a', 'too old', { timestamp: 99 })
  const changes = driver.createOutputTopic('changes', STRINGS).readRecordsToList()
  expect(changes.map(({ value }) => value)).toEqual(['x', 'before'])
  const counted = driver.createOutputTopic('counts', STRINGS).readRecordsToList()
  expect(counted.map(({ key }) => key)).toEqual(['x'])
  const store = driver.versionedStore<string, string>('prices')
  expect(await store.get('a')).toEqual({ value: 'x', timestamp: 200 })
  expect(await store.get('a', 199)).toEqual({ value: 'before', timestamp: 150, validTo: 200 })
  expect(await store.get('a', 120)).toBeUndefined()
})

it('gives processors the versions of a key', async () => {
  const builder = new StreamsBuilder()
  const kept = versionedStore({ name: 'kept', ...STRINGS, historyRetentionMs: 1_000 })
  builder.addStateStore(kept)
  builder.stream('in', STRINGS).process<string, string>(
    () => {
      let store!: NonNullable<(typeof kept)['store']>
      return {
        init: context => {
          store = context.store(kept)
        },
        process: async ({ key, value, timestamp }) => {
          await store.put(key, value, timestamp)
        },
      }
    },
    { stores: ['kept'] },
  )
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', STRINGS)
  for (const [value, timestamp] of [
    ['a', 10],
    ['c', 30],
    ['b', 20],
    [null, 40],
  ] as const) {
    await input.pipeInput('k', value, { timestamp })
  }
  const store = driver.store(kept)
  const read = async (within: object) => {
    const found: unknown[] = []
    for await (const { value } of store.versions('k', within)) found.push(value)
    return found
  }
  expect(await read({})).toEqual(['a', 'b', 'c'])
  expect(await read({ from: 25, to: 35, reverse: true })).toEqual(['c', 'b'])
  expect(await store.get('k')).toBeUndefined()
  expect(await store.delete('k', 15)).toEqual({ value: 'a', timestamp: 10, validTo: 20 })
  expect(await store.get('k', 17)).toBeUndefined()
})

it.each([
  ['an unversioned table', { store: 'plain' }, 20],
  ['a history shorter than that', { store: { name: 'prices', historyRetentionMs: 10 } }, 20],
  ['a negative time', { store: { name: 'prices', historyRetentionMs: 10 } }, -1],
])('refuses graceMs with %s', (_what, options, graceMs) => {
  const builder = new StreamsBuilder()
  const table = builder.table('t', { ...STRINGS, ...options })
  expect(() => builder.stream('s', STRINGS).join(table, value => value, { graceMs })).toThrow(
    expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID' }),
  )
})

it('refuses to suppress a versioned table, and versions without a name for the store', () => {
  const invalid = expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID' })
  const table = new StreamsBuilder().table('t', PRICES)
  expect(() => table.filter(() => true).suppress({ until: 'time-limit', waitMs: 1 })).toThrow(invalid)
  expect(() => new StreamsBuilder().table('t', { ...STRINGS, store: { historyRetentionMs: 1 } })).toThrow(invalid)
})

describe.each(['its disk', 'another disk'])('what waits in a join is there again after a restart, on %s', disk => {
  const plan = () => {
    const builder = new StreamsBuilder()
    const prices = builder.table('prices', PRICES)
    builder
      .stream('orders', STRINGS)
      .join(prices, (order, price) => `${order}+${price}`, { graceMs: 20 })
      .to('out', STRINGS)
    return builder.build()
  }

  it.each([
    ['crashes', 'exactly_once', true],
    ['crashes', 'at_least_once', true],
    ['ends', 'exactly_once', false],
    ['ends', 'at_least_once', false],
  ] as const)('the instance %s, %s', async (_how, processingGuarantee, crash) => {
    await using driver = await TopologyTestDriver.create(plan(), { processingGuarantee, commitEachRecord: false })
    const price = driver.createInputTopic('prices', STRINGS)
    const order = driver.createInputTopic('orders', STRINGS)
    const out = driver.createOutputTopic('out', STRINGS)
    const header = [{ key: 'id', value: Buffer.from('7') }]
    await price.pipeInput('a', 'first', { timestamp: 0 })
    await order.pipeInput('a', 'waits', { timestamp: 10, headers: header })
    await order.pipeInput('b', 'finds nothing', { timestamp: 11 })
    await order.pipeInput('a', 'waits too', { timestamp: 15 })
    await driver.commit()
    // These two the next owner has to process, or to process again.
    await price.pipeInput('a', 'corrected', { timestamp: 12 })
    await order.pipeInput('a', 'waits as well', { timestamp: 16 })
    await driver.removeInstance(0, { crash })
    await driver.addInstance(disk === 'its disk' ? { stateOf: 0 } : {})
    await driver.commit()
    expect(out.isEmpty).toBe(true)
    await order.pipeInput('a', 'lets them go', { timestamp: 40 })
    await driver.commit()
    const found = out.readRecordsToList()
    expect(found.map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual([
      ['a', 'waits+first', 10],
      ['a', 'waits too+corrected', 15],
      ['a', 'waits as well+corrected', 16],
    ])
    expect(found[0]?.headers.map(({ key, value }) => [key, String(value)])).toEqual([['id', '7']])
  })
})
