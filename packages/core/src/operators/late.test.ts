import { TopologyTestDriver, type TopologyTestDriverOptions } from '@millrace/testing'
import {
  hopping,
  joinWindows,
  json,
  type KStream,
  type LateRecord,
  type Plan,
  sessions,
  sliding,
  StreamsBuilder,
  string,
  tumbling,
  type WindowsSpec,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }
const toLate = (late: KStream<string, LateRecord<string>, 'key'>) => late.to('late', { value: json() })

type Piped = readonly [topic: string, key: string, value: string, timestamp: number]

async function run(plan: Plan, records: readonly Piped[], options: TopologyTestDriverOptions = {}) {
  const warnings: unknown[] = []
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: (fields: object) => void warnings.push(fields),
    error: () => undefined,
  }
  await using driver = await TopologyTestDriver.create(plan, { ...options, logger })
  for (const [topic, key, value, timestamp] of records) {
    const headers = [{ key: 'id', value: Buffer.from(value) }]
    await driver.createInputTopic(topic, texts).pipeInput(key, value, { timestamp, headers })
  }
  const late = driver.createOutputTopic('late', { key: string(), value: json<LateRecord<string>>() })
  const dropped: Record<string, number> = {}
  for (const { name, tags, value } of driver.metrics()) {
    const node = tags['processor-node-id']!
    if (name === 'dropped-records' && tags['reason'] === 'late') dropped[node] = (dropped[node] ?? 0) + value
  }
  return {
    late: late
      .readRecordsToList()
      .map(record => ({ ...record, headers: record.headers.map(each => String(each.value)) })),
    dropped,
    warned: warnings.filter(fields => (fields as { reason?: string }).reason === 'late').length,
  }
}

function windowed(windows: WindowsSpec, onLate?: typeof toLate): Plan {
  const builder = new StreamsBuilder()
  const options = onLate === undefined ? {} : { onLate }
  builder
    .stream('in', texts)
    .groupByKey()
    .windowedBy(windows as ReturnType<typeof tumbling>, options)
    .count({ name: 'counted', store: 'counts' })
    .toStream()
    .foreach(() => undefined)
  return builder.build()
}

const cases: readonly [string, WindowsSpec, Partial<LateRecord<string>>, drops: number][] = [
  ['tumbling', tumbling({ sizeMs: 10, graceMs: 5 }), { windows: [{ start: 0, end: 10 }], partly: false }, 1],
  [
    'hopping',
    hopping({ sizeMs: 10, advanceMs: 5, graceMs: 0 }),
    {
      windows: [
        { start: 0, end: 10 },
        { start: 5, end: 15 },
      ],
      partly: false,
    },
    2,
  ],
  ['sliding', sliding({ timeDifferenceMs: 5, graceMs: 0 }), { windows: [], partly: false }, 1],
  ['session', sessions({ inactivityGapMs: 5, graceMs: 0 }), { windows: [{ start: 7, end: 7 }], partly: false }, 1],
]

describe.each([{ caching: 'off' }, { caching: 'as-planned' }] as const)('with caching $caching', options => {
  it.each(cases)('gives a record that missed its %s windows, once', async (_which, windows, expected, drops) => {
    const plan = windowed(windows, toLate)
    const { late, dropped, warned } = await run(
      plan,
      [
        ['in', 'k', 'a', 100],
        ['in', 'k', 'b', 7],
      ],
      options,
    )
    expect(late).toEqual([
      expect.objectContaining({
        key: 'k',
        timestamp: 7,
        headers: ['b'],
        value: { value: 'b', timestamp: 7, streamTimeMs: 100, operator: 'counted', ...expected },
      }),
    ])
    expect(dropped).toEqual({ counted: drops })
    expect(warned).toBe(1)
  })
})

it('says so where other windows took the record', async () => {
  const plan = windowed(hopping({ sizeMs: 10, advanceMs: 5, graceMs: 0 }), toLate)
  const { late } = await run(plan, [
    ['in', 'k', 'a', 12],
    ['in', 'k', 'b', 7],
  ])
  expect(late.map(({ value }) => value)).toEqual([
    expect.objectContaining({ windows: [{ start: 0, end: 10 }], partly: true }),
  ])
})

