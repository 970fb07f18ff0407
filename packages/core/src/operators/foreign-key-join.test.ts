import { TopologyTestDriver } from '@millrace/testing'
import { bytes, long, type Plan, StreamsBuilder, string } from '@millrace/core'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }

/** An order is `customer:thing`; one that begins with a colon is nobody's. */
function planOf(join: 'join' | 'leftJoin', caching: boolean): Plan {
  const builder = new StreamsBuilder()
  const orders = builder.table('orders', { ...texts, store: { caching } })
  const customers = builder.table('customers', { ...texts, store: { caching } })
  const customerOf = (order: string) => order.split(':', 1)[0] || null
  const both = (order: string, customer: string | null) => `${order} for ${customer}`
  const options = { name: 'enrich', ...texts, store: { caching } }
  const enriched =
    join === 'join'
      ? orders.join(customers, customerOf, both, options)
      : orders.leftJoin(customers, customerOf, both, options)
  enriched.toStream().to('out', texts)
  return builder.build()
}

const INPUTS = [
  ['orders', '1', 'ada:tea', 10],
  ['customers', 'ada', 'Ada', 20],
  ['orders', '2', 'ada:cake', 5],
  ['customers', 'ada', 'Ada L.', 15],
  ['orders', '1', 'bob:tea', 30],
  ['orders', '2', ':cake', 31],
  ['customers', 'bob', 'Bob', 32],
  ['customers', 'bob', null, 33],
  ['orders', '1', null, 34],
  ['orders', '9', null, 35],
] as const

async function run(plan: Plan, partitions: Readonly<Record<string, number>>) {
  await using driver = await TopologyTestDriver.create(plan, { partitions })
  const output = driver.createOutputTopic('out', texts)
  const results: string[][] = []
  for (const [topic, key, value, timestamp] of INPUTS) {
    await driver.createInputTopic(topic, texts).pipeInput(key, value, { timestamp })
    results.push(output.readRecordsToList().map(record => `${record.key}:${record.value}@${record.timestamp}`))
  }
  return results
}

describe.each([
  ['one partition each', {}],
  ['partitions that do not match', { orders: 3, customers: 2 }],
])('a join by foreign key, %s', (_what, partitions) => {
  it.each([true, false])('follows both tables, caching %s', async caching => {
    expect(await run(planOf('join', caching), partitions)).toEqual([
      [],
      ['1:ada:tea for Ada@20'],
      ['2:ada:cake for Ada@20'],
      ['1:ada:tea for Ada L.@15', '2:ada:cake for Ada L.@15'],
      ['1:null@30'],
      ['2:null@31'],
      ['1:bob:tea for Bob@32'],
      ['1:null@33'],
      ['1:null@34'],
      [],
    ])
  })

  it('keeps all rows of the left as a left join', async () => {
    expect(await run(planOf('leftJoin', false), partitions)).toEqual([
      ['1:ada:tea for null@10'],
      ['1:ada:tea for Ada@20'],
      ['2:ada:cake for Ada@20'],
      ['1:ada:tea for Ada L.@15', '2:ada:cake for Ada L.@15'],
      ['1:bob:tea for null@30'],
      ['2::cake for null@31'],
      ['1:bob:tea for Bob@32'],
      ['1:bob:tea for null@33'],
      ['1:null@34'],
      [],
    ])
  })
})

it('writes subscriptions and answers in the bytes of Kafka Streams', async () => {
  const builder = new StreamsBuilder()
  const orders = builder.table('orders', { key: string(), value: long() })
  const customers = builder.table('customers', { key: long(), value: string() })
  orders
    .join(
      customers,
      value => value,
      (order, customer) => `${order} ${customer}`,
      { name: 'enrich' },
    )
    .toStream()
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build(), { applicationId: 'app' })
  await driver.createInputTopic('customers', { key: long(), value: string() }).pipeInput(1n, 'Ada')
  await driver.createInputTopic('orders', { key: string(), value: long() }).pipeInput('a', 1n)
  const hex = (topic: string) =>
    driver
      .createOutputTopic(topic, { key: bytes(), value: bytes() })
      .readKeyValuesToList()
      .map(pair => pair.map(given => Buffer.from(given as Uint8Array).toString('hex')))
  const hash = HASH_OF_ONE
  expect(hex('app-enrich-subscription-registration-topic')).toEqual([['0000000000000001', `0103${hash}6100000000`]])
  expect(hex('app-enrich-subscription-store-changelog')).toEqual([
    ['00000008000000000000000161', `0103${hash}6100000000`],
  ])
  expect(hex('app-enrich-subscription-response-topic')).toEqual([['61', `00${hash}416461`]])
})

/** Murmur3 of the eight bytes of 1, as Kafka Streams 4.3.1 gives it. */
const HASH_OF_ONE = 'ddbc429416f80104974410b3f05834f7'

it('uses the partitioners of tables that are not partitioned by murmur2', async () => {
  const byFirstLetter = (key: string | null, { partitions }: { readonly partitions: number }) =>
    key === null ? 0 : key.charCodeAt(0) % partitions
  const builder = new StreamsBuilder()
  builder
    .table('orders', texts)
    .leftJoin(
      builder.table('customers', texts),
      order => order || null,
      (_order, customer) => `${customer}`,
      {
        name: 'enrich',
        partitioner: byFirstLetter,
        otherPartitioner: byFirstLetter,
      },
    )
    .toStream()
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build(), { partitions: { orders: 4, customers: 5 } })
  const pipe = (topic: string, partitions: number, key: string, value: string) =>
    driver.createInputTopic(topic, texts).pipeInput(key, value, { partition: byFirstLetter(key, { partitions }) })
  const keys = ['a', 'b', 'c', 'd', 'e', 'f']
  for (const key of keys) await pipe('customers', 5, key, key.toUpperCase())
  for (const key of keys) await pipe('orders', 4, key, key)
  await pipe('orders', 4, 'x', '')
  const joined = driver.createOutputTopic('out', texts).readKeyValuesToMap()
  expect(joined).toEqual(new Map([...keys.map(key => [key, key.toUpperCase()] as const), ['x', 'null']]))
})

it.each([true, false])('knows after a restart who subscribes to what, crash %s', async crash => {
  await using driver = await TopologyTestDriver.create(planOf('join', false), {
    partitions: { orders: 2, customers: 3 },
  })
  await driver.createInputTopic('orders', texts).pipeInput('1', 'ada:tea', { timestamp: 1 })
  await driver.createInputTopic('orders', texts).pipeInput('2', 'ada:cake', { timestamp: 2 })
  await driver.removeInstance(0, { crash })
  await driver.addInstance()
  await driver.createInputTopic('customers', texts).pipeInput('ada', 'Ada', { timestamp: 3 })
  expect(driver.createOutputTopic('out', texts).readKeyValuesToMap()).toEqual(
    new Map([
      ['1', 'ada:tea for Ada'],
      ['2', 'ada:cake for Ada'],
    ]),
  )
})
