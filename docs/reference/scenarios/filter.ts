import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const words = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('words', words)
  .filter(word => word !== null && word.length > 3)
  .to('long-words')
export const plan = builder.build()

export const input: Input = [
  [1, 'words', 'a', 'tea'],
  [2, 'words', 'a', 'coffee'],
  [4, 'words', null, 'biscuit'],
  [3, 'words', 'b', null],
]