it('says so where a sliding window took it and another is over', async () => {
  const plan = windowed(sliding({ timeDifferenceMs: 10, graceMs: 0 }), toLate)
  // Stream time is 33. The window of "a" that begins at 21 is over; the one on its right that "c" is in too is not.
  const { late } = await run(plan, [
    ['in', 'k', 'a', 20],
    ['in', 'other', 'x', 33],
    ['in', 'k', 'c', 26],
  ])
  expect(late.map(({ value }) => value)).toEqual([
    expect.objectContaining({
      value: 'c',
      windows: [
        { start: 21, end: 31 },
        { start: 16, end: 26 },
      ],
      partly: false,
    }),
  ])
})

it.each(cases)('counts and warns without onLate too: %s windows', async (_which, windows, _expected, drops) => {
  const records: Piped[] = [
    ['in', 'k', 'a', 100],
    ['in', 'k', 'b', 7],
    ['in', 'k', 'c', 7],
  ]
  const { dropped, warned } = await run(windowed(windows), records)
  expect(dropped).toEqual({ counted: 2 * drops })
  expect(warned).toBe(1)
})

it('warns once of an operator, however many tasks it has', async () => {
  const records = Array.from('abcdefghij', (key): Piped[] => [
    ['in', key, '', 100],
    ['in', key, '', 7],
  ]).flat()
  const plan = windowed(tumbling({ sizeMs: 10, graceMs: 5 }))
  const { dropped, warned } = await run(plan, records, { partitions: { in: 3 } })
  expect(dropped).toEqual({ counted: 10 })
  expect(warned).toBe(1)
})

it.each([
  ['windows', tumbling({ sizeMs: 10, graceMs: 0 })],
  ['sessions', sessions({ inactivityGapMs: 5, graceMs: 0 })],
])('gives what is late for any stream of a cogroup over %s, in one stream', async (_which, windows) => {
  const builder = new StreamsBuilder()
  const join = (all: string, value: string) => all + value
  const grouped = ['one', 'two'].map(topic => builder.stream(topic, texts).groupByKey())
  const cogrouped = grouped[0]!.cogroup(join).cogroup(grouped[1]!, join)
  const kept = { name: 'all', value: string() }
  if (windows.type === 'session') {
    cogrouped.windowedBy(windows, { onLate: toLate }).aggregate(() => '', join, kept)
  } else {
    cogrouped.windowedBy(windows, { onLate: toLate }).aggregate(() => '', kept)
  }
  const { late } = await run(builder.build(), [
    ['one', 'k', 'a', 100],
    ['two', 'k', 'b', 100],
    ['one', 'k', 'c', 7],
    ['two', 'k', 'd', 8],
  ])
  expect(late.map(({ value }) => [value?.value, value?.operator])).toEqual([
    ['c', 'all-cogroup-agg-0'],
    ['d', 'all-cogroup-agg-1'],
  ])
})

describe('a join of streams', () => {
  const windows = joinWindows({ timeDifferenceMs: 5, graceMs: 2 })
  const late: readonly Piped[] = [
    ['left', 'k', 'a', 100],
    ['right', 'k', 'b', 100],
    ['left', 'k', 'c', 7],
    ['right', 'k', 'd', 8],
  ]

  it.each(['join', 'leftJoin', 'outerJoin'] as const)('gives what %s does not keep, by side', async join => {
    const builder = new StreamsBuilder()
    const options = {
      windows,
      name: 'joined',
      onLate: toLate,
      onLateOther: (others: KStream<string, LateRecord<string>, 'key'>) =>
        others.mapValues(record => ({ ...record, windows: ['other'] })).to('late', { value: json() }),
    }
    const [left, right] = [builder.stream('left', texts), builder.stream('right', texts)]
    const joined = {
      join: () => left.join(right, () => '', options),
      leftJoin: () => left.leftJoin(right, () => '', options),
      outerJoin: () => left.outerJoin(right, () => '', options),
    }
    joined[join]().foreach(() => undefined)
    const { late: records, dropped, warned } = await run(builder.build(), late)
    expect(records.map(({ value }) => value)).toEqual([
      { value: 'c', timestamp: 7, streamTimeMs: 100, operator: 'joined-this-windowed', windows: [], partly: true },
      {
        value: 'd',
        timestamp: 8,
        streamTimeMs: 100,
        operator: 'joined-other-windowed',
        windows: ['other'],
        partly: true,
      },
    ])
    expect(dropped).toEqual({ 'joined-this-windowed': 1, 'joined-other-windowed': 1 })
    expect(warned).toBe(2)
  })

  it('keeps both windows of a join of a stream with itself whose late records are wanted by side', async () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('left', texts)
    stream.join(stream, () => '', { windows, name: 'joined', onLateOther: toLate }).foreach(() => undefined)
    const plan = builder.build({ optimization: 'all' })
    const { late: records } = await run(
      plan,
      late.filter(([topic]) => topic === 'left'),
    )
    expect(records.map(({ value }) => value?.operator)).toEqual(['joined-other-windowed'])
  })
})

