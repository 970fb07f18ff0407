import {
  deviceTime,
  fromPayload,
  json,
  type MillraceError,
  StreamsBuilder,
  string,
  tumbling,
  usePartitionTimeOnInvalid,
  type BadTimestampPolicy,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const byText = (a: string | null, b: string | null) => String(a).localeCompare(String(b))
const texts = { key: string(), value: string() }

describe('topics read by pattern', () => {
  function copyOrders() {
    const builder = new StreamsBuilder()
    builder.stream(/orders-.+/, texts).to('all')
    return builder.build()
  }

  it('are found when they are made, whatever else runs meanwhile', async () => {
    await using driver = await TopologyTestDriver.create(copyOrders(), { partitions: 2, instances: 2 })
    const all = driver.createOutputTopic('all', texts)
    await driver.createInputTopic('orders-eu', texts).pipeInput('a', '1', { partition: 0 })
    await driver.createInputTopic('orders-us', texts).pipeInput('b', '2', { partition: 1 })
    await driver.createInputTopic('orders-eu', texts).pipeInput('c', '3', { partition: 1 })
    expect(all.readValuesToList().toSorted(byText)).toEqual(['1', '2', '3'])
    expect(driver.tasks().map(({ id }) => id)).toEqual(['0_0', '0_1'])
  })

  it('are found by themselves within the refresh interval', async () => {
    await using driver = await TopologyTestDriver.create(copyOrders(), { metadataRefreshMs: 60_000 })
    driver.cluster.createTopic({ name: 'orders-eu', partitions: 1 })
    const input = driver.createInputTopic('orders-eu', texts)
    const all = driver.createOutputTopic('all', texts)
    await input.pipeInput('a', '1')
    await driver.advanceWallClock(59_999)
    expect(all.isEmpty).toBe(true)
    await driver.advanceWallClock(1)
    expect(all.readValuesToList()).toEqual(['1'])
  })

  it('feed the state and the repartition topics of what is read already', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(/in-.*/, texts)
      .groupBy(value => value, texts)
      .count({ store: 'counts' })
    await using driver = await TopologyTestDriver.create(builder.build())
    expect(driver.tasks()).toEqual([])
    for (const topic of ['in-a', 'in-b', 'in-a']) await driver.createInputTopic(topic, texts).pipeInput('k', 'word')
    expect(await driver.storeEntries('counts')).toEqual([['word', 3n]])
  })

  it('are unknown where nothing matches', async () => {
    await using driver = await TopologyTestDriver.create(copyOrders())
    expect(() => driver.createInputTopic('bills-eu', texts)).toThrowError(
      expect.objectContaining({ code: 'MILLRACE_TOPIC_MISSING' }),
    )
  })
})

it('reads a table from several topics', async () => {
  const builder = new StreamsBuilder()
  builder.table(['people', 'robots'], { ...texts, store: 'names' })
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('people', texts).pipeInput('1', 'Ada')
  await driver.createInputTopic('robots', texts).pipeInput('2', 'Marvin')
  expect(await driver.storeEntries('names')).toEqual([
    ['1', 'Ada'],
    ['2', 'Marvin'],
  ])
})

