import { string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
builder
  .table('positions', { ...texts, store: { name: 'last-positions', ttlMs: 60_000 } })
  .toStream()
  .to('on-the-road')
export const plan = builder.build()

export const input: Input = [
  [0, 'positions', 'truck 1', 'Berlin'],
  [20, 'positions', 'truck 2', 'Prague'],
  [40, 'positions', 'truck 1', 'Leipzig'],
  [90, 'positions', 'truck 3', 'Vienna'], // nothing has been heard of truck 2 for a minute
  [110, 'positions', 'truck 3', 'Brno'],
]
