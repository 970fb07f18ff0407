import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder.stream('votes', texts).groupByKey().count({ store: 'votes-per-option' }).toStream().to('results')
export const plan = builder.build()

export const input: Input = [
  [1, 'votes', 'yes', 'ada'],
  [5, 'votes', 'no', 'bob'],
  [3, 'votes', 'yes', 'eve'],
  [4, 'votes', 'yes', null],
  [6, 'votes', null, 'kim'],
]
