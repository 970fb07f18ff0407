import { sessions, StreamsBuilder, string } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('clicks', texts)
  .groupByKey()
  .windowedBy(sessions({ inactivityGapMs: 5000, graceMs: 5000 }))
  .count()
  .toStream()
  .to('clicks-per-visit')
export const plan = builder.build()

export const input: Input = [
  [1, 'clicks', 'ada', 'home'],
  [4, 'clicks', 'ada', 'cart'],
  [12, 'clicks', 'ada', 'home'],
  [8, 'clicks', 'ada', 'help'], // joins both visits into one
  [30, 'clicks', 'bob', 'home'],
  [14, 'clicks', 'ada', 'cart'], // too late
]
