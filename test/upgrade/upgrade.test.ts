import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  diffTopologies,
  json,
  type KafkaStreamsOptions,
  long,
  type Plan,
  rocksdb,
  StreamsBuilder,
  string,
} from 'millrace'
import { describe, expect, it } from 'vitest'
import { type MemoryApps, memoryApps } from '../bad-input/memory-app.ts'
import { eventually } from '../topic-io.ts'

const texts = { key: string(), value: string() }
const numbers = { key: string(), value: long() }
const byWord = (word: string) => word

function planOf(build: (b: StreamsBuilder) => void): Plan {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}

/** Counts words; everything that is kept has a name. */
const version1 = planOf(b =>
  b
    .stream('in', texts)
    .filter(() => true, { name: 'only-words' })
    .groupBy(byWord, { ...texts, name: 'by-word' })
    .count({ store: 'counts' })
    .toStream()
    .to('out', numbers),
)

/** The same with generated names throughout. */
const generated = (operatorsInFront: number) =>
  planOf(b => {
    let words = b.stream('in', texts)
    for (let each = 0; each < operatorsInFront; each++) words = words.filter(() => true)
    words.groupBy(byWord, texts).count().toStream().to('out', numbers)
  })

async function withTopics(): Promise<MemoryApps> {
  const apps = await memoryApps()
  for (const topic of ['in', 'out', 'other', 'other-out']) await apps.io.createTopic(topic, 2)
  return apps
}

/** Runs a version until it has counted these words once more, and gives the counts that it has written for them. */
async function run(apps: MemoryApps, plan: Plan, words: string, options: Partial<KafkaStreamsOptions> = {}) {
  const app = apps.app(plan, { store: rocksdb(), processingGuarantee: 'exactly_once', ...options })
  await app.start()
  const list = words.split(' ')
  const before = (await apps.io.readAll('out')).length
  await apps.io.produce(
    'in',
    list.map((value, n) => ({ partition: n % 2, key: null, value, timestamp: 1_000 })),
  )
  const latest = async () => {
    const records = (await apps.io.readAll('out')).slice(before)
    return new Map(records.map(({ key, value }) => [String(key), Number(value!.readBigInt64BE())]))
  }
  const counts = await eventually('the counts', 20_000, latest, found => list.every(word => found.has(word)))
  await app.close()
  return Object.fromEntries(counts)
}

const freshDisk = (apps: MemoryApps) => rm(join(apps.stateDir, 'app'), { recursive: true, force: true })

describe('an upgrade that keeps its state', () => {
  it.each<[string, (b: StreamsBuilder) => void]>([
    [
      'an operator without state is renamed',
      b =>
        b
          .stream('in', texts)
          .filter(() => true, { name: 'words' })
          .groupBy(byWord, { ...texts, name: 'by-word' })
          .count({ store: 'counts' })
          .toStream()
          .to('out', numbers),
    ],
    [
      'operators are put in front',
      b =>
        b
          .stream('in', texts)
          .peek(() => undefined)
          .mapValues(word => word)
          .groupBy(byWord, { ...texts, name: 'by-word' })
          .count({ store: 'counts' })
          .toStream()
          .to('out', numbers),
    ],
    [
      'a branch with a store of its own is added',
      b => {
        const words = b.stream('in', texts).filter(() => true, { name: 'only-words' })
        words
          .groupBy(byWord, { ...texts, name: 'by-word' })
          .count({ store: 'counts' })
          .toStream()
          .to('out', numbers)
        words
          .groupBy(word => word.slice(0, 1), { ...texts, name: 'by-letter' })
          .count({ store: 'letters' })
          .toStream()
          .to('other-out', numbers)
      },
    ],
    [
      'another part of the topology comes first, so that tasks have other ids',
      b => {
        b.stream('other', texts).groupByKey().count({ store: 'others' }).toStream().to('other-out', numbers)
        b.stream('in', texts)
          .groupBy(byWord, { ...texts, name: 'by-word' })
          .count({ store: 'counts' })
          .toStream()
          .to('out', numbers)
      },
    ],
  ])('%s: counts go on, with the state directory and without', async (_what, build) => {
    await using apps = await withTopics()
    const version2 = planOf(build)
    expect(diffTopologies(version1, version2).stores).toMatchObject({ kept: ['counts'], lost: [], changed: [] })
    expect(await run(apps, version1, 'a b')).toEqual({ a: 1, b: 1 })
    expect(await run(apps, version2, 'a c')).toEqual({ a: 2, c: 1 })
    await freshDisk(apps)
    expect(await run(apps, version2, 'a b')).toEqual({ a: 3, b: 2 })
    // And back.
    expect(await run(apps, version1, 'a b c')).toEqual({ a: 4, b: 3, c: 2 })
  })
})

