import { json, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const builder = new StreamsBuilder()
builder
  .stream('bids', { key: string(), value: json<number>() })
  .groupByKey()
  .topN({ n: 2, by: bid => bid })
  .toStream()
  .to('best-bids')
export const plan = builder.build()

export const input: Input = [
  [1, 'bids', 'lamp', 5],
  [2, 'bids', 'lamp', 7],
  [3, 'bids', 'lamp', 3], // not among the two highest
  [4, 'bids', 'lamp', 9],
]
