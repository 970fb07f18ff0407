import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('visits', texts)
  .selectKey(page => page)
  .repartition({ name: 'by-page', partitions: 4, ...texts })
  .to('visits-by-page')
export const plan = builder.build()

export const input: Input = [
  [1, 'visits', 'ada', 'home'],
  [2, 'visits', 'bob', 'cart'],
  [3, 'visits', 'bob', null],
]
