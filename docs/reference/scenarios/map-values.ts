import { int, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('readings', texts)
  .mapValues(reading => (reading === null ? null : Math.round(Number(reading))))
  .to('rounded', { value: int() })
export const plan = builder.build()

export const input: Input = [
  [1, 'readings', 'oven', '180.4'],
  [3, 'readings', 'oven', '182.7'],
  [2, 'readings', 'oven', null],
]
