import {
  json,
  type Plan,
  type Processor,
  type ProcessorContext,
  StreamsBuilder,
  string,
  versionedStore,
  windowStore,
} from '@millrace/core'
import { expect, it } from 'vitest'
import type { TopologyTestDriverOptions } from './driver-options.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const orders = json<{ id: number }>()

function ordersTopology(): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: string(), value: orders })
    .mapValues(order => {
      if (order.id === 13) throw new Error('13 is not allowed')
      return `order ${order.id}`
    })
    .to('texts', texts)
  return builder.build()
}

async function driverOf(onBadRecord: NonNullable<TopologyTestDriverOptions['onBadRecord']>) {
  const driver = await TopologyTestDriver.create(ordersTopology(), { onBadRecord })
  return { driver, input: driver.createInputTopic('orders', texts), output: driver.createOutputTopic('texts', texts) }
}

it.each([
  ['does not decode', '{"id": ', 'json'],
  ['makes a function throw', '{"id": 13}', '13 is not allowed'],
])('fails by default on a record that %s', async (_what, bad, reason) => {
  const { driver, input, output } = await driverOf('fail')
  await input.pipeInput('a', '{"id": 1}')
  const piped = input.pipeInput('b', bad)
  await expect(piped).rejects.toMatchObject({
    code: 'MILLRACE_PROCESSING_FAILED',
    message: expect.stringContaining(reason),
  })
  await expect(input.pipeInput('c', '{"id": 2}'), 'the application has ended').rejects.toMatchObject({
    code: 'MILLRACE_PROCESSING_FAILED',
  })
  expect(output.readValuesToList()).toEqual(['order 1'])
  await driver.close()
})

it('goes on without bad records, and counts them', async () => {
  const { driver, input, output } = await driverOf('continue')
  await input.pipeValues(['{"id": 1}', 'no json', '{"id": 13}', '{"id": 2}'])
  expect(output.readValuesToList()).toEqual(['order 1', 'order 2'])
  const failed = driver.metrics().filter(({ name }) => name === 'failed-records')
  expect(failed.map(({ tags, value }) => [tags['processor-node-id'], value])).toEqual([
    ['KSTREAM-SOURCE-0000000000', 1],
    ['KSTREAM-MAPVALUES-0000000001', 1],
  ])
  await driver.close()
})

it('keeps bad records in the dead-letter topic, bytes and headers as they were', async () => {
  const { driver, input, output } = await driverOf({ deadLetterTopic: 'orders-dead' })
  const dead = driver.createOutputTopic('orders-dead', texts)
  await input.pipeInput('a', 'no json', { timestamp: 77, headers: [{ key: 'trace', value: Buffer.from('t1') }] })
  await input.pipeInput('b', '{"id": 13}')
  await input.pipeInput('c', '{"id": 2}')
  expect(output.readValuesToList()).toEqual(['order 2'])
  const [first, second, ...rest] = dead.readRecordsToList()
  expect(rest).toEqual([])
  expect(first).toMatchObject({ key: 'a', value: 'no json', timestamp: 77 })
  const headers = new Map(first!.headers.map(({ key, value }) => [key, value?.toString()]))
  expect(Object.fromEntries(headers)).toMatchObject({
    trace: 't1',
    '__streams.errors.exception': 'MILLRACE_SERDE_DECODE',
    '__streams.errors.topic': 'orders',
    '__streams.errors.partition': '0',
    '__streams.errors.offset': '0',
  })
  expect(second).toMatchObject({ key: 'b', value: '{"id": 13}' })
  expect(second!.headers.find(({ key }) => key === '__streams.errors.node')?.value?.toString()).toBe(
    'KSTREAM-MAPVALUES-0000000001',
  )
  await driver.close()
})

it.each(['at_least_once', 'exactly_once'] as const)(
  'a record of the dead-letter topic that fails again stays there, and is not written again and again: %s',
  async processingGuarantee => {
    const builder = new StreamsBuilder()
    const failing = (value: string) => {
      if (value.startsWith('bad')) throw new Error(value)
      return value
    }
    builder.stream('orders', texts).mapValues(failing).to('texts', texts)
    builder
      .stream('dead', texts)
      .mapValues(value => failing(value.replace('bad: repaired', 'repaired')))
      .to('repaired', texts)
    await using driver = await TopologyTestDriver.create(builder.build(), {
      onBadRecord: { deadLetterTopic: 'dead' },
      processingGuarantee,
    })
    await driver.createInputTopic('orders', texts).pipeValues(['bad: repaired', 'bad: lost', 'good', 'bad: repaired'])
    expect(driver.createOutputTopic('dead', texts).readValuesToList()).toEqual([
      'bad: repaired',
      'bad: lost',
      'bad: repaired',
    ])
    expect(driver.createOutputTopic('repaired', texts).readValuesToList()).toEqual(['repaired', 'repaired'])
    expect(driver.createOutputTopic('texts', texts).readValuesToList()).toEqual(['good'])
    const failed = driver.metrics().filter(({ name }) => name === 'failed-records')
    expect(failed.map(({ value }) => value)).toEqual([3, 1])
  },
)

/** A processor that calls `use` for the values that are bad, and forwards the others. */
function callingTopology(use: (context: ProcessorContext<string, string>) => unknown): Plan {
  const builder = new StreamsBuilder()
  builder.addStateStore(windowStore({ name: 'windows', ...texts, windowSizeMs: 10, retentionMs: 100 }))
  builder.addStateStore(versionedStore({ name: 'versions', ...texts, historyRetentionMs: 100 }))
  const supplier = (): Processor<string, string> => {
    let context: ProcessorContext<string, string>
    return {
      init(given) {
        context = given
      },
      async process(record) {
        if (record.value === 'bad') await use(context)
        else await context.forward(record)
      },
    }
  }
  builder
    .stream('orders', texts)
    .process(supplier, { name: 'calling', stores: ['windows', 'versions'] })
    .to('texts', texts)
  return builder.build()
}
type AnyStore = Readonly<Record<string, (...given: readonly unknown[]) => unknown>>

it.each<[string, (context: ProcessorContext<string, string>) => unknown]>([
  ['a time that is no number', context => (context.store('windows') as AnyStore)['put']!('k', 'v', Number.NaN)],
  ['a version without a time', context => (context.store('versions') as AnyStore)['put']!('k', 'v')],
  ['a counter that is no number', context => context.count('seen', Number.NaN)],
])('what a processor calls wrongly for a record is a bad record: %s', async (_what, use) => {
  const topology = callingTopology(use)
  await using failing = await TopologyTestDriver.create(topology)
  await expect(failing.createInputTopic('orders', texts).pipeValues(['good', 'bad'])).rejects.toMatchObject({
    code: 'MILLRACE_PROCESSING_FAILED',
    message: expect.stringMatching(/calling failed on orders-0 at offset 1 .*MILLRACE_ARGUMENT_INVALID/) as unknown,
  })
  await using skipping = await TopologyTestDriver.create(topology, { onBadRecord: { deadLetterTopic: 'dead' } })
  await skipping.createInputTopic('orders', texts).pipeValues(['one', 'bad', 'two'])
  expect(skipping.createOutputTopic('texts', texts).readValuesToList()).toEqual(['one', 'two'])
  expect(skipping.createOutputTopic('dead', texts).readValuesToList()).toEqual(['bad'])
})
