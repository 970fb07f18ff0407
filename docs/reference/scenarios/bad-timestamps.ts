import { fromPayload, json, StreamsBuilder, string } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

interface Order {
  readonly at?: number
}

const builder = new StreamsBuilder()
builder
  .stream('orders', {
    key: string(),
    value: json<Order>(),
    timestampExtractor: fromPayload((order: Order) => order.at && order.at * 1000),
    onBadTimestamp: 'skip',
  })
  .to('timed')
export const plan = builder.build()

export const input: Input = [
  [5, 'orders', 'ada', { at: 2 }],
  [6, 'orders', 'bob', {}], // has no time
  [7, 'orders', 'eve', { at: 3 }],
]
