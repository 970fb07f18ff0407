import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('visits', texts)
  .map((page, visitor) => [page, visitor])
  .to('visitors', texts)
export const plan = builder.build()

export const input: Input = [
  [1, 'visits', 'ada', 'home'],
  [4, 'visits', 'bob', 'cart'],
  [2, 'visits', null, 'home'],
]
