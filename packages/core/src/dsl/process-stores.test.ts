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
