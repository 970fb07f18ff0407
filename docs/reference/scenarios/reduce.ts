import { double, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const prices = { key: string(), value: double() }

const builder = new StreamsBuilder()
builder
  .stream('prices', prices)
  .groupByKey()
  .reduce((highest, price) => Math.max(highest, price), { store: 'highest' })
  .toStream()
  .to('highest-prices')
export const plan = builder.build()

export const input: Input = [
  [1, 'prices', 'tea', 4.5],
  [4, 'prices', 'tea', 3],
  [2, 'prices', 'tea', 6],
  [5, 'prices', 'tea', null],
]
