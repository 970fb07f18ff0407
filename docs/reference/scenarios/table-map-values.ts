import { double, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const builder = new StreamsBuilder()
builder
  .table('prices', { key: string(), value: double() })
  .mapValues(price => Math.round(price * 1.2 * 100) / 100)
  .toStream()
  .to('prices-with-tax', { value: double() })
export const plan = builder.build()

export const input: Input = [
  [1, 'prices', 'tea', 4],
  [3, 'prices', 'cake', 5.5],
  [2, 'prices', 'tea', 5],
  [4, 'prices', 'tea', null],
]
