import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { json, long, StreamsBuilder, string, systemClock } from '@millrace/core'
import { defineApplication, silentLogger } from '@millrace/runtime'

/** The Kafka of the application, for what tests write and read there. */
export const cluster = new MemoryCluster({ clock: systemClock })
for (const name of ['orders', 'per-item', 'dead']) cluster.createTopic({ name, partitions: 2 })

export interface Order {
  readonly item: string
  readonly amount: number
}

const builder = new StreamsBuilder()
builder
  .stream('orders', { key: string(), value: json<Order>() })
  .mapValues(order => {
    if (order.amount < 0) throw new RangeError(`an amount of ${order.amount}`)
    return order
  })
  .groupBy(({ item }) => item, { key: string(), value: json<Order>() })
  .count({ store: 'counts' })
  .toStream()
  .to('per-item', { key: string(), value: long() })

export const application = defineApplication(builder.build(), {
  applicationId: 'shop',
  client: memoryClient(cluster),
  logger: silentLogger,
  commitIntervalMs: 20,
  onBadRecord: { deadLetterTopic: 'dead' },
})
