import { expect, it } from 'vitest'
import { long } from '../serde/number-serdes.ts'
import { string } from '../serde/text-serdes.ts'
import { keyValueStore } from '../state/store-builder.ts'
import { StreamsBuilder } from './streams-builder.ts'

const texts = { key: string(), value: string() }
const seen = () => keyValueStore({ name: 'seen', key: string(), value: long() })
const supplier = () => ({ process() {} })

it('adds and connects a store that is given by its builder, also to several operators', () => {
  const builder = new StreamsBuilder()
  const store = seen()
  const stream = builder.stream('in', texts)
  stream.process(supplier, { name: 'one', stores: [store] })
  stream.processValues(supplier, { name: 'two', stores: [store] })
  builder.table('t', texts).transformValues(() => ({ transform: value => value }), { name: 'three', stores: [store] })
  expect(builder.build().stores.find(({ name }) => name === 'seen')?.processors).toEqual(['one', 'two', 'three'])
})

it('takes a store that was added before, by builder or by name', () => {
  const builder = new StreamsBuilder()
  const store = seen()
  builder
    .addStateStore(store)
    .stream('in', texts)
    .process(supplier, { name: 'one', stores: [store] })
  builder.stream('in', texts).process(supplier, { name: 'two', stores: ['seen'] })
  expect(builder.build().stores.map(({ name, processors }) => [name, processors])).toEqual([['seen', ['one', 'two']]])
})

it('refuses two stores of one name', () => {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).process(supplier, { stores: [seen(), seen()] })
  expect(() => builder.build()).toThrow('MILLRACE_TOPOLOGY_STORE_DUPLICATE')
})

it.each(['addReadOnlyStateStore', 'addGlobalStore'] as const)(
  'takes the builder of a store that %s fills, before or after',
  add => {
    for (const order of ['before', 'after']) {
      const builder = new StreamsBuilder()
      const store = seen()
      const fill = () => builder[add](store, 'filling', { key: string(), value: long(), name: 'filler' }, supplier)
      if (order === 'before') fill()
      builder.stream('in', texts).process(supplier, { name: 'one', stores: [store] })
      builder.stream('in', texts).processValues(supplier, { name: 'two', stores: [store] })
      if (order === 'after') fill()
      const plan = builder.build()
      expect(plan.stores.map(({ name }) => name)).toEqual(['seen'])
      if (add === 'addGlobalStore') expect(plan.globals.map(global => global.store)).toEqual(['seen'])
      else {
        expect(plan.stores[0]?.changelog).toMatchObject({ topic: 'filling', isSource: true })
        expect(plan.stores[0]?.processors).toEqual(expect.arrayContaining(['one', 'two']))
      }
    }
  },
)

it('refuses another builder of the name of a store that a topic fills', () => {
  const builder = new StreamsBuilder()
  builder.addReadOnlyStateStore(seen(), 'filling', { key: string(), value: long() }, supplier)
  builder.stream('in', texts).process(supplier, { stores: [seen()] })
  expect(() => builder.build()).toThrow('MILLRACE_TOPOLOGY_STORE_DUPLICATE')
})

it('a processor that names the store of a global table stays in a sub-topology of its own', () => {
  const builder = new StreamsBuilder()
  builder.globalTable('countries', { ...texts, store: 'known' })
  builder.stream('in', texts).process(supplier, { stores: ['known'] })
  const plan = builder.build()
  expect(plan.globals.map(({ store }) => store)).toEqual(['known'])
  expect(plan.subTopologies).toHaveLength(1)
})
