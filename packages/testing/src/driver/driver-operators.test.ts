import {
  int,
  json,
  type KeyValueStore,
  keyValueStore,
  long,
  type Plan,
  type Processor,
  type ProcessorContext,
  StreamsBuilder,
  string,
  timeWindowed,
  tumbling,
} from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }

function wordCount(): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('lines', texts)
    .flatMapValues(line => line.split(' '))
    .groupBy(word => word, { key: string(), value: string() })
    .count({ store: 'counts' })
    .toStream()
    .to('word-counts', { key: string(), value: long() })
  return builder.build()
}

it('gives each update of a count by itself, though counts are cached', async () => {
  await using driver = await TopologyTestDriver.create(wordCount())
  const lines = driver.createInputTopic('lines', texts)
  const counts = driver.createOutputTopic('word-counts', { key: string(), value: long() })
  await lines.pipeInput('to be or not to be')
  expect(counts.readKeyValuesToList()).toEqual([
    ['to', 1n],
    ['be', 1n],
    ['or', 1n],
    ['not', 1n],
    ['to', 2n],
    ['be', 2n],
  ])
  await lines.pipeInput('be')
  expect(counts.readKeyValue()).toEqual(['be', 3n])
  expect(counts.isEmpty).toBe(true)
})

it('counts windows, and drops what comes after their grace', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('views', texts)
    .groupByKey()
    .windowedBy(tumbling({ sizeMs: 60_000, graceMs: 10_000 }))
    .count({ store: 'per-minute' })
    .toStream()
    .to('views-per-minute', { key: timeWindowed(string(), { sizeMs: 60_000 }), value: long() })
  await using driver = await TopologyTestDriver.create(builder.build())
  const views = driver.createInputTopic('views', texts)
  const counts = driver.createOutputTopic('views-per-minute', {
    key: timeWindowed(string(), { sizeMs: 60_000 }),
    value: long(),
  })
  const view = (timestamp: number) => views.pipeInput('home', 'x', { timestamp })
  const window = (start: number) => ({ key: 'home', window: { start, end: start + 60_000 } })

  await view(1_000)
  await view(59_999)
  await view(60_000)
  await view(2_000) // late, but within the grace
  expect(counts.readRecordsToList().map(({ key, value, timestamp }) => [key, value, timestamp])).toEqual([
    [window(0), 1n, 1_000],
    [window(0), 2n, 59_999],
    [window(60_000), 1n, 60_000],
    [window(0), 3n, 59_999],
  ])
  await view(70_000) // the grace of the first window is over at this instant
  await view(3_000)
  expect(counts.readKeyValuesToList()).toEqual([[window(60_000), 2n]])
  expect(driver.metrics()).toContainEqual(
    expect.objectContaining({ name: 'dropped-records', tags: expect.objectContaining({ reason: 'late' }), value: 1 }),
  )
  expect(await driver.windowStoreEntries('per-minute')).toEqual([
    [window(0), 3n],
    [window(60_000), 2n],
  ])
})

it('joins a stream with a table as it is at that moment', async () => {
  const builder = new StreamsBuilder()
  const customers = builder.table('customers', texts)
  builder
    .stream('orders', texts)
    .leftJoin(customers, (order, customer) => `${order} for ${customer}`)
    .to('enriched', texts)
  await using driver = await TopologyTestDriver.create(builder.build(), { partitions: 3 })
  const orders = driver.createInputTopic('orders', texts)
  const people = driver.createInputTopic('customers', texts)
  const enriched = driver.createOutputTopic('enriched', texts)
  await orders.pipeInput('7', 'tea')
  await people.pipeInput('7', 'Ada')
  await orders.pipeInput('7', 'cake')
  await people.pipeInput('7', 'Ada L.')
  await people.pipeInput('8', 'Bob')
  await orders.pipeInput('7', 'milk')
  await people.pipeInput('7', null)
  await orders.pipeInput('7', 'salt')
  expect(enriched.readValuesToList()).toEqual(['tea for null', 'cake for Ada', 'milk for Ada L.', 'salt for null'])
})

it('finds topics that are not co-partitioned when it is created', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('orders', texts)
    .join(builder.table('customers', texts), order => order)
    .to('enriched', texts)
  const made = TopologyTestDriver.create(builder.build(), { partitions: { orders: 4, customers: 3 } })
  await expect(made).rejects.toMatchObject({ code: 'MILLRACE_TOPIC_NOT_COPARTITIONED' })
})

/** Keeps the last value of each key and how often it came, tells the counts each 10 s of either time. */
function lastSeen(calls: string[]): Plan {
  const seen = keyValueStore({ name: 'seen', key: string(), value: int() })
  const builder = new StreamsBuilder()
  builder.addStateStore(seen)
  const supplier = (): Processor<string, string, string, string> => {
    let context: ProcessorContext<string, string>
    let store: KeyValueStore<string, number>
    return {
      init(given) {
        context = given
        store = context.store(seen)
        const tell = (type: string) => async (timestamp: number) => {
          for await (const [key, times] of store.all()) {
            await context.forward({ key, value: `${type} ${timestamp} ${times}`, timestamp })
          }
        }
        context.schedule(10_000, 'stream-time', tell('stream'))
        context.schedule(10_000, 'wall-clock', tell('wall'))
      },
      async process({ key, value }) {
        calls.push(value)
        store.put(key, ((await store.get(key)) ?? 0) + 1)
      },
      close() {
        calls.push('closed')
      },
    }
  }
  builder
    .stream('in', texts)
    .process(supplier, { stores: ['seen'] })
    .to('out', texts)
  return builder.build()
}

