import { TopologyTestDriver } from '@millrace/testing'
import {
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  type StoreBuilder,
  StreamsBuilder,
  string,
} from '@millrace/core'
import { expect, it } from 'vitest'

const texts = { key: string(), value: string() }

/** Runs `work` for each record, and gives what it returned, beside the driver. */
async function run<T>(
  work: (
    context: ProcessorContext<string, string>,
    value: string,
    store: StoreBuilder<KeyValueStore<string, string>>,
  ) => T | Promise<T>,
) {
  const results: T[] = []
  const store = keyValueStore({ name: 'store', ...texts })
  const supplier = (): Processor<string, string, string, string> => {
    let context: ProcessorContext<string, string>
    return {
      init: given => void (context = given),
      async process({ value }) {
        results.push(await work(context, value, store))
      },
    }
  }
  const builder = new StreamsBuilder()
  builder
    .addStateStore(store)
    .stream('in', texts)
    .process(supplier, { stores: ['store'] })
  const options = { applicationId: 'app', initialWallClockMs: 5000, commitEachRecord: false, commitIntervalMs: 60_000 }
  const driver = await TopologyTestDriver.create(builder.build(), options)
  const changes = driver.createOutputTopic('app-store-changelog', texts)
  return { driver, input: driver.createInputTopic('in', texts), results, changes }
}

it('tells a processor where it is, in topic and in time', async () => {
  const { driver, input, results } = await run(context => {
    const { applicationId, taskId, recordMetadata, currentStreamTimeMs, currentSystemTimeMs } = context
    return { applicationId, taskId, recordMetadata, currentStreamTimeMs, currentSystemTimeMs }
  })
  await using _ = driver
  await input.pipeInput('k', 'a', { timestamp: 100 })
  await input.pipeInput('k', 'b', { timestamp: 40 })
  const everywhere = { applicationId: 'app', taskId: '0_0', currentStreamTimeMs: 100, currentSystemTimeMs: 5000 }
  expect(results).toEqual([
    { ...everywhere, recordMetadata: { topic: 'in', partition: 0, offset: 0, timestamp: 100 } },
    { ...everywhere, recordMetadata: { topic: 'in', partition: 0, offset: 1, timestamp: 40 } },
  ])
})

it('commits when a processor asks for it, long before the interval is over', async () => {
  const { driver, input, changes } = await run((context, value, store) => {
    context.store(store).put('k', value)
    if (value === 'now') context.commit()
  })
  await using _ = driver
  await input.pipeInput('k', 'later')
  const committed = () => driver.cluster.committedOffsets('app').map(({ offset }) => offset)
  expect(committed()).toEqual([])
  await input.pipeInput('k', 'now')
  expect(committed()).toEqual([2])
  expect(changes.readValuesToList()).toEqual(['later', 'now'])
})

it('counts what a processor wants counted', async () => {
  const { driver, input } = await run((context, value) => context.count(`${value}-seen`, value.length))
  await using _ = driver
  for (const value of ['a', 'bb', 'a']) await input.pipeInput('k', value)
  const own = driver.metrics().filter(({ name }) => name.endsWith('-seen'))
  const tags = { 'processor-node-id': 'KSTREAM-PROCESSOR-0000000001', 'task-id': '0_0' }
  expect(own).toMatchObject([
    { name: 'a-seen', tags, value: 2 },
    { name: 'bb-seen', tags, value: 2 },
  ])
})

it('lets a processor read its own writes before any commit', async () => {
  const { driver, input, results } = await run(async (context, _value, store) => {
    const own = context.store(store)
    const before = [await own.putIfAbsent('a', '1'), await own.putIfAbsent('a', '2')]
    own.put('b', '3')
    own.put('c', '4')
    const gone = await own.delete('b')
    own.put('d', '5')
    const keys: string[] = []
    for await (const [key] of own.range({ from: 'a', to: 'c', reverse: true })) keys.push(key)
    return { before, gone, keys }
  })
  await using _ = driver
  await input.pipeInput('k', 'v')
  expect(results).toEqual([{ before: [undefined, '1'], gone: '3', keys: ['c', 'a'] }])
})
