import { hopping, type Plan, sessions, StreamsBuilder, string, type Windowed } from '@millrace/core'
import { rocksdb } from '@millrace/store-rocksdb'
import { expect, it } from 'vitest'
import { memoryApps } from './memory-app.ts'

const HOUR_MS = 3_600_000
const texts = { key: string(), value: string() }

/** Counts, and gives them with all that the table has known so far. */
const plans: Readonly<Record<string, (keptMs: number) => Plan>> = {
  windows: graceMs =>
    define(builder =>
      builder
        .stream('in', texts)
        .groupByKey()
        .windowedBy(hopping({ sizeMs: 60_000, advanceMs: 60_000, graceMs }))
        .count({ name: 'count', store: 'kept' })
        .toStream((_value: unknown, windowed: Windowed<string>) => windowed.key)
        .mapValues(String),
    ),
  sessions: graceMs =>
    define(builder =>
      builder
        .stream('in', texts)
        .groupByKey()
        .windowedBy(sessions({ inactivityGapMs: 60_000, graceMs }))
        .count({ name: 'count', store: { name: 'kept', caching: false } })
        .toStream((_value: unknown, windowed: Windowed<string>) => windowed.key)
        .filter(count => count !== null)
        .mapValues(String),
    ),
  'a versioned table': historyRetentionMs =>
    define(builder => {
      const versions = builder.table('in', { ...texts, store: { name: 'kept', historyRetentionMs } })
      return builder.stream('questions', texts).leftJoin(versions, (_question, answer) => String(answer))
    }),
}

function define(result: (builder: StreamsBuilder) => { to(topic: string, options: typeof texts): void }): Plan {
  const builder = new StreamsBuilder()
  result(builder).to('out', texts)
  return builder.build()
}

it.each([
  ['windows', 'longer', ['1', '2']],
  ['windows', 'shorter', ['1', '2']],
  ['sessions', 'longer', ['1', '2']],
  ['sessions', 'shorter', ['1', '2']],
  ['a versioned table', 'longer', ['before', 'before']],
  ['a versioned table', 'shorter', ['before', 'before']],
] as const)('finds what is on disk of %s when it is kept %s than before', async (which, how, expected) => {
  await using apps = await memoryApps()
  for (const topic of ['in', 'out', 'questions']) await apps.io.createTopic(topic, 1)
  const at = (topic: string, value: string, timestamp: number) =>
    apps.io.produce(topic, [{ partition: 0, key: Buffer.from('k'), value: Buffer.from(value), timestamp }])
  const versioned = which === 'a versioned table'
  if (versioned) {
    await at('in', 'before', 100 * HOUR_MS)
    await at('in', 'after', 100 * HOUR_MS + 30 * 60_000)
  }
  for (const keptMs of how === 'longer' ? [HOUR_MS, 10 * HOUR_MS] : [10 * HOUR_MS, HOUR_MS]) {
    await at(versioned ? 'questions' : 'in', 'x', 100 * HOUR_MS + 1)
    const app = apps.app(plans[which]!(keptMs), { store: rocksdb({ memoryBytes: 1 << 24 }) })
    await app.start()
    for (const topic of versioned ? ['in', 'questions'] : ['in']) {
      while ((await apps.io.unprocessed('app', topic)) > 0) await new Promise(next => void setTimeout(next, 10))
    }
    await app.close()
  }
  expect((await apps.io.readAll('out')).map(({ value }) => String(value))).toEqual(expected)
})