it('runs processors with stores, and punctuations by stream time and wall clock', async () => {
  const calls: string[] = []
  const driver = await TopologyTestDriver.create(lastSeen(calls), { initialWallClockMs: 1_000_000 })
  const input = driver.createInputTopic('in', { ...texts, startMs: 0, autoAdvanceMs: 4_000 })
  const output = driver.createOutputTopic('out', texts)
  await input.pipeKeyValues([
    ['a', '1'],
    ['a', '2'],
    ['b', '3'],
  ])
  // Stream time begins at 0, where the first call is due.
  expect(output.readKeyValuesToList()).toEqual([['a', 'stream 0 1']])
  await input.pipeInput('b', '4')
  expect(output.readKeyValuesToList()).toEqual([
    ['a', 'stream 12000 2'],
    ['b', 'stream 12000 2'],
  ])
  await driver.advanceWallClock(9_999)
  expect(output.isEmpty).toBe(true)
  await driver.advanceWallClock(1)
  expect(output.readRecordsToList()).toMatchObject([
    { key: 'a', value: 'wall 1010000 2', timestamp: 1_010_000 },
    { key: 'b', value: 'wall 1010000 2', timestamp: 1_010_000 },
  ])
  // Calls missed while time jumped are made up for by one.
  await driver.advanceWallClock(35_000)
  expect(output.readKeyValuesToList()).toEqual([
    ['a', 'wall 1045000 2'],
    ['b', 'wall 1045000 2'],
  ])
  expect(await driver.storeEntries('seen')).toEqual([
    ['a', 2],
    ['b', 2],
  ])
  await driver.close()
  expect(calls).toEqual(['1', '2', '3', '4', 'closed'])
})

it('awaits user functions in order', async () => {
  const order: string[] = []
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .mapValues(async value => {
      order.push(`begin ${value}`)
      await new Promise(resolve => setTimeout(resolve, value === 'slow' ? 15 : 0))
      order.push(`end ${value}`)
      return value.toUpperCase()
    })
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build(), { initialWallClockMs: 5 })
  const input = driver.createInputTopic('in', texts)
  await input.pipeValues(['slow', 'fast'], { commit: 'once' })
  expect(order).toEqual(['begin slow', 'end slow', 'begin fast', 'end fast'])
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['SLOW', 'FAST'])
  expect(driver.wallClockMs, 'real waiting moves no clock').toBe(5)
})

it('keeps the old value the old value, though the aggregator changes it in place', async () => {
  const totals = json<{ items: string[] }>()
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .aggregate(
      () => ({ items: [] as string[] }),
      (aggregate, value) => {
        aggregate.items.push(value)
        return value === 'drop' ? null : aggregate
      },
      { value: totals, store: 'baskets' },
    )
    .filter(basket => basket.items.length % 2 === 0)
    .toStream()
    .to('even-baskets')
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('even-baskets', { key: string(), value: totals })
  await input.pipeKeyValues([
    ['a', 'x'],
    ['a', 'y'],
    ['a', 'z'],
    ['a', 'w'],
    ['a', 'drop'],
    ['a', 'v'],
  ])
  // A row that no longer passes is deleted, one that neither did nor does is not told of: by the old value, so to speak.
  expect(output.readValuesToList()).toEqual([{ items: ['x', 'y'] }, null, { items: ['x', 'y', 'z', 'w'] }, null])
  expect(await driver.storeEntries('baskets')).toEqual([['a', { items: ['v'] }]])
  const changelog = driver.createOutputTopic('topology-test-driver-baskets-changelog', { key: string(), value: totals })
  expect(changelog.readValuesToList().map(value => value?.items.join('') ?? null)).toEqual([
    'x',
    'xy',
    'xyz',
    'xyzw',
    null,
    'v',
  ])
})

it('passes headers on, and lets processors add some', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .mapValues(value => `${value}!`)
    .process((): Processor<string, string> => {
      let context: ProcessorContext<string, string>
      return {
        init(given) {
          context = given
        },
        process: ({ key, value, headers }) =>
          context.forward({ key, value, headers: [...headers, { key: 'by', value: Buffer.from('test') }] }),
      }
    })
    .repartition(texts)
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  const trace = { key: 'trace', value: Buffer.from('1') }
  await driver.createInputTopic('in', texts).pipeInput('k', 'v', { headers: [trace, { key: 'empty', value: null }] })
  const { value, headers } = driver.createOutputTopic('out', texts).readRecord()
  expect(value).toBe('v!')
  expect(headers.map(({ key, value }) => [key, value?.toString() ?? null])).toEqual([
    ['trace', '1'],
    ['empty', null],
    ['by', 'test'],
  ])
})
