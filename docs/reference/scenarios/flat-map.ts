import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('transfers', texts)
  .flatMap((to, from) => [
    [from, 'sent'],
    [to, 'received'],
  ])
  .to('movements', texts)
export const plan = builder.build()

export const input: Input = [
  [1, 'transfers', 'ada', 'bob'],
  [5, 'transfers', 'bob', 'eve'],
]
