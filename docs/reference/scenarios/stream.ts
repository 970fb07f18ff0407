import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream(['orders-eu', 'orders-us'], {
    ...texts,
    // Time is that of the order, not of its record.
    timestampExtractor: ({ value }) => Number(value.split(' ')[0]) * 1000,
  })
  .to('orders')
export const plan = builder.build()

export const input: Input = [
  [10, 'orders-eu', 'ada', '4 tea'],
  [11, 'orders-us', 'bob', '6 cake'],
]
