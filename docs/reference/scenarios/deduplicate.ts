import { json, StreamsBuilder, string } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const builder = new StreamsBuilder()
builder
  .stream('payments', { key: string(), value: json<{ id: number; sum: number }>() })
  .deduplicate({ by: ({ id }) => String(id), id: string(), withinMs: 5000, graceMs: 8000 })
  .to('payments-once')
export const plan = builder.build()

export const input: Input = [
  [4, 'payments', 'ada', { id: 7, sum: 20 }],
  [6, 'payments', 'ada', { id: 7, sum: 20 }], // sent again
  [1, 'payments', 'ada', { id: 7, sum: 20 }], // the same in the other direction
  [8, 'payments', 'ada', { id: 8, sum: 20 }], // another payment
  [10, 'payments', 'ada', { id: 7, sum: 5 }], // further away than 5 s
  [13, 'payments', 'bob', { id: 7, sum: 1 }], // another key
  [3, 'payments', 'ada', { id: 9, sum: 20 }], // too late
]
