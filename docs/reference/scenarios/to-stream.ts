import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .table('addresses', texts)
  .toStream((city, customer) => `${city ?? 'nowhere'}/${customer}`)
  .to('moves', texts)
export const plan = builder.build()

export const input: Input = [
  [1, 'addresses', 'ada', 'Paris'],
  [4, 'addresses', 'ada', 'Lyon'],
  [5, 'addresses', 'ada', null],
]
