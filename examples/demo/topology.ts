import { json, long, type Plan, StreamsBuilder, string, timeWindowed, tumbling } from 'millrace'
import { customers, orders, payments } from './shop.ts'

const MINUTE = 60_000

/** Orders of a country in a minute; revenue in cents. */
export interface Sales {
  readonly orders: number
  readonly revenue: number
}

export const sales = { key: timeWindowed(string(), { sizeMs: MINUTE }), value: json<Sales>() }
export const paymentCounts = { key: timeWindowed(string(), { sizeMs: MINUTE }), value: long() }

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

export function shopTopology(prefix = ''): Plan {
  const names = topicNames(prefix)
  // Ten seconds of ours: so long may one process lag behind another before its records count as late.
  const minutes = tumbling({ sizeMs: MINUTE, graceMs: 5 * MINUTE })
  const builder = new StreamsBuilder()

  const people = builder.table(names.customers, { ...customers, store: 'customers' })
  builder
    .stream(names.orders, orders)
    .selectKey(({ customerId }) => customerId)
    .join(people, ({ amount }, { country }) => ({ country, amount }), { key: string() })
    .groupBy(({ country }) => country, {
      key: string(),
      value: json<{ country: string; amount: number }>(),
    })
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
