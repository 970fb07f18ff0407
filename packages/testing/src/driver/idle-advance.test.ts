import { type MemoryClient, memoryClient } from '@millrace/client-memory'
import {
  hopping,
  joinWindows,
  type KStream,
  type KTable,
  long,
  type Plan,
  type SerdeSide,
  sessions,
  sliding,
  StreamsBuilder,
  string,
  tumbling,
  type Windowed,
  type WindowsSpec,
} from '@millrace/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FaultyFactory, withFaults } from '../faults/with-faults.ts'
import type { TopologyTestDriverOptions } from './driver-options.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const NOW = 1_000_000
/** All inputs of these tests begin there, far behind the wall clock. */
const START = 100_000

type Counts<V> = KStream<Windowed<string>, V, SerdeSide>
const toOut = <V>(counts: Counts<V>) =>
  counts.map((value, { key, window }) => [key, `${window.start - START}: ${String(value)}`]).to('out', texts)

type Tumbling = ReturnType<typeof tumbling>

function onClose(windows: WindowsSpec): Plan {
  const builder = new StreamsBuilder()
  const windowed = builder.stream('in', texts).groupByKey()
  const counts = windowed.windowedBy(windows as Tumbling, { emitStrategy: 'on-close' }).count({ name: 'count' })
  toOut(counts.toStream() as Counts<bigint>)
  return builder.build()
}

function suppressed(windows: WindowsSpec): Plan {
  const builder = new StreamsBuilder()
  const counts = builder
    .stream('in', texts)
    .groupByKey()
    .windowedBy(windows as Tumbling)
    .count({ name: 'count' })
  toOut(counts.suppress({ until: 'window-closes' }).toStream() as Counts<bigint>)
  return builder.build()
}

function define(steps: (builder: StreamsBuilder) => KStream<string, string | null>): Plan {
  const builder = new StreamsBuilder()
  steps(builder).to('out', texts)
  return builder.build()
}

const idle = { idleAdvanceMs: 50, initialWallClockMs: NOW } satisfies TopologyTestDriverOptions

async function opened(plan: Plan, options: TopologyTestDriverOptions = {}) {
  const driver = await TopologyTestDriver.create(plan, { ...idle, ...options })
  const out = driver.createOutputTopic('out', texts)
  return {
    driver,
    pipe: (key: string, value: string, afterStart: number, topic = 'in') =>
      driver.createInputTopic(topic, texts).pipeInput(key, value, { timestamp: START + afterStart }),
    /** What has come out since, and at which time. */
    read: () => out.readRecordsToList().map(({ value, timestamp }) => `${value} (${timestamp - START})`),
    late: () =>
      driver
        .metrics()
        .filter(({ name, tags }) => name === 'dropped-records' && tags['reason'] === 'late')
        .reduce((sum, { value }) => sum + value, 0),
    [Symbol.asyncDispose]: () => driver.close(),
  }
}

const windows = joinWindows({ timeDifferenceMs: 100, graceMs: 20 })
const pair = (one: string | null, other: string | null) => `${one}+${other}`

// Each has a record at 10 whose result waits for so long, when nothing but time brings it out.
const cases: readonly [string, Plan, waitsMs: number, out: string][] = [
  ['a tumbling window', onClose(tumbling({ sizeMs: 100, graceMs: 29 })), 119, '0: 1 (10)'],
  ['a hopping window', onClose(hopping({ sizeMs: 100, advanceMs: 100, graceMs: 29 })), 119, '0: 1 (10)'],
  ['a sliding window', onClose(sliding({ timeDifferenceMs: 100, graceMs: 119 })), 120, '-90: 1 (10)'],
  ['a session', onClose(sessions({ inactivityGapMs: 100, graceMs: 19 })), 120, '10: 1 (10)'],
  ['a suppressed window', suppressed(tumbling({ sizeMs: 100, graceMs: 29 })), 119, '0: 1 (10)'],
  ['a suppressed session', suppressed(sessions({ inactivityGapMs: 100, graceMs: 19 })), 119, '10: 1 (10)'],
  [
    'a suppressed update',
    define(builder => builder.table('in', texts).suppress({ until: 'time-limit', waitMs: 120 }).toStream()),
    120,
    'a (10)',
  ],
  [
    'a record without a partner in a left join',
    define(builder => builder.stream('in', texts).leftJoin(builder.stream('other', texts), pair, { windows })),
    121,
    'a+null (10)',
  ],
  [
    'a record without a partner in an outer join, of the left stream',
    define(builder => builder.stream('in', texts).outerJoin(builder.stream('other', texts), pair, { windows })),
    121,
    'a+null (10)',
  ],
  [
    'a record without a partner in an outer join, of the right stream',
    define(builder => builder.stream('other', texts).outerJoin(builder.stream('in', texts), pair, { windows })),
    121,
    'null+a (10)',
  ],
  [
    'a record that waits for late versions',
    define(builder => {
      const store = { name: 'versions', historyRetentionMs: 1000 }
      return builder.stream('in', texts).leftJoin(builder.table('other', { ...texts, store }), pair, { graceMs: 120 })
    }),
    120,
    'a+null (10)',
  ],
]

