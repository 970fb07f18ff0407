import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('visits', texts)
  .groupBy(page => page, { key: string() })
  .count()
  .toStream()
  .to('visits-per-page')
export const plan = builder.build()

export const input: Input = [
  [1, 'visits', 'ada', 'home'],
  [2, 'visits', 'bob', 'home'],
  [4, 'visits', 'bob', null],
  [3, 'visits', null, 'cart'],
]