describe('a versioned table', () => {
  const store = { name: 'versions', historyRetentionMs: 50 }
  const records: readonly Piped[] = [
    ['in', 'k', 'a', 100],
    ['in', 'k', 'in time', 50],
    ['in', 'k', 'b', 49],
  ]
  const define: Readonly<Record<string, (builder: StreamsBuilder, onLate?: typeof toLate) => unknown>> = {
    table: (builder, onLate) => builder.table('in', { ...texts, name: 'kept', store, ...(onLate && { onLate }) }),
    toTable: (builder, onLate) =>
      builder.stream('in', texts).toTable({ name: 'kept', store, ...(onLate && { onLate }) }),
  }

  it.each(Object.keys(define))('gives what is older than its history: %s', async which => {
    const builder = new StreamsBuilder()
    define[which]!(builder, toLate)
    const { late, dropped, warned } = await run(builder.build(), records)
    expect(late).toEqual([
      expect.objectContaining({
        key: 'k',
        timestamp: 49,
        headers: ['b'],
        value: { value: 'b', timestamp: 49, streamTimeMs: 100, operator: 'kept', windows: [], partly: false },
      }),
    ])
    expect([dropped, warned]).toEqual([{ kept: 1 }, 1])
  })

  it.each(Object.keys(define))('counts and warns without onLate too: %s', async which => {
    const builder = new StreamsBuilder()
    define[which]!(builder)
    const { dropped, warned } = await run(builder.build(), [...records, ['in', 'k', 'c', 3]])
    expect([dropped, warned]).toEqual([{ kept: 2 }, 1])
  })

  it('gives the rows that go on to what is below, and to nobody else', async () => {
    const builder = new StreamsBuilder()
    const table = builder.table('in', { ...texts, store, onLate: toLate })
    table.toStream().to('rows', texts)
    await using driver = await TopologyTestDriver.create(builder.build())
    const input = driver.createInputTopic('in', texts)
    for (const [, key, value, timestamp] of records) await input.pipeInput(key, value, { timestamp })
    expect(driver.createOutputTopic('rows', texts).readValuesToList()).toEqual(['a', 'in time'])
    const late = driver.createOutputTopic('late', { key: string(), value: json<LateRecord<string>>() })
    expect(late.readValuesToList()).toHaveLength(1)
  })

  it('is the only table that anything can be late for', () => {
    const builder = new StreamsBuilder()
    const invalid = expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID' })
    expect(() => builder.table('in', { ...texts, store: 'plain', onLate: toLate })).toThrow(invalid)
    expect(() => builder.stream('other', texts).toTable({ onLate: toLate })).toThrow(invalid)
  })
})

it('adds one node, and leaves all names and stores as they are', () => {
  const without = windowed(tumbling({ sizeMs: 10, graceMs: 5 }))
  const added = windowed(tumbling({ sizeMs: 10, graceMs: 5 }), () => undefined)
  const names = added.nodes.map(({ name }) => name)
  expect(names.filter(name => name !== 'counted-late')).toEqual(without.nodes.map(({ name }) => name))
  expect(names).toContain('counted-late')
  expect(added.stores.map(({ name }) => name)).toEqual(without.stores.map(({ name }) => name))
})

it('gives nothing twice after a crash under exactly-once', async () => {
  const plan = windowed(tumbling({ sizeMs: 10, graceMs: 5 }), toLate)
  const options = { processingGuarantee: 'exactly_once', commitEachRecord: false } as const
  await using driver = await TopologyTestDriver.create(plan, options)
  const input = driver.createInputTopic('in', texts)
  const late = driver.createOutputTopic('late', { key: string(), value: json<LateRecord<string>>() })
  await input.pipeInput('k', 'a', { timestamp: 100 })
  await input.pipeInput('k', 'b', { timestamp: 7 })
  await driver.removeInstance(0, { crash: true })
  expect(late.readValuesToList()).toEqual([])
  await driver.addInstance({ stateOf: 0 })
  await driver.commit()
  expect(late.readValuesToList().map(record => record?.value)).toEqual(['b'])
})
