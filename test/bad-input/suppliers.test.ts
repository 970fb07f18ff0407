import { customStore, isMillraceError, keyValueStore, type StateStore, StreamsBuilder, string } from '@millrace/core'
import { TopologyTestDriver } from '@millrace/testing'
import { expect, it } from 'vitest'

const texts = { key: string(), value: string() }

class Passing {
  process() {}
  transform(value: string | null) {
    return value
  }
}

type Use = (builder: StreamsBuilder, supplier: () => never) => unknown
const store = () => keyValueStore({ name: 'store', ...texts })

const USES: readonly (readonly [string, Use])[] = [
  ['process', (builder, supplier) => builder.stream('in', texts).process(supplier, { name: 'user' })],
  ['processValues', (builder, supplier) => builder.stream('in', texts).processValues(supplier, { name: 'user' })],
  ['transformValues', (builder, supplier) => builder.table('in', texts).transformValues(supplier, { name: 'user' })],
  [
    'addGlobalStore',
    (b, supplier) => b.addGlobalStore(store(), 'in', { name: 'user', ...texts }, supplier).stream('a', texts),
  ],
  [
    'addReadOnlyStateStore',
    (builder, supplier) => builder.addReadOnlyStateStore(store(), 'in', { name: 'user', ...texts }, supplier),
  ],
]

const shared = new Passing()
const UNUSABLE: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['one object for all tasks', () => shared, /returned the same object twice\. Return a new object/],
  ['nothing', () => undefined, /returned undefined/],
  ['null', () => null, /returned null/],
  ['a promise', async () => await Promise.resolve(new Passing()), /returned a promise/],
  ['a class', () => Passing, /returned a function/],
  ['an object without its function', () => ({}), /returned an object without the function/],
]

it.each(
  USES.flatMap(([method, use]) =>
    UNUSABLE.map(row => ({ method, use, title: row[0], supplier: row[1], text: row[2] })),
  ),
)('refuses a supplier of $method that returns $title', ({ use, supplier, text }) => {
  const builder = new StreamsBuilder()
  use(builder, supplier as () => never)
  expect(() => builder.build()).toThrow(expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_SUPPLIER' }))
  expect(() => builder.build()).toThrow(/"user".*supplier/)
  expect(() => builder.build()).toThrow(text)
})

it.each(USES)('refuses a class as the supplier of %s', (_method, use) => {
  expect(() => use(new StreamsBuilder(), Passing as never)).toThrow(/it is a class: write \(\) => new Passing\(\)/)
})

it.each(USES)('takes a supplier of %s that returns new objects', (_method, use) => {
  const builder = new StreamsBuilder()
  use(builder, (() => new Passing()) as never)
  expect(builder.build().nodes.map(({ name }) => name)).toContain('user')
})

it('leaves what a supplier throws to the start of the task', () => {
  const builder = new StreamsBuilder()
  let connection: Passing | undefined
  builder.stream('in', texts).process(() => {
    if (connection === undefined) throw new Error('no connection yet')
    return connection
  })
  expect(() => builder.build()).not.toThrow()
  connection = new Passing()
  expect(() => builder.build()).toThrow(/the same object twice/)
})

const entries = (open: () => unknown) => {
  const builder = new StreamsBuilder()
  const custom = customStore({ name: 'mine', ...texts, open: open as () => StateStore<string, string> })
  builder.stream('in', texts).process(() => new Passing(), { stores: [custom] })
  return TopologyTestDriver.create(builder.build(), { partitions: 2 })
}

it.each<[string, unknown, RegExp]>([
  ['the same object', { async restore() {} }, /"mine": its function "open" returned the same object twice/],
  ['nothing', undefined, /returned undefined/],
  ['an object without restore', {}, /returned an object without the function restore/],
])('refuses an open of a custom store that returns %s', async (_title, made, text) => {
  const error = await entries(() => made).catch((thrown: unknown) => thrown)
  expect(isMillraceError(error) && error.code).toBe('MILLRACE_TOPOLOGY_SUPPLIER')
  expect(error).toHaveProperty('message', expect.stringMatching(text))
})
