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
