import { sessions, string, StreamsBuilder } from 'millrace'
import type { Input } from '../../../scripts/reference-doc/scenario.ts'

const texts = { key: string(), value: string() }

const builder = new StreamsBuilder()
const clicks = builder.stream('clicks', texts)
const calls = builder.stream('calls', texts)
clicks
  .groupByKey()
  .cogroup<string>((story, page) => `${story}${page} `)
  .cogroup(calls.groupByKey(), (story, topic) => `${story}${topic.toUpperCase()} `)
  .windowedBy(sessions({ inactivityGapMs: 5000, graceMs: 0 }))
  .aggregate(
    () => '',
    (one, other) => one + other,
    { value: string() },
  )
  .toStream()
  .to('contacts')
export const plan = builder.build()

export const input: Input = [
  [1, 'clicks', 'ada', 'home'],
  [4, 'calls', 'ada', 'refund'],
  [12, 'clicks', 'ada', 'help'],
]
