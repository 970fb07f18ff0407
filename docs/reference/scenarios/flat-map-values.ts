import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('lines', texts)
  .flatMapValues(line => line.split(' '))
  .filterNot(word => word === '')
  .to('words', { value: string() })
export const plan = builder.build()

export const input: Input = [
  [1, 'lines', 'hamlet', 'to be or'],
  [2, 'lines', 'hamlet', ''],
  [3, 'lines', 'hamlet', 'not'],
]