describe('an upgrade that would lose or misread its state', () => {
  it('is refused where a generated name has moved, and version 1 goes on', async () => {
    await using apps = await withTopics()
    const refusal = {
      code: 'MILLRACE_TOPOLOGY_INCOMPATIBLE',
      message: expect.stringMatching(/KSTREAM-AGGREGATE-STATE-STORE-\d{9}2.* is now called .*STORE-\d{9}3/) as unknown,
    }
    expect(await run(apps, generated(0), 'a b')).toEqual({ a: 1, b: 1 })
    await expect(run(apps, generated(1), 'a')).rejects.toMatchObject(refusal)
    expect(await run(apps, generated(0), 'a')).toEqual({ a: 2 })
    // As on a new machine: Kafka knows still.
    await freshDisk(apps)
    await expect(run(apps, generated(1), 'a')).rejects.toMatchObject(refusal)
    expect(await run(apps, generated(0), 'a')).toEqual({ a: 3 })
    // Whoever wants it gets it, and is not asked again.
    expect(await run(apps, generated(1), 'a', { onTopologyChange: 'accept' })).toEqual({ a: 1 })
    expect(apps.lines.filter(({ message }) => message.includes('some state is no longer used'))).not.toEqual([])
    expect(await run(apps, generated(1), 'a')).toEqual({ a: 2 })
    await freshDisk(apps)
    expect(await run(apps, generated(1), 'a')).toEqual({ a: 3 })
  })

  it.each<[string, (b: StreamsBuilder) => void, string]>([
    [
      'a store has another serde',
      b =>
        b
          .stream('in', texts)
          .groupBy(byWord, { ...texts, name: 'by-word' })
          .reduce((_old, word) => word, { store: 'counts' }),
      'value: ',
    ],
    [
      'a store is of another kind',
      b => b.table('in', { ...texts, store: 'counts' }),
      'operator: aggregate → tableSource',
    ],
    [
      'a repartition topic has other keys',
      b =>
        b
          .stream('in', texts)
          .groupBy(() => 1n, { key: long(), value: string(), name: 'by-word' })
          .count({ store: 'counted' }),
      'topic "by-word-repartition" has changed (key: ',
    ],
  ])('is refused where %s', async (_what, build, message) => {
    await using apps = await withTopics()
    await run(apps, version1, 'a b')
    await expect(run(apps, planOf(build), 'a')).rejects.toMatchObject({
      code: 'MILLRACE_TOPOLOGY_INCOMPATIBLE',
      message: expect.stringContaining(message) as unknown,
    })
    expect(await run(apps, version1, 'a')).toEqual({ a: 2 })
  })
})

it.each<[string, (b: StreamsBuilder) => void]>([
  ['numbers', b => b.stream('in', texts).groupByKey().count({ store: 'words' }).toStream().to('out', numbers)],
  [
    'objects',
    b =>
      b
        .stream('in', texts)
        .groupByKey()
        .aggregate(
          () => ({ n: 0 }),
          ({ n }) => ({ n: n + 1 }),
          { value: json<{ n: number }>(), store: 'words' },
        ),
  ],
])('where nothing was there to refuse the start, the store that is misread is named: %s', async (_what, build) => {
  await using apps = await withTopics()
  const records = [{ partition: 0, key: 'a', value: 'xyz', timestamp: 1_000 }]
  const before = apps.app(
    planOf(b =>
      b
        .stream('in', texts)
        .groupByKey()
        .reduce((_old, word) => word, { store: 'words' })
        .toStream()
        .to('out', texts),
    ),
    { store: rocksdb() },
  )
  await before.start()
  await apps.io.produce('in', records)
  await eventually(
    'the word',
    20_000,
    () => apps.io.readAll('out'),
    ({ length }) => length > 0,
  )
  await before.close()
  await freshDisk(apps)
  const after = apps.app(planOf(build), { store: rocksdb() })
  await after.start()
  await apps.io.produce('in', records)
  await expect(after.ended()).rejects.toMatchObject({
    message: expect.stringContaining('The store "words" holds a value that this topology cannot read: ') as unknown,
    hint: expect.stringContaining('reset the application') as unknown,
  })
})

it('a version that fails to start leaves the state to the one before', async () => {
  await using apps = await withTopics()
  await run(apps, version1, 'a b')
  const failing = planOf(b => b.stream('misspelt', texts).to('out'))
  await expect(run(apps, failing, 'a')).rejects.toMatchObject({ code: 'MILLRACE_TOPIC_MISSING' })
  expect(await run(apps, version1, 'a')).toEqual({ a: 2 })
  // What it would have lost is still known.
  await expect(
    run(
      apps,
      planOf(b => b.table('in', { ...texts, store: 'counts' })),
      'a',
    ),
  ).rejects.toMatchObject({ code: 'MILLRACE_TOPOLOGY_INCOMPATIBLE' })
})
