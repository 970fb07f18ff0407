import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('visits', texts)
  .groupByKey()
  .distinctCount(visitor => visitor, { id: string() })
  .toStream()
  .to('visitors')
export const plan = builder.build()

export const input: Input = [
  [1, 'visits', 'home', 'ada'],
  [2, 'visits', 'home', 'bob'],
  [3, 'visits', 'home', 'ada'], // has been here before
]