describe.each([{ caching: 'off' }, { caching: 'as-planned' }] as const)('with caching $caching', options => {
  it.each(cases)('brings out %s when nothing comes', async (_which, plan, waitsMs, out) => {
    await using test = await opened(plan, options)
    await test.pipe('k', 'a', 10)
    await test.driver.advanceWallClock(waitsMs - 1)
    expect(test.read()).toEqual([])
    await test.driver.advanceWallClock(1)
    expect(test.read()).toEqual([out])
    await test.driver.advanceWallClock(10_000)
    expect(test.read()).toEqual([])
  })
})

it.each(cases)('leaves %s where it is without idleAdvanceMs', async (_which, plan) => {
  await using driver = await TopologyTestDriver.create(plan, { initialWallClockMs: NOW })
  await driver.createInputTopic('in', texts).pipeInput('k', 'a', { timestamp: START + 10 })
  await driver.advanceWallClock(100_000)
  expect(driver.createOutputTopic('out', texts).isEmpty).toBe(true)
})

describe('stream time', () => {
  const plan = onClose(tumbling({ sizeMs: 100, graceMs: 0 }))

  it('moves on only after nothing has come for so long, and then by all of it', async () => {
    await using test = await opened(plan)
    await test.pipe('k', 'a', 90)
    await test.driver.advanceWallClock(40)
    await test.pipe('k', 'b', 91)
    await test.driver.advanceWallClock(49)
    expect(test.read()).toEqual([])
    await test.driver.advanceWallClock(1)
    expect(test.read()).toEqual(['0: 2 (91)'])
  })

  it('makes what comes then with an earlier time late, and that is counted', async () => {
    await using test = await opened(plan)
    await test.pipe('k', 'a', 90)
    await test.driver.advanceWallClock(50)
    await test.pipe('k', 'late', 95)
    await test.pipe('k', 'in time', 120)
    await test.driver.advanceWallClock(200)
    expect(test.read()).toEqual(['0: 1 (90)', '100: 1 (120)'])
    expect(test.late()).toBe(1)
  })

  it('does not pass the wall clock', async () => {
    await using test = await opened(plan, { initialWallClockMs: START + 20 })
    await test.pipe('k', 'of a clock that is ahead', 90)
    await test.driver.advanceWallClock(79)
    expect(test.read()).toEqual([])
    await test.driver.advanceWallClock(1)
    expect(test.read()).toEqual(['0: 1 (90)'])
  })

  it('does not begin before the first record', async () => {
    await using test = await opened(plan)
    await test.driver.advanceWallClock(1000)
    await test.pipe('k', 'a', 0)
    await test.pipe('k', 'b', 90)
    expect([test.read(), test.late()]).toEqual([[], 0])
  })

  it('goes on after a restart from the last record', async () => {
    await using test = await opened(plan)
    await test.pipe('k', 'a', 90)
    await test.driver.removeInstance(0)
    await test.driver.addInstance()
    await test.driver.advanceWallClock(49)
    expect(test.read()).toEqual([])
    await test.driver.advanceWallClock(1)
    expect(test.read()).toEqual(['0: 1 (90)'])
  })

  it('stands still while the broker does not say that there is nothing more', async () => {
    let faulty: FaultyFactory<MemoryClient> | undefined
    let broken = false
    await using test = await opened(plan, {
      client: (cluster, clock) =>
        (faulty ??= withFaults(memoryClient(cluster), {
          seed: 1,
          clock,
          cluster,
          probabilities: { 'drop-request': 1 },
          applies: operation => broken && operation === 'admin.latestOffsets',
        })),
    })
    await test.pipe('k', 'a', 90)
    broken = true
    await test.driver.advanceWallClock(50)
    expect(test.read()).toEqual([])
    expect(faulty?.log).not.toEqual([])
    broken = false
    await test.driver.advanceWallClock(1)
    expect(test.read()).toEqual(['0: 1 (90)'])
  })

  it('stands still while an asynchronous call is under way', async () => {
    let finish: (() => void) | undefined
    const builder = new StreamsBuilder()
    const waits = builder
      .stream('in', texts)
      .mapValuesAsync(
        value =>
          value === 'slow' && finish === undefined
            ? new Promise<string>(resolve => void (finish = () => resolve(value)))
            : value,
        { timeoutMs: 60_000 },
      )
    const counts = waits
      .groupByKey(texts)
      .windowedBy(tumbling({ sizeMs: 100, graceMs: 0 }), { emitStrategy: 'on-close' })
      .count()
    toOut(counts.toStream() as Counts<bigint>)
    await using test = await opened(builder.build())
    await test.pipe('k', 'a', 90)
    const piped = test.pipe('k', 'slow', 95)
    while (finish === undefined) await new Promise(resolve => void setImmediate(resolve))
    finish()
    await piped
    await test.driver.advanceWallClock(50)
    expect([test.read(), test.late()]).toEqual([['0: 2 (95)'], 0])
  })
})

