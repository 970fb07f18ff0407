import { expect, it } from 'vitest'
import { string } from '../serde/text-serdes.ts'
import type { KTable } from './ktable.ts'
import { StreamsBuilder } from './streams-builder.ts'
import { sessions, tumbling } from './windows.ts'

const texts = { key: string(), value: string() }
const named = { ...texts, store: 'named' }
const unnamed = { ...texts, store: {} }
const first = (one: string) => one
const upper = { transform: (value: string) => value.toUpperCase() }

function parts() {
  const builder = new StreamsBuilder()
  const table = builder.table('t', { ...texts, store: 'parent' })
  const other = builder.table('u', texts)
  const stream = builder.stream('s', texts)
  const byKey = stream.groupByKey()
  const byValue = table.groupBy(value => [value, value], texts)
  return { builder, table, other, stream, byKey, byValue }
}

type Parts = ReturnType<typeof parts>
type Make = (of: Parts) => { readonly storeName: string | undefined }

/** Each with what Kafka Streams 4.3.1 answers to `queryableStoreName()` where the store has that name. */
it.each<[string, Make]>([
  ['table', ({ builder }) => builder.table('v', { ...texts, ...named })],
  ['toTable', ({ stream }) => stream.toTable(named)],
  ['filter', ({ table }) => table.filter(() => true, named)],
  ['filterNot', ({ table }) => table.filterNot(() => true, named)],
  ['mapValues', ({ table }) => table.mapValues(first, named)],
  ['transformValues', ({ table }) => table.transformValues(() => upper, named)],
  ['join', ({ table, other }) => table.join(other, first, named)],
  ['outerJoin', ({ table, other }) => table.outerJoin(other, (one, two) => one ?? two ?? '', named)],
  ['join by foreign key', ({ table, other }) => table.join(other, first, first, named)],
  ['count', ({ byKey }) => byKey.count({ store: 'named' })],
  ['reduce', ({ byKey }) => byKey.reduce(first, named)],
  ['windowed count', ({ byKey }) => byKey.windowedBy(tumbling({ sizeMs: 9, graceMs: 0 })).count({ store: 'named' })],
  [
    'session count',
    ({ byKey }) => byKey.windowedBy(sessions({ inactivityGapMs: 9, graceMs: 0 })).count({ store: 'named' }),
  ],
  ['cogroup', ({ byKey }) => byKey.cogroup<string>((_aggregate, value) => value).aggregate(() => '', named)],
  ['count of a table', ({ byValue }) => byValue.count({ store: 'named' })],
  [
    'versioned table',
    ({ builder }) => builder.table('v', { ...texts, store: { name: 'named', historyRetentionMs: 9 } }),
  ],
])('knows the name that was given to the store of: %s', (_of, make) => {
  expect(make(parts()).storeName).toBe('named')
})

it.each<[string, Make]>([
  ['table', ({ other }) => other],
  ['toTable', ({ stream }) => stream.toTable()],
  ['toTable with store settings', ({ stream }) => stream.toTable(unnamed)],
  ['filter of a named table', ({ table }) => table.filter(() => true)],
  ['filter with store settings', ({ table }) => table.filter(() => true, unnamed)],
  ['mapValues of a named table', ({ table }) => table.mapValues(first)],
  ['transformValues of a named table', ({ table }) => table.transformValues(() => upper)],
  ['join', ({ table, other }) => table.join(other, first)],
  ['count', ({ byKey }) => byKey.count()],
  ['count with store settings', ({ byKey }) => byKey.count({ store: { caching: false } })],
  ['windowed count', ({ byKey }) => byKey.windowedBy(tumbling({ sizeMs: 9, graceMs: 0 })).count()],
  ['cogroup', ({ byKey }) => byKey.cogroup<string>((_aggregate, value) => value).aggregate(() => '', unnamed)],
  ['count of a table', ({ byValue }) => byValue.count()],
  ['suppress of a named table', ({ table }) => table.suppress({ until: 'time-limit', waitMs: 1 })],
])('has no name where none was given: %s', (_of, make) => {
  expect(make(parts()).storeName).toBeUndefined()
})

it('does not take a name from an operator that made the table get a store', () => {
  const { builder, table, other } = parts()
  const joined: KTable<string, string> = table.join(other, first)
  expect(builder.build().stores.map(({ name }) => name)).toContain('u-STATE-STORE-0000000002')
  expect([other.storeName, joined.storeName]).toEqual([undefined, undefined])
})

it('has no name for the result of a foreign-key join that is kept nowhere, for which Kafka Streams makes one up', () => {
  const { builder, table, other } = parts()
  expect(table.join(other, first, first).storeName).toBeUndefined()
  expect(
    builder
      .build()
      .stores.map(({ name }) => name)
      .filter(name => name.includes('OUTPUT')),
  ).toEqual([])
})
