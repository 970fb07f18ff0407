import { json, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

type Event = { readonly type: 'order'; readonly item: string } | { readonly type: 'payment'; readonly amount: number }

const builder = new StreamsBuilder()
const { orders, payments } = builder
  .stream('events', { key: string(), value: json<Event>() })
  .split()
  .branch({ type: 'order' }, { name: 'orders' })
  .branch({ type: 'payment' }, { name: 'payments' })
  .exhaustive()
orders.mapValues(order => order.item).to('items', { value: string() })
payments.mapValues(payment => payment.amount).to('amounts', { value: json<number>() })
export const plan = builder.build()

export const input: Input = [
  [1, 'events', 'ada', { type: 'order', item: 'tea' }],
  [2, 'events', 'ada', { type: 'payment', amount: 3 }],
]