describe('windows of windows', () => {
  const size = tumbling({ sizeMs: 100, graceMs: 0 })
  const tens = tumbling({ sizeMs: 10, graceMs: 0 })
  const firsts = {
    'on-close': builder => clicks(builder).windowedBy(size, { emitStrategy: 'on-close' }).count(),
    suppressed: builder => clicks(builder).windowedBy(size).count().suppress({ until: 'window-closes' }),
    cached: builder => clicks(builder).windowedBy(size).count(),
  } satisfies Record<string, (builder: StreamsBuilder) => KTable<Windowed<string>, bigint, SerdeSide>>
  const clicks = (builder: StreamsBuilder) => builder.stream('in', texts).groupByKey()

  function inOneTask(builder: StreamsBuilder, first: KTable<Windowed<string>, bigint, SerdeSide>): void {
    const again = first.toStream().groupByKey().windowedBy(tens, { emitStrategy: 'on-close' }).count()
    again
      .toStream()
      .map((count, { key, window }) => [key.key, `${window.start - START}: ${count}`])
      .to('out', texts)
  }

  function inTwoTasks(builder: StreamsBuilder, first: KTable<Windowed<string>, bigint, SerdeSide>): void {
    const moved = first.toStream((_value, { key }) => key).groupByKey({ key: string(), value: long() })
    toOut(moved.windowedBy(tens, { emitStrategy: 'on-close' }).count().toStream() as Counts<bigint>)
  }

  it.each([
    ['on-close', 'in one task', inOneTask, 10],
    ['on-close', 'in one task', inOneTask, 1000],
    ['on-close', 'in two tasks', inTwoTasks, 10],
    ['suppressed', 'in one task', inOneTask, 10],
    ['suppressed', 'in one task', inOneTask, 1000],
    ['suppressed', 'in two tasks', inTwoTasks, 10],
  ] as const)('are not too late for what those above still hold back: %s, %s', async (how, _where, define, step) => {
    const builder = new StreamsBuilder()
    define(builder, firsts[how](builder))
    await using test = await opened(builder.build())
    await test.pipe('k', 'a', 10)
    for (let ms = 0; ms < 150; ms += 10) await test.driver.advanceWallClock(10)
    await test.pipe('k', 'b', 110)
    for (let ms = 0; ms < 1000; ms += step) await test.driver.advanceWallClock(step)
    expect([test.read(), test.late()]).toEqual([['10: 1 (10)', '110: 1 (110)'], 0])
  })

  it('are not too late for what a cache holds back until the commit', async () => {
    const builder = new StreamsBuilder()
    inOneTask(builder, firsts.cached(builder))
    await using test = await opened(builder.build(), { commitEachRecord: false, commitIntervalMs: 500 })
    await test.pipe('k', 'a', 10)
    await test.driver.advanceWallClock(90)
    await test.driver.advanceWallClock(410)
    await test.driver.advanceWallClock(500)
    expect([test.read(), test.late()]).toEqual([['10: 1 (10)'], 0])
  })
})

