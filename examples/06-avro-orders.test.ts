/**
 * Avro with a schema registry, while schemas evolve: an old and a new version of a producer write side by side, and the application reads
 * both as the version that it knows. The registry runs in this process; production has the URL of its own.
 *
 *     npx vitest run examples/06-avro-orders.test.ts
 */
import { avro, schemaRegistry, startRegistry } from '@millrace/schema-registry'
import { TopologyTestDriver } from '@millrace/testing'
import { StreamsBuilder, string } from 'millrace'
import { expect, test } from 'vitest'

const FIRST = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'customer', type: 'string' },
    { name: 'price', type: 'int' },
  ],
} as const

// A price may have cents now, and the currency is new: its default stands for all orders that were written before.
const SECOND = {
  ...FIRST,
  fields: [
    { name: 'customer', type: 'string' },
    { name: 'price', type: 'double' },
    { name: 'currency', type: 'string', default: 'EUR' },
  ],
} as const

test('old and new orders are summed alike', async () => {
  await using running = await startRegistry()
  // Each program has a client of its own.
  const registry = () => schemaRegistry({ url: running.url })
  const order = avro(SECOND, { registry: registry() })

  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: string(), value: order })
    .groupByKey()
    .reduce((sum, next) => ({ ...next, price: sum.price + next.price }), { store: { name: 'sums', caching: false } })
    .toStream()
    .to('sums', { key: string(), value: order })

  await using driver = await TopologyTestDriver.create(builder.build())
  const old = driver.createInputTopic('orders', { key: string(), value: avro(FIRST, { registry: registry() }) })
  const current = driver.createInputTopic('orders', { key: string(), value: avro(SECOND, { registry: registry() }) })
  await old.pipeInput('ada', { customer: 'Ada', price: 3 })
  await current.pipeInput('ada', { customer: 'Ada', price: 1.5, currency: 'EUR' })
  await old.pipeInput('ada', { customer: 'Ada', price: 2 })

  const sums = driver.createOutputTopic('sums', { key: string(), value: order })
  expect(sums.readValuesToList()).toEqual([
    { customer: 'Ada', price: 3, currency: 'EUR' },
    { customer: 'Ada', price: 4.5, currency: 'EUR' },
    { customer: 'Ada', price: 6.5, currency: 'EUR' },
  ])
})

// What the shop writes next year: the application does not know it yet.
const THIRD = {
  ...SECOND,
  fields: [...SECOND.fields, { name: 'coupon', type: ['null', 'string'], default: null }],
} as const

test('a new version of the schema appears while the application runs', async () => {
  await using running = await startRegistry()
  const registry = () => schemaRegistry({ url: running.url })
  const order = avro(SECOND, { registry: registry() })
  const builder = new StreamsBuilder()
  builder.stream('orders', { key: string(), value: order }).to('seen', { key: string(), value: order })
  await using driver = await TopologyTestDriver.create(builder.build())
  const seen = driver.createOutputTopic('seen', { key: string(), value: order })

  const old = driver.createInputTopic('orders', { key: string(), value: avro(FIRST, { registry: registry() }) })
  await old.pipeInput('ada', { customer: 'Ada', price: 3 })

  // The first record of the new producer registers its schema. The application asks for it when it meets the record, and leaves out what it
  // does not know. The old producer goes on.
  const next = driver.createInputTopic('orders', { key: string(), value: avro(THIRD, { registry: registry() }) })
  await next.pipeInput('ada', { customer: 'Ada', price: 1.5, currency: 'CHF', coupon: 'spring' })
  await old.pipeInput('ada', { customer: 'Ada', price: 2 })
  expect(seen.readValuesToList()).toEqual([
    { customer: 'Ada', price: 3, currency: 'EUR' },
    { customer: 'Ada', price: 1.5, currency: 'CHF' },
    { customer: 'Ada', price: 2, currency: 'EUR' },
  ])

  // A version that the readers of older ones could not read is refused before anything is written.
  const wrong = { ...SECOND, fields: [...SECOND.fields, { name: 'tax', type: 'double' }] } as const
  const careless = driver.createInputTopic('orders', { key: string(), value: avro(wrong, { registry: registry() }) })
  const value = { customer: 'Ada', price: 1, currency: 'EUR', tax: 0.2 }
  await expect(careless.pipeInput('ada', value)).rejects.toThrow('READER_FIELD_MISSING_DEFAULT_VALUE')
})
