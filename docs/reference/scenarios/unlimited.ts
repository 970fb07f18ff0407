import { StreamsBuilder, string, unlimited } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('clicks', texts)
  .groupByKey()
  .windowedBy(unlimited({ startMs: 5000 }))
  .count()
  .toStream()
  .to('clicks-since')
export const plan = builder.build()

export const input: Input = [
  [3, 'clicks', 'ada', 'home'], // before the start
  [6, 'clicks', 'ada', 'cart'],
  [20, 'clicks', 'ada', 'home'],
  [8, 'clicks', 'ada', 'help'], // never too late
]