describe('a record with a bad timestamp', () => {
  interface Event {
    readonly at?: number
  }
  const events = { key: string(), value: json<Event>() }

  async function timesWith(ofSource: BadTimestampPolicy | undefined, ofApplication: BadTimestampPolicy | undefined) {
    const builder = new StreamsBuilder()
    const timestampExtractor = fromPayload((event: Event) => event.at)
    builder
      .stream('in', { ...events, timestampExtractor, ...(ofSource === undefined ? {} : { onBadTimestamp: ofSource }) })
      .to('out')
    const options = ofApplication === undefined ? {} : { onBadTimestamp: ofApplication }
    const driver = await TopologyTestDriver.create(builder.build(), options)
    const input = driver.createInputTopic('in', events)
    const failures: string[] = []
    for (const event of [{}, { at: 10 }, {}, { at: 5 }]) {
      await input.pipeInput('k', event).catch((error: MillraceError) => failures.push(error.code))
    }
    const times = driver
      .createOutputTopic('out', events)
      .readRecordsToList()
      .map(({ timestamp }) => timestamp)
    await driver.close()
    return { times, failures }
  }

  it.each([
    ['skip', undefined],
    [undefined, 'skip'],
    ['skip', 'fail'],
  ] as const)('is left out (source: %s, application: %s)', async (ofSource, ofApplication) => {
    expect(await timesWith(ofSource, ofApplication)).toEqual({ times: [10, 5], failures: [] })
  })

  it.each([
    ['fail', undefined],
    [undefined, undefined],
    ['fail', 'skip'],
  ] as const)('ends the application (source: %s, application: %s)', async (ofSource, ofApplication) => {
    const { times, failures } = await timesWith(ofSource, ofApplication)
    expect(times).toEqual([])
    expect(new Set(failures)).toEqual(new Set(['MILLRACE_PROCESSING_FAILED']))
  })

  it('gets the time of its partition, once that has one', async () => {
    const builder = new StreamsBuilder()
    const timestampExtractor = fromPayload((event: Event) => event.at)
    builder.stream('in', { ...events, timestampExtractor, onBadTimestamp: 'partition-time' }).to('out')
    await using driver = await TopologyTestDriver.create(builder.build(), { onBadRecord: 'continue' })
    await driver.createInputTopic('in', events).pipeValues([{}, { at: 10 }, {}, { at: 5 }, {}])
    const times = driver
      .createOutputTopic('out', events)
      .readRecordsToList()
      .map(({ timestamp }) => timestamp)
    expect(times).toEqual([10, 10, 5, 10])
  })

  it('is fixed by an extractor that takes the time of the partition', async () => {
    const builder = new StreamsBuilder()
    const timestampExtractor = usePartitionTimeOnInvalid(fromPayload((event: Event) => event.at))
    builder.stream('in', { ...events, timestampExtractor }).to('out')
    await using driver = await TopologyTestDriver.create(builder.build())
    await driver.createInputTopic('in', events).pipeValues([{ at: 10 }, {}])
    const times = driver
      .createOutputTopic('out', events)
      .readRecordsToList()
      .map(({ timestamp }) => timestamp)
    expect(times).toEqual([10, 10])
  })
})

it.each([
  ['a fraction of a millisecond', 10.75, 10],
  ['no end', Number.POSITIVE_INFINITY, undefined],
  ['more than a number holds', 2 ** 60, undefined],
])('takes no time from an extractor that is no time: %s', async (_what, given, taken) => {
  const builder = new StreamsBuilder()
  const timestampExtractor = () => given
  builder.stream('in', { ...texts, timestampExtractor, onBadTimestamp: 'skip' }).to('out')
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('in', texts).pipeInput('k', 'v')
  const times = driver.createOutputTopic('out', texts).readRecordsToList()
  expect(times.map(({ timestamp }) => timestamp)).toEqual(taken === undefined ? [] : [taken])
})

it('counts what devices with wrong clocks report in the windows in which it happened', async () => {
  interface Reading {
    readonly takenAt?: number
    readonly sentAt: number
  }
  const readings = { key: string(), value: json<Reading>() }
  const timestampExtractor = deviceTime((reading: Reading) => ({ event: reading.takenAt, sent: reading.sentAt }))
  const builder = new StreamsBuilder()
  builder
    .stream('readings', { ...readings, timestampExtractor })
    .groupByKey()
    .windowedBy(tumbling({ sizeMs: 60_000, graceMs: 3_600_000 }))
    .count({ store: 'per-minute' })
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('readings', readings)
  const hour = 3_600_000
  // Received at 1:00:30. One was taken ten minutes before it was sent, by a clock of 1970; one by a clock that is years ahead.
  await input.pipeInput('behind', { takenAt: 5_000, sentAt: 605_000 }, { timestamp: hour + 30_000 })
  await input.pipeInput('ahead', { takenAt: 9e12, sentAt: 9e12 + 1_000 }, { timestamp: hour + 30_000 })
  await input.pipeInput('none', { sentAt: 9e12 }, { timestamp: hour + 30_000 })
  const counted = (await driver.windowStoreEntries('per-minute')).map(([{ key, window }]) => [key, window.start])
  expect(counted).toEqual([
    ['behind', hour - 600_000],
    ['ahead', hour],
    ['none', hour],
  ])
})
