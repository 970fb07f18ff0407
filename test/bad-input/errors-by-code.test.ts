// Errors that no other test provokes: each is reached the way a user would reach it.
import {
  consoleLogger,
  joinWindows,
  json,
  keyValueStore,
  type KStream,
  long,
  memoryClient,
  type MillraceError,
  type Plan,
  type Processor,
  type ProcessorContext,
  StreamsBuilder,
  string,
  systemClock,
} from 'millrace'
import { TopologyTestDriver, withFaults } from '@millrace/testing'
import { describe, expect, it } from 'vitest'
import { memoryApps } from './memory-app.ts'

const texts = { key: string(), value: string() }

/** The codes of an error and of what caused it, outermost first. */
async function codesOf(work: Promise<unknown>): Promise<string[]> {
  const codes: string[] = []
  let error: unknown = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  )
  for (; error instanceof Error; error = error.cause) codes.push((error as MillraceError).code)
  return codes
}

/** Starts the topology and sends one record to `topic`. */
async function drive(plan: Plan, topic = 'in', key: string | null = 'k'): Promise<void> {
  const driver = await TopologyTestDriver.create(plan)
  await driver.createInputTopic(topic, texts).pipeRecords([{ key, value: 'v' }])
}

function processor(
  init: (context: ProcessorContext<string, string>) => void,
): () => Processor<string, string, string, string> {
  return () => ({ init, process() {} })
}

it('MILLRACE_SINK_PARTITION: a partitioner chooses a partition that the topic does not have', async () => {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to('out', { partitioner: () => 9 })
  expect(await codesOf(drive(builder.build()))).toEqual(['MILLRACE_PROCESSING_FAILED', 'MILLRACE_SINK_PARTITION'])
})

it.each(['', 'a/b', 'x'.repeat(250)])('MILLRACE_SINK_TOPIC: the topic chosen for a record is "%s"', async topic => {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to(() => topic, texts)
  expect(await codesOf(drive(builder.build()))).toEqual(['MILLRACE_PROCESSING_FAILED', 'MILLRACE_SINK_TOPIC'])
})

it('an error of a sink names the key of the record, which may be another than that of the input', async () => {
  const sinks: ((stream: KStream<string, string>) => void)[] = [
    stream => stream.to('out', { ...texts, partitioner: () => 9 }),
    stream => stream.to(() => 'a b', texts),
    stream => stream.to('out', { ...texts, value: json<string>() }),
  ]
  for (const sink of sinks) {
    const builder = new StreamsBuilder()
    sink(builder.stream('in', texts).map((): [string, string] => ['another', new Map() as unknown as string]))
    await expect(drive(builder.build())).rejects.toThrow('(record key: "another")')
  }
})

it('MILLRACE_STORE_ENCODE: the stores of a join cannot hold its values', async () => {
  const build = () => {
    const builder = new StreamsBuilder()
    const one = builder.stream('in', texts).mapValues(value => new Map([[value, 1]]) as unknown as string)
    const two = builder.stream('other', texts)
    const windows = joinWindows({ timeDifferenceMs: 1_000, graceMs: 0 })
    one.join(two, value => value, { windows, value: json<string>() }).to('out', texts)
    return builder.build()
  }
  const codes = ['MILLRACE_PROCESSING_FAILED', 'MILLRACE_STORE_ENCODE', 'MILLRACE_SERDE_ENCODE']
  expect(await codesOf(drive(build()))).toEqual(codes)
  await expect(drive(build())).rejects.toThrow(/store "KSTREAM-JOINTHIS-.*Map/)
  // The remedy once, though three errors have one.
  const error = (await drive(build()).catch((failure: unknown) => failure)) as Error
  expect(error.message.split('Give the operator a serde')).toHaveLength(2)
})

it('MILLRACE_FUNCTION_RESULT: a function gives nothing', async () => {
  const builder = new StreamsBuilder()
  const nothing = (): string => undefined as unknown as string
  builder.stream('in', texts).mapValues(nothing).to('out', texts)
  expect(await codesOf(drive(builder.build()))).toEqual(['MILLRACE_PROCESSING_FAILED', 'MILLRACE_FUNCTION_RESULT'])
})

it('MILLRACE_PROCESSOR_CHILD: a processor forwards to a node that is not there', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .process<string, string>(() => {
      let context: ProcessorContext<string, string>
      return {
        init: given => void (context = given),
        process: record => context.forward(record, 'nobody'),
      }
    })
    .to('out', texts)
  expect(await codesOf(drive(builder.build()))).toEqual(['MILLRACE_PROCESSING_FAILED', 'MILLRACE_PROCESSOR_CHILD'])
})

it.each([
  ['MILLRACE_STORE_UNDEFINED', undefined],
  ['MILLRACE_STORE_ENCODE', 7],
])('%s: a processor puts %s into a store of strings', async (code, value) => {
  const builder = new StreamsBuilder()
  const store = keyValueStore({ name: 'kept', ...texts })
  builder
    .addStateStore(store)
    .stream('in', texts)
    .process<string, string>(
      () => {
        let kept: { put(key: string, value: string): unknown }
        return {
          init: context => void (kept = context.store(store)),
          process: async ({ key }) => void (await kept.put(key, value as unknown as string)),
        }
      },
      { stores: ['kept'] },
    )
    .to('out', texts)
  expect(await codesOf(drive(builder.build()))).toEqual(expect.arrayContaining(['MILLRACE_PROCESSING_FAILED', code]))
})

