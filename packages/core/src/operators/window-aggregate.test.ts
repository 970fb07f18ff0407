import { TopologyTestDriver, type TopologyTestDriverOptions } from '@millrace/testing'
import {
  hopping,
  long,
  type Plan,
  sessions,
  sessionWindowed,
  sliding,
  StreamsBuilder,
  string,
  timeWindowed,
  unlimited,
  type Windowed,
} from '@millrace/core'
import { describe, expect, it } from 'vitest'

const texts = { key: string(), value: string() }
const timed = { key: timeWindowed(string(), { sizeMs: 10 }), value: string() }
const untilTheEnd = { key: timeWindowed(string(), { sizeMs: Number.POSITIVE_INFINITY }), value: string() }

const join = (joined: string, value: string) => joined + value

/** Pipes `[key, value, timestamp]` and gives what each record gave, as `key@start/end value @timestamp`. */
async function results(
  plan: Plan,
  serdes: Parameters<TopologyTestDriver['createOutputTopic']>[1],
  records: readonly (readonly [key: string | null, value: string | null, timestamp: number])[],
  options: TopologyTestDriverOptions = {},
): Promise<readonly (readonly string[])[]> {
  await using driver = await TopologyTestDriver.create(plan, options)
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', serdes)
  const outputs: string[][] = []
  for (const [key, value, timestamp] of records) {
    await input.pipeInput(key, value, { timestamp })
    outputs.push(
      output.readRecordsToList().map(record => {
        const { key: its, window } = record.key as Windowed<string>
        return `${its}@${window.start}/${window.end} ${String(record.value)} @${record.timestamp}`
      }),
    )
  }
  return outputs
}

describe.each([{ caching: 'off' }, { caching: 'as-planned' }] as const)('with caching $caching', options => {
  it('puts a record into each hopping window that holds it', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(hopping({ sizeMs: 10, advanceMs: 4, graceMs: 0 }))
      .aggregate(() => '', join, { value: string() })
      .toStream()
      .to('out')
    expect(
      await results(
        builder.build(),
        timed,
        [
          ['k', 'a', 9],
          ['k', 'b', 12],
          ['k', 'c', 3],
        ],
        options,
      ),
    ).toEqual([['k@0/10 a @9', 'k@4/14 a @9', 'k@8/18 a @9'], ['k@4/14 ab @12', 'k@8/18 ab @12', 'k@12/22 b @12'], []])
  })

  it('keeps everything from a time on in one unlimited window', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(unlimited({ startMs: 5 }))
      .reduce((joined, value) => joined + value)
      .toStream()
      .to('out')
    const given = [
      ['k', 'a', 4],
      ['k', 'b', 5],
      ['k', 'c', 9_000_000_000_000],
      ['k', 'd', 7],
    ] as const
    expect(await results(builder.build(), untilTheEnd, given, options)).toEqual([
      [],
      ['k@5/Infinity b @5'],
      ['k@5/Infinity bc @9000000000000'],
      ['k@5/Infinity bcd @9000000000000'],
    ])
  })

  it('has a sliding window for each set of records that are near enough', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(sliding({ timeDifferenceMs: 10, graceMs: 20 }))
      .aggregate(() => '', join, { value: string() })
      .toStream()
      .to('out')
    const given = [
      ['k', 'a', 20],
      ['k', 'b', 25],
      ['k', null, 26],
      ['k', 'c', 22],
      ['k', 'd', 3],
      ['k', 'e', 60],
    ] as const
    expect(await results(builder.build(), timed, given, options)).toEqual([
      ['k@10/20 a @20'],
      ['k@21/31 b @25', 'k@15/25 ab @25'],
      [],
      // Its own left window, the one of b, the one right of a, and its own right window with b alone.
      expect.arrayContaining(['k@12/22 ac @22', 'k@15/25 abc @25', 'k@21/31 bc @25', 'k@23/33 b @25']),
      ['k@0/10 d @3'],
      ['k@50/60 e @60'],
    ])
  })

  it('counts sessions, makes one of those that a record connects, and drops what is too late', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(sessions({ inactivityGapMs: 10, graceMs: 15 }))
      .aggregate(
        () => '',
        join,
        (one, other) => one + other,
        { value: string(), store: 'kept' },
      )
      .toStream()
      .to('out')
    const serdes = { key: sessionWindowed(string()), value: string() }
    const given = [
      ['k', 'a', 0],
      ['k', 'b', 20],
      ['k', 'c', 10],
      ['other', 'x', 50],
      ['k', 'late', 4],
      [null, 'y', 1],
    ] as const
    expect(await results(builder.build(), serdes, given, options)).toEqual([
      ['k@0/0 a @0'],
      ['k@20/20 b @20'],
      ['k@0/0 null @0', 'k@20/20 null @20', 'k@0/20 abc @20'],
      ['other@50/50 x @50'],
      [],
      [],
    ])
  })

  it('emits a window once when it has closed, by records of any key', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(hopping({ sizeMs: 10, advanceMs: 10, graceMs: 2 }), { emitStrategy: 'on-close' })
      .aggregate(() => '', join, { value: string(), store: { retentionMs: 100 } })
      .toStream()
      .to('out')
    const given = [
      ['b', '1', 5],
      ['a', '2', 6],
      ['b', '3', 10],
      ['b', '4', 9],
      ['c', '5', 12],
      ['b', '6', 8],
      ['a', '7', 35],
    ]
    expect(await results(builder.build(), timed, given as never, options)).toEqual([
      [],
      [],
      [],
      [],
      ['a@0/10 2 @6', 'b@0/10 14 @9'],
      [],
      ['b@10/20 3 @10', 'c@10/20 5 @12'],
    ])
  })

  it('emits sessions and sliding windows once when they have closed', async () => {
    const bySession = new StreamsBuilder()
    const grouped = bySession.stream('in', texts).groupByKey()
    const onClose = { emitStrategy: 'on-close' } as const
    const counts = grouped.windowedBy(sessions({ inactivityGapMs: 10, graceMs: 0 }), onClose).count()
    counts
      .mapValues(String)
      .toStream()
      .to('out', { key: sessionWindowed(string()), value: string() })
    const given = [
      ['a', '1', 0],
      ['a', '2', 8],
      ['b', '3', 18],
      ['b', '4', 19],
      ['a', '5', 40],
    ] as const
    expect(
      await results(bySession.build(), { key: sessionWindowed(string()), value: string() }, given, options),
    ).toEqual([[], [], [], ['a@0/8 2 @8'], ['b@18/19 2 @19']])
    const slidingly = new StreamsBuilder()
    const windows = slidingly
      .stream('in', texts)
      .groupByKey()
      .windowedBy(sliding({ timeDifferenceMs: 10, graceMs: 0 }), onClose)
    windows
      .reduce((joined, value) => joined + value, { store: { retentionMs: 100 } })
      .toStream()
      .to('out', timed)
    const near = [
      ['a', '1', 20],
      ['a', '2', 25],
      ['b', '3', 26],
      ['b', '4', 60],
    ] as const
    expect(await results(slidingly.build(), timed, near, options)).toEqual([
      [],
      ['a@10/20 1 @20'],
      ['a@15/25 12 @25'],
      ['b@16/26 3 @26', 'a@21/31 2 @25'],
    ])
  })
})

