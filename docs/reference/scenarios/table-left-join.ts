import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const names = builder.table('names', texts)
const cities = builder.table('cities', texts)
names
  .leftJoin(cities, (name, city) => `${name} in ${city}`)
  .toStream()
  .to('people', { value: string() })
export const plan = builder.build()

export const input: Input = [
  [1, 'names', 'a', 'Ada'],
  [3, 'cities', 'a', 'Paris'],
  [2, 'names', 'a', 'Ada L.'],
  [4, 'cities', 'b', 'Rome'],
  [5, 'cities', 'a', null],
  [6, 'names', 'a', null],
]
