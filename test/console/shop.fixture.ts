import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { millraceConsole } from '@millrace/console'
import { queryServer } from '@millrace/query-server'
import {
  json,
  KafkaStreams,
  type KafkaStreamsOptions,
  openTopics,
  silentLogger,
  StreamsBuilder,
  string,
  systemClock,
  tumbling,
} from 'millrace'

export interface Order {
  readonly item: string
  readonly amount: number
}

const MINUTE = 60_000
const orders = { key: string(), value: json<Order>() }
export const EVIL = '<img src=x onerror="window.wasRun = true">'

/** The partition of such an order is stuck. */
export const ENDLESS = 'endless'

/** A shop whose console is served. Some of its orders fail, some come late, and one has a key that would like to be HTML. */
export async function startShop(more: Pick<KafkaStreamsOptions, 'metricsRecordingLevel'> = {}) {
  const client = memoryClient(new MemoryCluster({ clock: systemClock }))
  const topics = await openTopics(client)
  await topics.create(...['orders', 'sales', 'dead'].map(name => ({ name, partitions: 2 })))
  const builder = new StreamsBuilder()
  const end = Promise.withResolvers<void>()
  builder
    .stream('orders', orders)
    .mapValues(order => {
      if (order.amount < 0) throw new RangeError(`an amount of ${order.amount}`)
      return order.item === ENDLESS ? end.promise.then(() => order) : order
    })
    .groupBy(({ item }) => item, orders)
    .windowedBy(tumbling({ sizeMs: MINUTE, graceMs: 0 }))
    .count({ store: 'sales-per-minute' })
    .toStream()
    .map((count, { key }) => [key, Number(count)])
    .to('sales', { key: string(), value: json<number>() })
  builder.stream('orders', orders).toTable({ store: 'latest-orders' })
  const streams = new KafkaStreams(builder.build(), {
    applicationId: 'shop',
    client,
    logger: silentLogger,
    commitIntervalMs: 50,
    onBadRecord: { deadLetterTopic: 'dead' },
    ...more,
  })
  const server = await queryServer(streams, { port: 0, console: millraceConsole(streams) })
  const write = (...records: readonly (readonly [key: string, value: Order, timestamp: number])[]) =>
    topics.write(
      'orders',
      orders,
      records.map(([key, value, timestamp]) => ({ key, value, timestamp })),
    )
  await write(
    ['a', { item: 'tea', amount: 3 }, MINUTE],
    ['b', { item: 'cake', amount: -1 }, MINUTE],
    [EVIL, { item: EVIL, amount: 1 }, 2 * MINUTE],
    ['c', { item: 'tea', amount: 2 }, 10 * MINUTE],
    ['late', { item: 'tea', amount: 2 }, MINUTE],
  )
  await streams.start()
  return {
    url: `${server.url}/console`,
    write,
    streams,
    async [Symbol.asyncDispose]() {
      end.resolve()
      await server.close()
      await streams.close()
      await topics.close()
    },
  }
}