it.each([0, -1, Number.NaN])('MILLRACE_PUNCTUATION_INTERVAL: a processor schedules each %d ms', async intervalMs => {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).process(processor(context => context.schedule(intervalMs, 'stream-time', () => {})))
  expect(await codesOf(drive(builder.build()))).toContain('MILLRACE_PUNCTUATION_INTERVAL')
})

it('MILLRACE_STORE_NOT_CONNECTED: a processor asks for a store that it does not name', async () => {
  const builder = new StreamsBuilder()
  builder.addStateStore(keyValueStore({ name: 'own', ...texts }))
  builder.stream('in', texts).process(() => ({ process: () => undefined }), { stores: ['own'] })
  builder.stream('in', texts).process(processor(context => void context.store('own')))
  expect(await codesOf(drive(builder.build()))).toContain('MILLRACE_STORE_NOT_CONNECTED')
})

it('MILLRACE_PUNCTUATION_GLOBAL: the processor of a global store schedules', async () => {
  const builder = new StreamsBuilder()
  const schedule = (context: ProcessorContext<never, never>) => void context.schedule(1_000, 'wall-clock', () => {})
  builder.addGlobalStore(keyValueStore({ name: 'all', ...texts }), 'in', texts, () => ({
    init: schedule,
    process() {},
  }))
  builder.stream('other', texts).to('out')
  expect(await codesOf(drive(builder.build()))).toContain('MILLRACE_PUNCTUATION_GLOBAL')
})

it('MILLRACE_TRANSFORMER_FORWARD: the transformer of a table forwards', async () => {
  const builder = new StreamsBuilder()
  builder
    .table('in', texts)
    .transformValues(() => {
      let context: { forward(record: never): unknown }
      return {
        init: given => void (context = given as never),
        async transform(value) {
          await context.forward({ key: 'k', value, timestamp: 0, headers: [] } as never)
          return value
        },
      }
    })
    .toStream()
    .to('out', texts)
  expect(await codesOf(drive(builder.build()))).toContain('MILLRACE_TRANSFORMER_FORWARD')
})

it('MILLRACE_GROUP_KEY_MISSING: somebody else writes to the repartition topic of a grouped table', async () => {
  const builder = new StreamsBuilder()
  builder
    .table('in', texts)
    .groupBy((value, key) => [value, key], { ...texts, name: 'by-value' })
    .count({ store: 'counts' })
    .toStream()
    .to('out', { key: string(), value: long() })
  const driver = await TopologyTestDriver.create(builder.build(), { applicationId: 'app' })
  const topic = driver.createInputTopic('app-by-value-repartition', texts)
  // A change that adds the value "v", as Kafka Streams writes it.
  const codes = await codesOf(topic.pipeRecords([{ key: null, value: 'v\u0001' }]))
  expect(codes).toEqual(['MILLRACE_PROCESSING_FAILED', 'MILLRACE_GROUP_KEY_MISSING'])
})

describe('MILLRACE_STORE_DECODE', () => {
  it('an earlier version has kept values of another serde, and the disk that would tell is gone', async () => {
    await using apps = await memoryApps()
    for (const topic of ['in', 'out']) await apps.io.createTopic(topic, 1)
    const record = { partition: 0, key: 'k', value: 'x', timestamp: 0 }
    await apps.io.produce('in', [record])
    const aggregated = (value: 'number' | 'object'): Plan => {
      const builder = new StreamsBuilder()
      const grouped = builder.stream('in', texts).groupByKey()
      if (value === 'number') grouped.count({ store: 'kept' })
      else
        grouped.aggregate(
          () => ({ n: 0 }),
          ({ n }) => ({ n: n + 1 }),
          { value: json<{ n: number }>(), store: 'kept' },
        )
      return builder.build()
    }
    const before = apps.app(aggregated('number'))
    await before.start()
    await expect.poll(async () => (await apps.io.readAll('app-kept-changelog')).length).toBe(1)
    await before.close()
    const after = apps.app(aggregated('object'), { stateDir: `${apps.stateDir}/elsewhere` })
    await apps.io.produce('in', [record])
    expect(await codesOf(after.start().then(() => after.ended()))).toContain('MILLRACE_STORE_DECODE')
  })
})

it('MILLRACE_PRODUCE_TIMESTAMP: a record is further ahead of the clock than its topic allows', async () => {
  await using apps = await memoryApps()
  await apps.io.createTopic('in', 1)
  const client = apps.client({ clientId: 'test', clock: systemClock, logger: consoleLogger('error') })
  const configs = { 'message.timestamp.after.max.ms': '3600000' }
  await client.admin().createTopics([{ name: 'out', partitions: 1, configs }])
  await client.close()
  await apps.io.produce('in', [{ partition: 0, key: 'k', value: 'v', timestamp: Date.now() + 7_200_000 }])
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to('out')
  const app = apps.app(builder.build())
  const codes = await codesOf(app.start().then(() => app.ended()))
  expect(codes).toEqual(['MILLRACE_PROCESSING_FAILED', 'MILLRACE_PRODUCE_TIMESTAMP'])
})

it('MILLRACE_DRIVER_NOT_READY: no call to Kafka ever gets through', async () => {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to('out')
  const starting = TopologyTestDriver.create(builder.build(), {
    client: (cluster, clock) =>
      withFaults(memoryClient(cluster), { seed: 1, clock, cluster, probabilities: { disconnect: 1 } }),
  })
  expect(await codesOf(starting)).toEqual(['MILLRACE_DRIVER_NOT_READY'])
})