it('does not emit a closed window again after a crash', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .windowedBy(hopping({ sizeMs: 10, advanceMs: 10, graceMs: 0 }), { emitStrategy: 'on-close' })
    .count({ store: { name: 'counts', retentionMs: 1_000 } })
    .toStream()
    .to('out', { key: timed.key, value: long() })
  await using driver = await TopologyTestDriver.create(builder.build(), { processingGuarantee: 'exactly_once' })
  const input = driver.createInputTopic('in', texts)
  const output = driver.createOutputTopic('out', { key: timed.key, value: long() })
  await input.pipeInput('k', 'a', { timestamp: 1 })
  await input.pipeInput('k', 'b', { timestamp: 11 })
  expect(output.readKeyValuesToList()).toEqual([[{ key: 'k', window: { start: 0, end: 10 } }, 1n]])
  await driver.removeInstance(0, { crash: true })
  await driver.addInstance()
  await input.pipeInput('k', 'c', { timestamp: 21 })
  expect(output.readKeyValuesToList()).toEqual([[{ key: 'k', window: { start: 10, end: 20 } }, 1n]])
})

it.each([
  ['goes unseen as in Kafka Streams', undefined, [[], []]],
  ['comes out where the store keeps it for longer', 60_000, [[], ['k@0/10 1 @1']]],
] as const)('a window that closes by a leap in time past its retention %s', async (_what, retentionMs, expected) => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .windowedBy(hopping({ sizeMs: 10, advanceMs: 10, graceMs: 2 }), { emitStrategy: 'on-close' })
    .count(retentionMs === undefined ? {} : { store: { retentionMs } })
    .toStream()
    .mapValues(String)
    .to('out', { value: string() })
  const records = [
    ['k', 'a', 1],
    ['other', 'b', 1000],
  ] as const
  expect(await results(builder.build(), timed, records, { caching: 'off' })).toEqual(expected)
})
