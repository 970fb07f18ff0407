import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const prices = builder.table('prices', { ...texts, store: { name: 'prices', historyRetentionMs: 20_000 } })
builder
  .stream('orders', texts)
  .join(prices, (order, price) => `${order} at ${price}`, { graceMs: 5000 })
  .to('priced', { value: string() })
export const plan = builder.build()

export const input: Input = [
  [1, 'prices', 'tea', '4'],
  [6, 'orders', 'tea', 'ada'], // waits until stream time is 11 s
  [5, 'prices', 'tea', '5'], // a correction, in time
  [9, 'orders', 'tea', 'bob'],
  [12, 'orders', 'cake', 'eve'], // lets ada go
  [6, 'orders', 'tea', 'kim'], // later than the grace: joined at once
  [14, 'orders', 'cake', 'eve'], // lets bob go
]
