import { json, type Plan, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { topologyVersion } from './topology-version.ts'

const texts = { key: string(), value: string() }

function planOf(build: (b: StreamsBuilder) => void): Plan {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}

const counts = (b: StreamsBuilder) => b.stream('in', texts).groupByKey().count({ store: 'counts' })
const version = topologyVersion(planOf(counts))

it.each<[string, (b: StreamsBuilder) => void]>([
  ['nothing', counts],
  [
    'an operator in front',
    b =>
      b
        .stream('in', texts)
        .peek(() => undefined)
        .groupByKey()
        .count({ store: 'counts' }),
  ],
  ['another output', b => b.stream('in', texts).groupByKey().count({ store: 'counts' }).toStream().to('out')],
])('stays the same where tasks do: %s', (_what, build) => {
  expect(topologyVersion(planOf(build))).toBe(version)
})

it.each<[string, (b: StreamsBuilder) => void]>([
  ['another topic', b => b.stream('other', texts).groupByKey().count({ store: 'counts' })],
  ['a pattern', b => b.stream(/in/, texts).groupByKey().count({ store: 'counts' })],
  ['another store', b => b.stream('in', texts).groupByKey().count({ store: 'counted' })],
  [
    'another serde',
    b => b.stream('in', { key: json<string>(), value: string() }).groupByKey().count({ store: 'counts' }),
  ],
  [
    'another part in front',
    b => {
      b.stream('other', texts).to('out')
      counts(b)
    },
  ],
  [
    'another part behind',
    b => {
      counts(b)
      b.stream('other', texts).to('out')
    },
  ],
])('differs where tasks do: %s', (_what, build) => {
  expect(topologyVersion(planOf(build))).not.toBe(version)
})
