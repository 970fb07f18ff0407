import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const prices = builder.table('prices', texts)
builder
  .stream('orders', texts)
  .join(prices, (order, price) => `${order} at ${price}`)
  .to('priced', { value: string() })
export const plan = builder.build()

export const input: Input = [
  [1, 'prices', 'tea', '4'],
  [3, 'orders', 'tea', 'ada'],
  [4, 'orders', 'cake', 'ada'],
  [6, 'prices', 'tea', '5'],
  [5, 'orders', 'tea', 'bob'],
  [7, 'prices', 'tea', null],
  [8, 'orders', 'tea', 'eve'],
  [9, 'orders', 'tea', null],
  [10, 'orders', null, 'kim'],
]
