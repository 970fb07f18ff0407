import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .table('prices', texts)
  .suppress({ until: 'time-limit', waitMs: 5000, maxRecords: 2 })
  .toStream()
  .to('prices-at-rest')
export const plan = builder.build()

export const input: Input = [
  [1, 'prices', 'tea', '4'],
  [3, 'prices', 'tea', '5'],
  [6, 'prices', 'cake', '7'], // the first price of tea is 5 s old
  [7, 'prices', 'tea', '6'],
  [8, 'prices', 'jam', '3'], // three would be one too many: the oldest goes
  [20, 'prices', 'milk', '1'],
]
