import { TopologyTestDriver } from '@millrace/testing'
import {
  bytes,
  type KeyValueStore,
  keyValueStore,
  long,
  type Plan,
  StreamsBuilder,
  string,
  type SuppressOptions,
  tumbling,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }

function suppressed(options: SuppressOptions): Plan {
  const builder = new StreamsBuilder()
  builder
    .table('t', { ...texts, store: { caching: false } })
    .suppress(options)
    .toStream()
    .to('out', texts)
  return builder.build()
}

type Input = readonly [key: string, value: string | null, timestamp: number]

async function run(plan: Plan, inputs: readonly Input[]) {
  await using driver = await TopologyTestDriver.create(plan)
  const input = driver.createInputTopic('t', texts)
  const output = driver.createOutputTopic('out', texts)
  const results: string[][] = []
  for (const [key, value, timestamp] of inputs) {
    await input.pipeInput(key, value, { timestamp })
    results.push(output.readRecordsToList().map(record => `${record.key}:${record.value}@${record.timestamp}`))
  }
  return results
}

describe('suppress until a time limit', () => {
  it('passes the latest of each key on when the first is old enough', async () => {
    const results = await run(suppressed({ until: 'time-limit', waitMs: 10 }), [
      ['b', '1', 0],
      ['a', '1', 0],
      ['b', '2', 5],
      ['c', null, 9],
      ['d', '1', 10],
      ['d', '2', 3],
      ['d', '3', 20],
    ])
    expect(results).toEqual([[], [], [], [], ['a:1@0', 'b:2@5'], [], ['c:null@9', 'd:3@20']])
  })

  it('lets the oldest go when there are too many', async () => {
    const results = await run(suppressed({ until: 'time-limit', waitMs: 100, maxRecords: 1 }), [
      ['a', '1', 5],
      ['b', '1', 3],
      ['b', '2', 6],
      ['a', '2', 7],
    ])
    expect(results).toEqual([[], ['b:1@3'], ['a:1@5'], ['b:2@6']])
  })

  it('stops when it must not', async () => {
    const plan = suppressed({ until: 'time-limit', waitMs: 100, maxRecords: 1, whenFull: 'shut-down' })
    const inputs = [
      ['a', '1', 5],
      ['b', '1', 3],
    ] as const
    await expect(run(plan, inputs)).rejects.toMatchObject({ code: 'MILLRACE_SUPPRESS_BUFFER_FULL' })
  })

  it('is limited by the bytes that it holds', async () => {
    // A record counts 8 + key + values + 16 + topic + 4, here 31 bytes; where it has an old value, that too.
    const results = await run(suppressed({ until: 'time-limit', waitMs: 100, maxBytes: 62 }), [
      ['a', '1', 1],
      ['b', '1', 2],
      ['b', '22', 3],
      ['a', '1', 4],
    ])
    expect(results).toEqual([[], [], ['a:1@1'], ['b:22@3']])
  })
})

function finalCounts(): Plan {
  const builder = new StreamsBuilder()
  builder
    .stream('t', texts)
    .groupByKey()
    .windowedBy(tumbling({ sizeMs: 10, graceMs: 5 }))
    .count()
    .suppress({ until: 'window-closes', name: 'final' })
    .toStream((_value, { key, window }) => `${key}@${window.start}`)
    .mapValues(String)
    .to('out', texts)
  return builder.build()
}

it('gives one final result for each window, when its grace is over', async () => {
  const results = await run(finalCounts(), [
    ['a', 'x', 0],
    ['b', 'x', 3],
    ['a', 'x', 12],
    ['a', 'x', 9],
    ['a', 'x', 15],
    ['a', 'x', 2],
    ['a', 'x', 40],
  ])
  expect(results).toEqual([[], [], [], [], ['a@0:2@9', 'b@0:1@3'], [], ['a@10:2@15']])
})

it('is refused for tables without windows', () => {
  expect(() => suppressed({ until: 'window-closes' })).toThrow(/windowed table/)
})