it.each([
  ['suppressed', suppressed(tumbling({ sizeMs: 100, graceMs: 0 }))],
  ['on-close', onClose(tumbling({ sizeMs: 100, graceMs: 0 }))],
])('knows after a restart what is final: %s', async (_how, plan) => {
  await using test = await opened(plan)
  await test.pipe('k', 'a', 90)
  await test.driver.advanceWallClock(50)
  expect(test.read()).toEqual(['0: 1 (90)'])
  await test.driver.removeInstance(0, { crash: true })
  await test.driver.addInstance()
  await test.pipe('k', 'late', 95)
  await test.driver.advanceWallClock(1000)
  expect([test.read(), test.late()]).toEqual([[], 1])
})

it.each(['at_least_once', 'exactly_once'] as const)('brings nothing out twice after a crash: %s', async guarantee => {
  await using test = await opened(onClose(tumbling({ sizeMs: 100, graceMs: 0 })), { processingGuarantee: guarantee })
  await test.pipe('k', 'a', 90)
  await test.driver.advanceWallClock(50)
  await test.driver.removeInstance(0, { crash: true })
  await test.driver.addInstance()
  await test.driver.advanceWallClock(10_000)
  expect(test.read()).toEqual(['0: 1 (90)'])
})

it('does what a record of another key with that time would do', async () => {
  const plans: Readonly<Record<string, Plan>> = {
    'tumbling windows': onClose(tumbling({ sizeMs: 200, graceMs: 50 })),
    'hopping windows': onClose(hopping({ sizeMs: 200, advanceMs: 50, graceMs: 30 })),
    'sliding windows': onClose(sliding({ timeDifferenceMs: 200, graceMs: 50 })),
    sessions: onClose(sessions({ inactivityGapMs: 100, graceMs: 50 })),
    'suppressed windows': suppressed(tumbling({ sizeMs: 200, graceMs: 50 })),
    'suppressed sessions': suppressed(sessions({ inactivityGapMs: 100, graceMs: 50 })),
    'an outer join': define(builder => {
      const stream = builder.stream('in', texts)
      const odd = stream.filter(value => Number(value) % 2 === 1)
      const even = stream.filter(value => Number(value) % 2 === 0)
      const near = joinWindows({ timeDifferenceMs: 100, graceMs: 50 })
      return odd.outerJoin(even, pair, { windows: near }).filter(value => !value.includes(TICK))
    }),
    deduplicate: define(builder =>
      builder.stream('in', texts).deduplicate({ by: () => 'x', id: string(), withinMs: 100, graceMs: 150 }),
    ),
  }
  const steps = fc.array(
    fc.oneof(
      fc.record({ key: fc.constantFrom('a', 'b'), moves: fc.integer({ min: -250, max: 250 }) }),
      fc.record({ waits: fc.constantFrom(10, 50, 60, 100) }),
    ),
    { maxLength: 15 },
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.keys(plans)), steps, async (which, todo) => {
      const plan = plans[which]!
      await using idling = await opened(plan)
      await using ticking = await opened(plan, { idleAdvanceMs: undefined as never })
      let [now, highest, quiet, number] = [2000, -1, 0, 0]
      for (const step of todo) {
        if ('waits' in step) {
          quiet += step.waits
          await idling.driver.advanceWallClock(step.waits)
          if (quiet >= 50 && highest >= 0) {
            // For the join one of each side.
            await ticking.pipe('tick', TICK, highest + quiet)
            await ticking.pipe('tick', `${TICK}1`, highest + quiet)
          }
          continue
        }
        now += step.moves
        highest = Math.max(highest, now)
        quiet = 0
        for (const test of [idling, ticking]) await test.pipe(step.key, String(number), now)
        number++
      }
      const found = ticking.driver.createOutputTopic('out', texts).readRecordsToList()
      const expected = found
        .filter(({ key }) => key !== 'tick')
        .map(({ value, timestamp }) => `${value} (${timestamp - START})`)
      expect(idling.read()).toEqual(expected)
    }),
    { numRuns: 150 },
  )
})

/** The value of a record that is there for its time only; an even number. */
const TICK = '777770'
