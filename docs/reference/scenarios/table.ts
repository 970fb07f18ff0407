import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .table('prices', { ...texts, store: 'prices' })
  .toStream()
  .to('price-changes')
export const plan = builder.build()

export const input: Input = [
  [1, 'prices', 'tea', '4'],
  [5, 'prices', 'tea', '5'],
  [3, 'prices', 'tea', '3'],
  [6, 'prices', 'tea', null],
  [7, 'prices', null, '9'],
]
