import { type Plan, StreamsBuilder, string, tumbling } from 'millrace'
import { MINUTE, type Sales, shopSerdes, type ShopSerdes } from './serdes.ts'

/** Names of the demo's topics; on a Kafka that others use too they get a prefix. */
export function topicNames(prefix: string) {
  return {
    customers: `${prefix}customers`,
    orders: `${prefix}orders`,
    payments: `${prefix}payments`,
    sales: `${prefix}sales-per-minute`,
    paymentCounts: `${prefix}payments-per-minute`,
  }
}

export function shopTopology(prefix = '', serdes: ShopSerdes = shopSerdes(undefined)): Plan {
  const { customers, orders, payments, countrySales, sales, paymentCounts } = serdes
  const names = topicNames(prefix)
  // Ten seconds of ours: so long may one process lag behind another before its records count as late.
  const minutes = tumbling({ sizeMs: MINUTE, graceMs: 5 * MINUTE })
  const builder = new StreamsBuilder()

  const people = builder.table(names.customers, { ...customers, store: 'customers' })
  builder
    .stream(names.orders, orders)
    .selectKey(({ customerId }) => customerId)
    .join(people, ({ amount }, { country }) => ({ country, amount }), { key: string() })
    .groupBy(({ country }) => country, countrySales)
    .windowedBy(minutes)
    .aggregate(
      (): Sales => ({ orders: 0, revenue: 0 }),
      (sum, { amount }) => ({ orders: sum.orders + 1, revenue: sum.revenue + amount }),
      { value: sales.value, store: 'sales-per-minute' },
    )
    .toStream()
    .to(names.sales, { key: sales.key })

  builder
    .stream(names.payments, payments)
    .groupBy(({ method }) => method, payments)
    .windowedBy(minutes)
    .count({ store: 'payments-per-minute' })
    .toStream()
    .to(names.paymentCounts, { key: paymentCounts.key })
  return builder.build()
}
