import {
  bytes,
  keyValueStore,
  type KeyValueStore,
  long,
  type Plan,
  type Processor,
  type ProcessorContext,
  StreamsBuilder,
  string,
  tumbling,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { LabelService, labelled } from './label-serde.fixture.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

type Text = ReturnType<typeof labelled>

/** Every place of a topology where bytes are read or written. */
const TOPOLOGIES: Readonly<Record<string, (text: Text) => Plan>> = {
  'source and sink'(text) {
    const builder = new StreamsBuilder()
    builder.stream('in', { key: text, value: text }).to('out', { key: text, value: text })
    return builder.build()
  },
  'a sink that chooses its topic'(text) {
    const builder = new StreamsBuilder()
    builder.stream('in', { key: text, value: text }).to(() => 'out', { key: text, value: text })
    return builder.build()
  },
  'a store of a table'(text) {
    const builder = new StreamsBuilder()
    builder
      .table('in', { key: text, value: text, store: { name: 'table', caching: false } })
      .toStream()
      .to('out', { key: text, value: text })
    return builder.build()
  },
  'a repartition topic and an aggregate'(text) {
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: text, value: text })
      .groupBy((_, key) => key, { key: text })
      .reduce((old, value) => (old === value ? old : value), { store: { name: 'last', caching: false } })
      .toStream()
      .to('out', { key: text, value: text })
    return builder.build()
  },
  'a windowed aggregate'(text) {
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: text, value: text })
      .groupByKey()
      .windowedBy(tumbling({ sizeMs: 1000, graceMs: 0 }))
      .reduce((_, value) => value, { store: { name: 'windows', caching: false } })
      .toStream()
      .map((value, key) => [key.key, value])
      .to('out', { key: text, value: text })
    return builder.build()
  },
  'a store of a processor'(text) {
    const builder = new StreamsBuilder()
    builder.addStateStore(keyValueStore({ name: 'mine', key: text, value: text }))
    builder
      .stream('in', { key: text, value: text })
      .process(
        (): Processor<string, string, string, string> => {
          let store: KeyValueStore<string, string>
          let context: ProcessorContext<string, string>
          return {
            init(given) {
              context = given
              store = given.store('mine') as KeyValueStore<string, string>
            },
            async process({ key, value, timestamp }) {
              store.put(key, value)
              await context.forward({ key, value: (await store.get(key))!, timestamp })
            },
          }
        },
        { stores: ['mine'], key: text, value: text },
      )
      .to('out', { key: text, value: text })
    return builder.build()
  },
  'a grouped table'(text) {
    const builder = new StreamsBuilder()
    builder
      .table('in', { key: text, value: text })
      .groupBy((value, key) => [key, value], { key: text, value: text })
      .reduce(
        (_, value) => value,
        (old, value) => (old === value ? old : value),
        { store: 'grouped' },
      )
      .toStream()
      .filter((_, value) => value !== null)
      .to('out', { key: text, value: text })
    return builder.build()
  },
}

describe.each([true, false])('a serde that prepares: %s', prepares => {
  it.each(Object.keys(TOPOLOGIES))('%s', async name => {
    const service = new LabelService()
    // What others write is known to them and not to the application.
    const others = labelled(service, { prepares: true })
    const plan = TOPOLOGIES[name]!(labelled(service, { prepares }))
    await using driver = await TopologyTestDriver.create(plan)
    const input = driver.createInputTopic('in', { key: others, value: others })
    const output = driver.createOutputTopic('out', { key: bytes(), value: bytes() })
    for (const value of ['1', '2', '3']) await input.pipeInput('k', value)
    const values = output.readKeyValuesToList().map(([, value]) => value!.subarray(1).toString())
    expect(values).toEqual(['1', '2', '3'])
  })
})

it('records keep their order while one waits', async () => {
  const service = new LabelService()
  service.delay = 20
  const others = labelled(service, { prepares: true })
  const builder = new StreamsBuilder()
  const text = labelled(service, { prepares: false })
  builder.stream('in', { key: string(), value: text }).to('out', { key: string(), value: string() })
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', { key: string(), value: others })
  await input.pipeValues(['1', '2', '3', '4'], { commit: 'once' })
  const output = driver.createOutputTopic('out', { key: string(), value: string() })
  expect(output.readValuesToList()).toEqual(['1', '2', '3', '4'])
})

it('one fetch serves all records of a batch', async () => {
  const service = new LabelService()
  const others = labelled(service, { prepares: true })
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: string(), value: labelled(service, { prepares: false }) })
    .to('out', { key: string(), value: string() })
  await using driver = await TopologyTestDriver.create(builder.build())
  const input = driver.createInputTopic('in', { key: string(), value: others })
  await input.pipeValues(['1'])
  const before = service.requests
  await input.pipeValues(['2', '3', '4'], { commit: 'once' })
  // The input topic's own serde asks once for each call.
  expect(service.requests - before).toBe(1)
})

it('what is unknown for good goes where bad records go', async () => {
  const service = new LabelService()
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: string(), value: labelled(service, { prepares: false }) })
    .to('out', { key: string(), value: string() })
  await using driver = await TopologyTestDriver.create(builder.build(), {
    onBadRecord: { deadLetterTopic: 'bad' },
  })
  const input = driver.createInputTopic('in', { key: string(), value: bytes() })
  await input.pipeInput('k', Buffer.from([99, 65]))
  const bad = driver.createOutputTopic('bad', { key: string(), value: bytes() })
  expect(
    bad
      .readRecord()
      .headers.find(({ key }) => key === '__streams.errors.message')
      ?.value?.toString(),
  ).toContain('no label 99')
})

it('a global table waits for the labels of its records', async () => {
  const service = new LabelService()
  const others = labelled(service, { prepares: true })
  const text = labelled(service, { prepares: false })
  const builder = new StreamsBuilder()
  const countries = builder.globalTable('countries', { key: string(), value: text, store: 'countries' })
  builder
    .stream('in', { key: string(), value: string() })
    .join(
      countries,
      country => country,
      (order, country) => `${order} ${country}`,
    )
    .to('out', { key: string(), value: string() })
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('countries', { key: string(), value: others }).pipeInput('de', 'Germany')
  await driver.createInputTopic('in', { key: string(), value: string() }).pipeInput('k', 'de')
  const output = driver.createOutputTopic('out', { key: string(), value: string() })
  expect(output.readValuesToList()).toEqual(['de Germany'])
})

it('a service that is away while a task starts is waited for', async () => {
  const service = new LabelService()
  const others = labelled(service, { prepares: true })
  await others.prepare!('in', 'write')
  service.failures = 3
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: string(), value: labelled(service, { prepares: true }) })
    .groupByKey()
    .count({ store: { name: 'counts' } })
    .toStream()
    .to('out', { key: string(), value: long() })
  await using driver = await TopologyTestDriver.create(builder.build())
  await driver.createInputTopic('in', { key: string(), value: others }).pipeInput('k', 'v')
  expect(driver.createOutputTopic('out', { key: string(), value: long() }).readValuesToList()).toEqual([1n])
})
