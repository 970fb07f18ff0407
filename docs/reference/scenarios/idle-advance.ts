import { StreamsBuilder, string, tumbling } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const builder = new StreamsBuilder()
builder
  .stream('clicks', { key: string(), value: string() })
  .groupByKey()
  .windowedBy(tumbling({ sizeMs: 10_000, graceMs: 0 }), { emitStrategy: 'on-close' })
  .count()
  .toStream()
  .to('clicks-per-10-s')
export const plan = builder.build()
// new KafkaStreams(plan, { idleAdvanceMs: 2000, … })

export const input: Input = [
  [1, 'clicks', 'ada', 'home'],
  [4, 'clicks', 'ada', 'cart'],
  { wallClockSeconds: 7 }, // nobody clicks: stream time goes on to 11 s
  [9, 'clicks', 'bob', 'home'], // too late
  [12, 'clicks', 'bob', 'cart'],
  { wallClockSeconds: 1 }, // not for long enough
  { wallClockSeconds: 7 },
]

export const options = { idleAdvanceMs: 2000, initialWallClockMs: 5000 }
