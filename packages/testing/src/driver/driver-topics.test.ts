import { json, long, type Plan, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }

function upperCase(): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .mapValues(value => value?.toUpperCase() ?? null)
    .to('out', { value: string() })
  return builder.build()
}

it('stamps records with the time of the input topic', async () => {
  await using driver = await TopologyTestDriver.create(upperCase(), { initialWallClockMs: 500 })
  const input = driver.createInputTopic('in', { ...texts, startMs: 1_000, autoAdvanceMs: 10 })
  const fromNow = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', texts)
  await input.pipeValues(['a', 'b'])
  await input.pipeInput(null, 'c', { timestamp: 7 })
  input.advanceTime(5_000)
  await input.pipeInput('k', null)
  await fromNow.pipeInput('d')
  expect(output.readRecordsToList()).toMatchObject([
    { key: null, value: 'A', timestamp: 1_000 },
    { key: null, value: 'B', timestamp: 1_010 },
    { key: null, value: 'C', timestamp: 7 },
    { key: 'k', value: null, timestamp: 6_020 },
    { key: null, value: 'D', timestamp: 500 },
  ])
})

it('puts keys into the partitions that Kafka would, and others in turn', async () => {
  await using driver = await TopologyTestDriver.create(upperCase(), { partitions: { in: 3, out: 3 } })
  const input = driver.createInputTopic('in', texts)
  await input.pipeKeyValues([
    ['21', 'x'],
    ['abc', 'x'],
    [null, 'x'],
    [null, 'x'],
    [null, 'x'],
  ])
  await input.pipeInput('21', 'forced', { partition: 2 })
  const partitionsIn = (topic: string) =>
    driver
      .createOutputTopic(topic, texts)
      .readRecordsToList()
      .map(({ key, value, partition }) => [key, value, partition])
      .sort(([keyA, valueA, partitionA], [keyB, valueB, partitionB]) =>
        `${keyA ?? ''} ${valueA} ${partitionA}` < `${keyB ?? ''} ${valueB} ${partitionB}` ? -1 : 1,
      )
  // By kafka-clients: murmur2 is -973932308 for "21" and 479470107 for "abc".
  expect(partitionsIn('in')).toEqual([
    [null, 'x', 0],
    [null, 'x', 1],
    [null, 'x', 2],
    ['21', 'forced', 2],
    ['21', 'x', (-973932308 & 0x7fffffff) % 3],
    ['abc', 'x', 479470107 % 3],
  ])
  expect(
    partitionsIn('out')
      .filter(([key]) => key === '21')
      .map(([, , partition]) => partition),
  ).toEqual([0, 0])
  expect(driver.tasks().map(({ id }) => id)).toEqual(['0_0', '0_1', '0_2'])
})

it('reads each topic by its real name, and says which ones were written', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupBy(value => value, { key: string() })
    .count({ store: 'counts' })
    .toStream()
    .to('out', { value: long() })
  await using driver = await TopologyTestDriver.create(builder.build(), { applicationId: 'app' })
  expect(driver.producedTopicNames()).toEqual([])
  await driver.createInputTopic('in', texts).pipeInput('k', 'v')
  expect(driver.producedTopicNames()).toEqual(['app-counts-changelog', 'app-counts-repartition', 'out'])
  expect(driver.createOutputTopic('app-counts-repartition', texts).readKeyValue()).toEqual(['v', 'v'])
  const counts = { key: string(), value: long() }
  expect(driver.createOutputTopic('app-counts-changelog', counts).readKeyValue()).toEqual(['v', 1n])
})

it('makes topics that a sink chooses record by record', async () => {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to(value => `to-${value}`)
  await using driver = await TopologyTestDriver.create(builder.build(), { partitions: 2 })
  await driver.createInputTopic('in', texts).pipeInput('k', 'left')
  expect(driver.createOutputTopic('to-left', texts).readKeyValuesToList()).toEqual([['k', 'left']])
  expect(driver.producedTopicNames()).toEqual(['to-left'])
})

it('lets the topology read what it writes', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('numbers', texts)
    .filter(value => Number(value) > 0)
    .mapValues(value => String(Number(value) - 1))
    .to('numbers', { value: string() })
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('numbers', texts).pipeInput('n', '3')
  expect(driver.createOutputTopic('numbers', texts).readValuesToList()).toEqual(['3', '2', '1', '0'])
})

it('reads in every way that Java offers', async () => {
  await using driver = await TopologyTestDriver.create(upperCase())
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', texts)
  await input.pipeRecords([
    { key: 'a', value: 'x' },
    { key: 'a', value: 'y' },
    { key: 'b', value: 'z' },
  ])
  expect(output.queueSize).toBe(3)
  expect(output.readKeyValuesToMap()).toEqual(
    new Map([
      ['a', 'Y'],
      ['b', 'Z'],
    ]),
  )
  expect(output.isEmpty).toBe(true)
  expect(() => output.readValue()).toThrow(/MILLRACE_DRIVER_NO_RECORD.*"out"/)
  await input.pipeInput('without a key')
  expect(() => output.readKeyValuesToMap()).toThrow(/MILLRACE_DRIVER_KEY_MISSING/)
  const again = driver.createOutputTopic('out', texts)
  expect(again.readValuesToList(), 'each reads for itself').toEqual(['X', 'Y', 'Z', 'WITHOUT A KEY'])
})

it('refuses an input topic that is not there, and values that do not encode', async () => {
  await using driver = await TopologyTestDriver.create(upperCase())
  expect(() => driver.createInputTopic('other', texts)).toThrow(/MILLRACE_TOPIC_MISSING.*"other"/)
  const input = driver.createInputTopic('in', { key: string(), value: json() })
  await expect(input.pipeInput('k', () => 1)).rejects.toMatchObject({ code: 'MILLRACE_SERDE_ENCODE' })
  await input.pipeInput('k', 'fine')
  expect(driver.createOutputTopic('out', texts).readValuesToList()).toEqual(['"FINE"'])
})

it.each(['at_most_once', 'at_least_once', 'exactly_once'] as const)(
  'shows the same records under %s',
  async guarantee => {
    await using driver = await TopologyTestDriver.create(upperCase(), { processingGuarantee: guarantee })
    const input = driver.createInputTopic('in', texts)
    const output = driver.createOutputTopic('out', texts)
    await input.pipeValues(['a', 'b'])
    expect(output.readValuesToList()).toEqual(['A', 'B'])
    await input.pipeValues(['c', 'd'], { commit: 'once' })
    expect(output.readValuesToList()).toEqual(['C', 'D'])
  },
)

it('takes calls one after the other, awaited or not', async () => {
  await using driver = await TopologyTestDriver.create(upperCase())
  const input = driver.createInputTopic('in', texts)
  await Promise.all(Array.from({ length: 20 }, (_, index) => input.pipeInput(`v${index}`)))
  const values = driver.createOutputTopic('out', texts).readValuesToList()
  expect(values).toEqual(Array.from({ length: 20 }, (_, index) => `V${index}`))
})

it('can be read after close, and no longer written', async () => {
  const driver = await TopologyTestDriver.create(upperCase(), { commitEachRecord: false })
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', texts)
  await input.pipeInput('a')
  expect(output.isEmpty, 'nothing is flushed before a commit').toBe(true)
  await driver.close()
  await driver.close()
  expect(output.readValuesToList()).toEqual(['A'])
  await expect(input.pipeInput('b')).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_CLOSED' })
})
