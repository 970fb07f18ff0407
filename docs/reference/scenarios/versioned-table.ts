import { json, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const prices = builder.table('prices', {
  ...texts,
  store: { name: 'prices', historyRetentionMs: 10_000 },
  onLate: late => late.mapValues(({ value }) => value).to('late-prices', { value: json() }),
})
builder
  .stream('orders', texts)
  .join(prices, (order, price) => `${order} at ${price}`)
  .to('priced', { value: string() })
export const plan = builder.build()

export const input: Input = [
  [2, 'prices', 'tea', '4'],
  [8, 'prices', 'tea', '6'],
  [6, 'orders', 'tea', 'ada'], // late: what was valid then
  [5, 'prices', 'tea', '5'], // a correction
  [6, 'orders', 'tea', 'bob'],
  [9, 'orders', 'tea', 'eve'],
  [16, 'prices', 'tea', '8'],
  [4, 'prices', 'tea', '3'], // older than the history
]
