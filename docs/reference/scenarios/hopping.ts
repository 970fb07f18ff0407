import { hopping, StreamsBuilder, string } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('clicks', texts)
  .groupByKey()
  .windowedBy(hopping({ sizeMs: 10_000, advanceMs: 5000, graceMs: 0 }))
  .count()
  .toStream()
  .to('clicks-per-10-s')
export const plan = builder.build()

export const input: Input = [
  [3, 'clicks', 'ada', 'home'],
  [7, 'clicks', 'ada', 'cart'],
  [12, 'clicks', 'ada', 'home'],
  [6, 'clicks', 'ada', 'help'], // the first of its two windows is closed
]
