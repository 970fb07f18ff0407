import { TopologyTestDriver } from '@millrace/testing'
import { sessions, sessionWindowed, StreamsBuilder, string, timeWindowed, tumbling } from '@millrace/core'
import { expect, it } from 'vitest'

const texts = { key: string(), value: string() }
const kept = { value: string(), store: 'kept' }

function cogrouped() {
  const builder = new StreamsBuilder()
  const orders = builder.stream('orders', texts).groupByKey()
  const payments = builder
    .stream('payments', texts)
    .groupBy(payment => payment.slice(0, 1), { ...texts, name: 'by-account' })
  const both = orders
    .cogroup<string>((account, order) => (order === 'close' ? null : `${account}+${order}`))
    .cogroup(payments, (account, payment) => `${account}-${payment.slice(1)}`)
  return { builder, both }
}

async function pipe(driver: TopologyTestDriver, records: readonly (readonly [string, string, string, number])[]) {
  for (const [topic, key, value, timestamp] of records) {
    await driver.createInputTopic(topic, texts).pipeInput(key, value, { timestamp })
  }
}

it('aggregates several streams into one table', async () => {
  const { builder, both } = cogrouped()
  both
    .aggregate(() => '0', kept)
    .toStream()
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build(), { partitions: 2 })
  await pipe(driver, [
    ['orders', 'a', '10', 1],
    ['payments', 'somebody', 'a5', 2],
    ['payments', 'somebody', 'b7', 3],
    ['orders', 'a', 'close', 4],
    ['orders', 'a', '1', 5],
  ])
  const given = driver.createOutputTopic('out', texts).readRecordsToList()
  expect(given.filter(({ key }) => key === 'a').map(({ value, timestamp }) => [value, timestamp])).toEqual([
    ['0+10', 1],
    ['0+10-5', 2],
    [null, 4],
    ['0+1', 5],
  ])
  expect(await driver.storeEntries('kept')).toEqual([
    ['a', '0+1'],
    ['b', '0-7'],
  ])
})

it('needs one repartition topic for however many aggregates there are of it', () => {
  const { builder, both } = cogrouped()
  both.aggregate(() => '', { ...kept, store: 'all' })
  both.windowedBy(tumbling({ sizeMs: 10, graceMs: 10 })).aggregate(() => '', { ...kept, store: 'by-window' })
  expect(builder.build().repartitionTopics.map(({ name }) => name)).toEqual(['by-account-repartition'])
})

it('does so for each window, and for each session', async () => {
  const windows = cogrouped()
  const key = timeWindowed(string(), { sizeMs: 10 })
  const byWindow = windows.both.windowedBy(tumbling({ sizeMs: 10, graceMs: 10 })).aggregate(() => '', kept)
  byWindow.toStream().to('out', { key, value: string() })
  const records = [
    ['orders', 'a', '1', 1],
    ['payments', 'x', 'a2', 8],
    ['orders', 'a', '3', 14],
  ] as const
  await using driver = await TopologyTestDriver.create(windows.builder.build())
  await pipe(driver, records)
  expect(await driver.windowStoreEntries('kept')).toEqual([
    [{ key: 'a', window: { start: 0, end: 10 } }, '+1-2'],
    [{ key: 'a', window: { start: 10, end: 20 } }, '+3'],
  ])

  const activity = cogrouped()
  const bySession = activity.both.windowedBy(sessions({ inactivityGapMs: 7, graceMs: 0 })).aggregate(
    () => '',
    (one, other) => one + other,
    kept,
  )
  bySession.toStream().to('out', { key: sessionWindowed(string()), value: string() })
  await using second = await TopologyTestDriver.create(activity.builder.build())
  await pipe(second, records)
  expect(await second.sessionStoreEntries('kept')).toEqual([[{ key: 'a', window: { start: 1, end: 14 } }, '+1-2+3']])
})
