import { joinWindows, sessions, sliding, StreamsBuilder, string, tumbling } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { expect, it } from 'vitest'
import type { TopologyTestDriverOptions } from './driver-options.ts'
import { TopologyTestDriver } from './topology-test-driver.ts'

const TEXT = { key: string(), value: string() }
const START = 1_000_000
const WINDOWS = tumbling({ sizeMs: 1_000, graceMs: 0 })
const ON_CLOSE = { emitStrategy: 'on-close' } as const
type Define = (builder: StreamsBuilder) => void

const stream = (builder: StreamsBuilder) => builder.stream('in', TEXT)
const other = (builder: StreamsBuilder) => builder.stream('other', TEXT)
const both = (a: string, b: string | null) => `${a} ${b}`
const NEAR = { windows: joinWindows({ beforeMs: 1_000, afterMs: 1_000, graceMs: 0 }) }

/** The lines that name idleAdvanceMs after a record, and then nothing for a minute, twice. */
async function said(define: Define, options: TopologyTestDriverOptions = {}, topic = 'in'): Promise<string[]> {
  const lines: string[] = []
  const builder = new StreamsBuilder()
  define(builder)
  const driver = await TopologyTestDriver.create(builder.build(), {
    initialWallClockMs: START,
    logger: { ...silentLogger, info: (_fields, message) => void lines.push(message) },
    ...options,
  })
  const input = driver.createInputTopic(topic, TEXT)
  const about = () => lines.filter(line => line.includes('idleAdvanceMs'))
  for (let pause = 0; pause < 2; pause++) {
    await input.pipeInput('k', 'v')
    await driver.advanceWallClock(4_000)
    if (pause === 0) expect(about()).toEqual([])
    await driver.advanceWallClock(56_000)
  }
  await driver.close()
  return about()
}

it.each<[string, Define]>([
  ['windows that emit on close', b => stream(b).groupByKey().windowedBy(WINDOWS, ON_CLOSE).count()],
  [
    'sliding windows',
    b =>
      stream(b)
        .groupByKey()
        .windowedBy(sliding({ timeDifferenceMs: 500, graceMs: 0 }), ON_CLOSE)
        .count(),
  ],
  [
    'sessions',
    b =>
      stream(b)
        .groupByKey()
        .windowedBy(sessions({ inactivityGapMs: 500, graceMs: 0 }), ON_CLOSE)
        .count(),
  ],
  [
    'suppress until windows close',
    b => stream(b).groupByKey().windowedBy(WINDOWS).count().suppress({ until: 'window-closes' }),
  ],
  ['suppress for a while', b => stream(b).groupByKey().count().suppress({ until: 'time-limit', waitMs: 1_000 })],
  ['a left join of streams', b => stream(b).leftJoin(other(b), both, NEAR)],
  ['an outer join of streams', b => other(b).outerJoin(stream(b), (a, c) => `${a} ${c}`, NEAR)],
  [
    'a join that waits for versions',
    b =>
      stream(b).join(b.table('table', { ...TEXT, store: { name: 'versions', historyRetentionMs: 60_000 } }), both, {
        graceMs: 1_000,
      }),
  ],
])('results that wait for a later record are said to wait, once: %s', async (_what, define) => {
  expect(await said(define)).toHaveLength(1)
})

it.each<[string, Define, TopologyTestDriverOptions]>([
  ['windows that emit each update', b => stream(b).groupByKey().windowedBy(WINDOWS).count(), {}],
  ['an inner join of streams', b => stream(b).join(other(b), both, NEAR), {}],
  ['no operator with time', b => stream(b).to('out'), {}],
  [
    'stream time that moves on by itself',
    b => stream(b).groupByKey().windowedBy(WINDOWS, ON_CLOSE).count(),
    { idleAdvanceMs: 100 },
  ],
])('nothing is said of %s', async (_what, define, options) => {
  expect(await said(define, options)).toEqual([])
})

it('nothing is said while nothing waits', async () => {
  expect(await said(b => stream(b).leftJoin(other(b), both, NEAR), {}, 'other')).toEqual([])
})
