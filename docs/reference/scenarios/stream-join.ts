import { joinWindows, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const orders = builder.stream('orders', texts)
const payments = builder.stream('payments', texts)
orders
  .join(payments, (order, payment) => `${order}, ${payment}`, {
    windows: joinWindows({ timeDifferenceMs: 5000, graceMs: 2000 }),
  })
  .to('paid', { value: string() })
export const plan = builder.build()

export const input: Input = [
  [1, 'orders', 'ada', 'tea'],
  [4, 'payments', 'ada', 'card'],
  [5, 'payments', 'bob', 'cash'], // its order is late
  [3, 'orders', 'bob', 'cake'],
  [8, 'orders', 'eve', 'jam'], // is never paid
  [20, 'payments', 'kim', 'card'], // pays nothing
  [30, 'orders', 'ada', 'milk'],
]
