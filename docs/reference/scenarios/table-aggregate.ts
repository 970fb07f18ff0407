import { int, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const builder = new StreamsBuilder()
builder
  .table('stock', { key: string(), value: int() })
  .groupBy((pieces, product) => [product.split('/')[0]!, pieces], { key: string(), value: int() })
  .aggregate(
    () => 0,
    (sum, pieces) => sum + pieces,
    (sum, pieces) => sum - pieces,
    { value: int() },
  )
  .toStream()
  .to('stock-by-category')
export const plan = builder.build()

export const input: Input = [
  [1, 'stock', 'tea/green', 10],
  [2, 'stock', 'tea/black', 4],
  [5, 'stock', 'tea/green', 7],
  [4, 'stock', 'tea/black', null],
]
