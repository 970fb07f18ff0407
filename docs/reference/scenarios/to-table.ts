import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder.stream('addresses', texts).toTable({ store: 'addresses' }).toStream().to('changes')
export const plan = builder.build()

export const input: Input = [
  [1, 'addresses', 'ada', 'Paris'],
  [4, 'addresses', 'ada', 'Lyon'],
  [3, 'addresses', 'ada', 'Paris'],
  [5, 'addresses', 'ada', null],
  [6, 'addresses', null, 'Rome'],
]
