import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .table('cities', texts)
  .groupBy((city, citizen) => [city || null, citizen], texts)
  .count({ store: { caching: false } })
  .toStream()
  .to('citizens')
export const plan = builder.build()

export const input: Input = [
  [1, 'cities', 'ada', 'Paris'],
  [2, 'cities', 'bob', 'Paris'],
  [5, 'cities', 'ada', 'Lyon'], // leaves Paris, then enters Lyon
  [4, 'cities', 'bob', null],
  [6, 'cities', 'eve', ''],
]
