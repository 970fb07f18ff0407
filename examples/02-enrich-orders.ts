/**
 * Adds to each order what is known of its customer: a stream joined with a table.
 *
 *     node --conditions=millrace-source examples/02-enrich-orders.ts
 *     KAFKA_BROKERS=localhost:9092 node --conditions=millrace-source examples/02-enrich-orders.ts
 */
import {
  kafka,
  json,
  KafkaStreams,
  memoryClient,
  MemoryCluster,
  openTopics,
  type Plan,
  StreamsBuilder,
  string,
  systemClock,
} from 'millrace'
import { z } from 'zod'

// Any Standard Schema validator will do. What is read is checked, and types follow from the schemas.
const order = json(z.object({ customerId: z.string(), item: z.string(), price: z.number().positive() }))
const customer = json(z.object({ name: z.string(), country: z.string() }))
const enrichedOrder = json<{ item: string; price: number; name: string; country: string }>()

export function enrichOrders(): Plan {
  const builder = new StreamsBuilder()
  // A table: for each customer the last record counts.
  const customers = builder.table('customers', { key: string(), value: customer })
  builder
    .stream('orders', { key: string(), value: order })
    // Orders come by their own id. A join needs the same key on both sides.
    .selectKey(({ customerId }) => customerId)
    .join(customers, ({ item, price }, { name, country }) => ({ item, price, name, country }), { key: string() })
    .to('enriched-orders', { value: enrichedOrder })
  return builder.build()
}

const CUSTOMERS = [
  { key: 'c1', value: { name: 'Ada', country: 'GB' } },
  { key: 'c2', value: { name: 'Emmy', country: 'DE' } },
  { key: 'c1', value: { name: 'Ada', country: 'FR' } }, // she has moved
]
const ORDERS = [
  { key: 'o1', value: { customerId: 'c1', item: 'tea', price: 4.5 } },
  { key: 'o2', value: { customerId: 'c2', item: 'coffee', price: 6 } },
  { key: 'o3', value: { customerId: 'c9', item: 'water', price: 1 } }, // nobody knows c9: an inner join leaves it out
  { key: 'o4', value: { customerId: 'c1', item: 'cake', price: 3.25 } },
]

async function main(): Promise<void> {
  const brokers = process.env['KAFKA_BROKERS']
  const client = brokers ? kafka({ brokers }) : memoryClient(new MemoryCluster({ clock: systemClock }))

  await using topics = await openTopics(client)
  // Customers and the repartitioned orders meet partition by partition, so their numbers of partitions have to be equal;
  // those of the repartition topic follow from `orders`. Otherwise `start` says what to change.
  const partitions = 3
  await topics.create(
    { name: 'customers', partitions },
    { name: 'orders', partitions },
    { name: 'enriched-orders', partitions },
  )
  const results = await topics.read('enriched-orders', { key: string(), value: enrichedOrder }, { from: 'latest' })
  await topics.write('customers', { key: string(), value: customer }, CUSTOMERS)
  await topics.write('orders', { key: string(), value: order }, ORDERS)

  await using streams = new KafkaStreams(enrichOrders(), {
    applicationId: 'enrich-orders',
    client,
    // A record that is no order, or that the schema refuses, must not stop the others.
    onBadRecord: 'continue',
  })
  await streams.start()

  let left = ORDERS.filter(({ value }) => value.customerId !== 'c9').length
  for await (const { key, value } of results) {
    console.log(`${key} ${value?.name} in ${value?.country}: ${value?.item} for ${value?.price}`)
    if (--left === 0) break
  }
}

if (import.meta.main) await main()
