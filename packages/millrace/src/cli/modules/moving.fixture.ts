import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { int, json, long, StreamsBuilder, string, systemClock } from '@millrace/core'
import { defineApplication, silentLogger } from '@millrace/runtime'

/** Where the application of Java has run. */
export const cluster = new MemoryCluster({ clock: systemClock })
for (const name of ['orders', 'prices', 'out']) cluster.createTopic({ name, partitions: 2 })

const builder = new StreamsBuilder()
builder.table('prices', { key: string(), value: int(), store: 'prices' })
const orders = builder.stream('orders', { key: string(), value: json<{ item: string }>() })
orders
  .groupBy(({ item }) => item, { key: string(), value: json<{ item: string }>() })
  .count()
  .toStream()
  .to('out', { key: string(), value: long() })
orders.groupByKey().count({ store: 'totals' })

export const application = defineApplication(builder.build({ optimization: ['reuse.ktable.source.topics'] }), {
  applicationId: 'moving',
  client: memoryClient(cluster),
  logger: silentLogger,
})
