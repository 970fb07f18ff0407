import { json, StreamsBuilder, string, tumbling, type KStream } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }
const numbers = { key: string(), value: json<number>() }

/** Fails on what is made of a bad record, and on nothing else. */
function check<T>(value: T): T {
  if (String(value).includes('bad')) throw new Error(`no ${String(value)}`)
  return value
}

/** Each has state and output above the place where bad records fail. `stores` are read at the end. */
const topologies: Record<
  string,
  { readonly stores: readonly string[]; readonly make: (builder: StreamsBuilder) => void }
> = {
  'below an aggregate': {
    stores: ['joined'],
    make: builder => {
      const input = builder.stream('in', texts)
      input.to('first', texts)
      input
        .groupByKey()
        .reduce((all, value) => `${all},${value}`, { ...texts, store: 'joined' })
        .toStream()
        .mapValues(check)
        .to('out', texts)
    },
  },
  'in the second branch': {
    stores: ['last'],
    make: builder => {
      const input = builder.stream('in', texts)
      input
        .toTable({ ...texts, store: 'last' })
        .toStream()
        .to('table', texts)
      input.filter(value => check(value) !== '').to('out', texts)
    },
  },
  'below a window': {
    stores: ['windows'],
    make: builder => {
      const input = builder.stream('in', texts)
      input
        .groupByKey()
        .windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
        .reduce((all, value) => `${all},${value}`, { ...texts, store: 'windows' })
        .toStream()
        .map((value, windowed) => [windowed.key, check(value)])
        .to('out', texts)
    },
  },
  'in the third result of a flatMap': {
    stores: ['joined'],
    make: builder => {
      const parts = builder.stream('in', texts).flatMapValues(value => [value, `${value}2`, `${value}3`])
      parts.to('first', texts)
      parts
        .groupByKey(texts)
        .reduce((all, value) => `${all},${value}`, { ...texts, store: 'joined' })
        .toStream()
        .mapValues(value => (value?.endsWith('3') ? check(value) : value))
        .to('out', texts)
    },
  },
  'at an output that cannot encode it': {
    stores: ['joined'],
    make: builder => {
      const input: KStream<string, string> = builder.stream('in', texts)
      input.groupByKey(texts).reduce((all, value) => `${all},${value}`, { ...texts, store: 'joined' })
      input.mapValues(value => (value === 'bad' ? 2n : 1) as number).to('out', numbers)
    },
  },
}

const policies = { continue: 'continue', 'dead letter': { deadLetterTopic: 'dead' } } as const
const guarantees = ['at_least_once', 'exactly_once', 'at_most_once'] as const

const cases = Object.keys(topologies).flatMap(place =>
  Object.keys(policies).flatMap(policy =>
    guarantees.flatMap(guarantee =>
      (['as-planned', 'off'] as const).flatMap(caching =>
        [true, false].map(commitEachRecord => ({ place, policy, guarantee, caching, commitEachRecord })),
      ),
    ),
  ),
)

interface Run {
  readonly stores: readonly unknown[]
  readonly restored: readonly unknown[]
  readonly topics: Readonly<Record<string, readonly unknown[]>>
  readonly last: Readonly<Record<string, unknown>>
  readonly letters: readonly unknown[]
}

async function run(one: (typeof cases)[number], values: readonly (readonly [string, string, number])[]): Promise<Run> {
  const { place, policy, guarantee, caching, commitEachRecord } = one
  const { stores, make } = topologies[place]!
  const builder = new StreamsBuilder()
  make(builder)
  const driver = await TopologyTestDriver.create(builder.build(), {
    onBadRecord: policies[policy as keyof typeof policies],
    processingGuarantee: guarantee,
    caching,
    commitEachRecord,
    instances: 1,
  })
  const input = driver.createInputTopic('in', texts)
  await input.pipeRecords(values.map(([key, value, timestamp]) => ({ key, value, timestamp })))
  await driver.commit()
  const contents = async () => {
    const all: unknown[] = []
    for (const store of stores) {
      all.push(store === 'windows' ? await driver.windowStoreEntries(store) : await driver.storeEntries(store))
    }
    return all
  }
  const before = await contents()
  const read = (topic: string) =>
    driver
      .createOutputTopic(topic, texts)
      .readRecordsToList()
      .map(({ key, value, timestamp }) => ({ key, value, timestamp }))
  const letters = driver.createOutputTopic('dead', texts).readValuesToList()
  const topics: Record<string, readonly { readonly key: unknown; readonly value: unknown }[]> = {}
  for (const topic of ['first', 'table', 'out']) topics[topic] = read(topic)
  const last = Object.fromEntries(
    Object.entries(topics).map(([topic, records]) => [topic, new Map(records.map(({ key, value }) => [key, value]))]),
  )
  await driver.removeInstance(0)
  await driver.addInstance()
  const restored = await contents()
  await driver.close()
  return { stores: before, restored, topics, last, letters }
}

it.each(cases)(
  'leaves nothing behind of a record that fails $place: $policy, $guarantee, caching $caching, each commit $commitEachRecord',
  async one => {
    const records = [
      ['a', '1', 1],
      ['b', 'bad', 2],
      ['a', 'bad', 3],
      ['a', '2', 4],
      ['b', '3', 5],
      ['a', 'bad', 90],
      ['b', '4', 6],
    ] as const
    const good = records.filter(([, value]) => value !== 'bad')
    const [seen, wanted] = [await run(one, records), await run(one, good)]
    expect(seen.stores).toEqual(wanted.stores)
    expect(seen.restored).toEqual(wanted.stores)
    expect(wanted.restored).toEqual(wanted.stores)
    expect(seen.letters).toEqual(one.policy === 'continue' ? [] : ['bad', 'bad', 'bad'])
    // Where a cache has emitted before it was found, more comes out, but what comes last of each key is the same.
    if (one.caching === 'off') expect(seen.topics).toEqual(wanted.topics)
    // What a cache lets through is made after its record: without a transaction nobody takes back what that has sent by then.
    const late = one.caching !== 'off' && one.guarantee === 'at_least_once'
    const left = (one: Run['last']) => (late ? { ...one, first: undefined } : one)
    expect(left(seen.last)).toEqual(left(wanted.last))
  },
)
