import { int, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const builder = new StreamsBuilder()
builder
  .table('stock', { key: string(), value: int() })
  .filter(pieces => pieces >= 10)
  .toStream()
  .to('well-stocked')
export const plan = builder.build()

export const input: Input = [
  [1, 'stock', 'tea', 12],
  [2, 'stock', 'cake', 3],
  [4, 'stock', 'tea', 8],
  [5, 'stock', 'tea', 20],
  [6, 'stock', 'tea', null],
]
