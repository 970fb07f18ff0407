import { sliding, StreamsBuilder, string } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('clicks', texts)
  .groupByKey()
  .windowedBy(sliding({ timeDifferenceMs: 5000, graceMs: 5000 }))
  .count()
  .toStream()
  .to('clicks-within-5-s')
export const plan = builder.build()

export const input: Input = [
  [10, 'clicks', 'ada', 'home'],
  [13, 'clicks', 'ada', 'cart'],
  [12, 'clicks', 'ada', 'help'], // late: also changes windows that are there
  [25, 'clicks', 'ada', 'home'],
  [14, 'clicks', 'ada', 'cart'], // too late
  [26, 'clicks', 'ada', null],
]
