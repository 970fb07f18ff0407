import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('orders', texts)
  .selectKey(order => order?.split(' ')[0] ?? null)
  .to('orders-by-customer', { key: string() })
export const plan = builder.build()

export const input: Input = [
  [1, 'orders', '17', 'ada tea'],
  [3, 'orders', '18', 'bob cake'],
  [2, 'orders', '19', null],
]