it('logs what it holds in the bytes of Kafka Streams, and holds it still after a restart', async () => {
  const plan = suppressed({ until: 'time-limit', waitMs: 10, name: 'held' })
  await using driver = await TopologyTestDriver.create(plan, { applicationId: 'app' })
  const input = driver.createInputTopic('t', texts)
  const log = driver.createOutputTopic('app-held-store-changelog', { key: bytes(), value: bytes() })
  await input.pipeInput('a', '1', { timestamp: 1, headers: [{ key: 'h', value: null }] })
  await input.pipeInput('a', '2', { timestamp: 2 })
  const records = log.readRecordsToList()
  const hex = records.map(record => Buffer.from(record.value ?? []).toString('hex'))
  const where = (offset: number) => `000000000000000${offset}000000017400000000`
  expect(hex).toEqual([
    `0000000000000001${where(0)}000000010000000168ffffffffffffffffffffffff0000000131${'0'.repeat(15)}1`,
    `0000000000000002${where(1)}00000000ffffffff00000001310000000132${'0'.repeat(15)}1`,
  ])
  expect(records[0]?.headers).toEqual([{ key: 'v', value: Buffer.of(3) }])

  await driver.removeInstance(0)
  await driver.addInstance()
  const output = driver.createOutputTopic('out', texts)
  await input.pipeInput('b', '1', { timestamp: 11 })
  expect(output.readKeyValuesToList()).toEqual([['a', '2']])
  expect(log.readKeyValuesToList().map(([key, value]) => [Buffer.from(key ?? []).toString(), value === null])).toEqual(
    expect.arrayContaining([
      ['a', true],
      ['b', false],
    ]),
  )
})

it('shows what it has passed on, not what it holds', async () => {
  const builder = new StreamsBuilder()
  const held = builder.table('t', texts).suppress({ until: 'time-limit', waitMs: 10 })
  builder
    .stream('s', texts)
    .leftJoin(held, (order, row) => `${order} ${row}`)
    .to('out', texts)
  await using driver = await TopologyTestDriver.create(builder.build())
  const table = driver.createInputTopic('t', texts)
  const orders = driver.createInputTopic('s', texts)
  const output = driver.createOutputTopic('out', texts)
  await table.pipeInput('k', 'one', { timestamp: 0 })
  await orders.pipeInput('k', '1', { timestamp: 0 })
  await table.pipeInput('other', 'x', { timestamp: 10 })
  await orders.pipeInput('k', '2', { timestamp: 0 })
  await table.pipeInput('k', 'two', { timestamp: 11 })
  await orders.pipeInput('k', '3', { timestamp: 0 })
  expect(output.readValuesToList()).toEqual(['1 null', '2 one', '3 one'])
})

it.each([undefined, { ...texts, store: { name: 'kept', caching: false } }])(
  'transforms values with a store, kept in %o',
  async kept => {
    const calls = keyValueStore({ name: 'calls', key: string(), value: long() })
    const builder = new StreamsBuilder()
    builder.addStateStore(calls)
    const transformer = () => {
      let counts: KeyValueStore<string, bigint>
      return {
        init(context: { store(builder: typeof calls): KeyValueStore<string, bigint> }) {
          counts = context.store(calls)
        },
        async transform(value: string | null, key: string) {
          const count = ((await counts.get(key)) ?? 0n) + 1n
          counts.put(key, count)
          return value === 'none' ? null : `${value} ${count}`
        },
      }
    }
    const table = builder.table('t', texts)
    const options = { stores: ['calls'] }
    const transformed =
      kept === undefined
        ? table.transformValues(transformer, options)
        : table.transformValues(transformer, { ...options, ...kept })
    transformed.toStream().to('out', texts)
    const results = await run(builder.build(), [
      ['a', 'x', 1],
      ['a', null, 2],
      ['a', 'none', 3],
      ['a', 'y', 4],
    ])
    expect(results.flat()).toEqual(['a:x 1@1', 'a:null 2@2', 'a:null@3', 'a:y 4@4'])
  },
)
