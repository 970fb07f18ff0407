import { StreamsBuilder, string, tumbling } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('clicks', texts)
  .groupByKey()
  .windowedBy(tumbling({ sizeMs: 10_000, graceMs: 5000 }))
  .count()
  .toStream()
  .to('clicks-per-10-s')
export const plan = builder.build()

export const input: Input = [
  [1, 'clicks', 'ada', 'home'],
  [4, 'clicks', 'ada', 'cart'],
  [12, 'clicks', 'ada', 'home'],
  [8, 'clicks', 'ada', 'help'], // late, within the grace
  [16, 'clicks', 'bob', 'home'], // closes the first window, for all keys
  [9, 'clicks', 'ada', 'home'], // too late
  [20, 'clicks', 'ada', 'cart'],
]
