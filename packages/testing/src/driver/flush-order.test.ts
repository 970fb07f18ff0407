import { long, sessions, sliding, StreamsBuilder, string, tumbling } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from './topology-test-driver.ts'

const texts = { key: string(), value: string() }

type SeesKey = (value: unknown, key: string | { readonly key: string }) => void

/** Tables of each kind of store that caches, of the records in `in`. */
const TABLES: Readonly<Record<string, (builder: StreamsBuilder, see: SeesKey) => unknown>> = {
  'a key-value store': (builder, see) => builder.stream('in', texts).groupByKey().count().toStream().foreach(see),
  'windows updated on change': (builder, see) =>
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(tumbling({ sizeMs: 1_000, graceMs: 0 }))
      .count()
      .toStream()
      .foreach(see),
  'sliding windows': (builder, see) =>
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(sliding({ timeDifferenceMs: 10, graceMs: 0 }))
      .count()
      .toStream()
      .foreach(see),
  sessions: (builder, see) =>
    builder
      .stream('in', texts)
      .groupByKey()
      .windowedBy(sessions({ inactivityGapMs: 1_000, graceMs: 0 }))
      .count()
      .toStream()
      .foreach(see),
  'a stream made into a table': (builder, see) =>
    builder
      .stream('in', texts)
      .toTable({ store: { name: 'latest' } })
      .toStream()
      .foreach(see),
  'a table from a topic': (builder, see) =>
    builder
      .table('in', { ...texts, store: 'rows' })
      .toStream()
      .foreach(see),
  'a mapped table': (builder, see) =>
    builder
      .table('in', texts)
      .mapValues(value => value, { ...texts, store: 'mapped' })
      .toStream()
      .foreach(see),
  'a cogrouped stream': (builder, see) =>
    builder
      .stream('in', texts)
      .groupByKey()
      .cogroup<string>(value => value)
      .aggregate(() => '', texts)
      .toStream()
      .foreach(see),
  'an aggregate of a table': (builder, see) =>
    builder
      .table('in', texts)
      .groupBy((value, key) => [key, value], texts)
      .count()
      .toStream()
      .foreach(see),
}

// As Kafka Streams 4.3.1 has it: what is put again goes to the end of its cache.
it.each(Object.entries(TABLES))('flushes a cache in the order of the last changes: %s', async (_store, table) => {
  const builder = new StreamsBuilder()
  const out: string[] = []
  table(builder, (_value, key) => void out.push(typeof key === 'string' ? key : key.key))
  await using driver = await TopologyTestDriver.create(builder.build())
  const letters = 'abcadb'.split('').map((key, at) => ({ key, value: `${at}`, timestamp: 100 + at }))
  await driver.createInputTopic('in', texts).pipeRecords(letters, { commit: 'once' })
  // Of sessions and sliding windows there are several for a key.
  const last = [...new Set(out.toReversed())].toReversed()
  expect(last.join('')).toBe('cadb')
})

it('counts below a cache what comes in the order of its times', async () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .count()
    .toStream()
    .groupByKey({ key: string(), value: long() })
    .windowedBy(tumbling({ sizeMs: 10, graceMs: 0 }))
    .count()
    .toStream()
    .foreach((_value, { key, window }) => void counted.push(`${key}@${window.start}`))
  const counted: string[] = []
  await using driver = await TopologyTestDriver.create(builder.build())
  const records = [
    { key: 'k0', value: 'a', timestamp: 100 },
    { key: 'k1', value: 'b', timestamp: 150 },
    { key: 'k0', value: 'c', timestamp: 200 },
  ]
  await driver.createInputTopic('in', texts).pipeRecords(records, { commit: 'once' })
  expect(counted).toEqual(['k1@150', 'k0@200'])
})
