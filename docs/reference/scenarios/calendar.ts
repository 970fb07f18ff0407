import { calendar, StreamsBuilder, string } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .stream('sales', texts)
  .groupByKey()
  .windowedBy(calendar({ unit: 'day', timeZone: 'Asia/Kolkata', graceMs: 0 }))
  .count()
  .toStream()
  .to('sales-per-day')
export const plan = builder.build()

const DAY_S = 86_400

export const input: Input = [
  [0, 'sales', 'tea', 'a'], // 5:30 in the morning of the first day
  [60, 'sales', 'tea', 'b'],
  [DAY_S, 'sales', 'tea', 'c'], // the next day
]
