import { json, StreamsBuilder, string, tumbling } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('clicks', texts)
  .groupByKey()
  .windowedBy(tumbling({ sizeMs: 10_000, graceMs: 5000 }), {
    onLate: late => late.mapValues(({ value, windows }) => ({ value, windows })).to('late-clicks', { value: json() }),
  })
  .count()
  .toStream()
  .to('clicks-per-10-s')
export const plan = builder.build()

export const input: Input = [
  [1, 'clicks', 'ada', 'home'],
  [16, 'clicks', 'bob', 'home'], // closes the first window, for all keys
  [9, 'clicks', 'ada', 'cart'], // too late
]
