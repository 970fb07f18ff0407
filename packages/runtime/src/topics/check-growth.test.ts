import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { checkGrowth } from './check-growth.ts'

const texts = { key: string(), value: string() }

function check(build: (builder: StreamsBuilder) => void, found: Readonly<Record<string, number>>): void {
  const builder = new StreamsBuilder()
  build(builder)
  checkGrowth(builder.build(), 'app', new Map(Object.entries(found)))
}

const counted = (builder: StreamsBuilder) => {
  builder.stream('in', texts).groupByKey().count({ store: 'counts' })
}
const regrouped = (builder: StreamsBuilder) => {
  const grouped = builder.stream('in', texts).groupBy(value => value, { ...texts, name: 'by-value' })
  grouped.count({ store: 'counts' })
}
const joined = (builder: StreamsBuilder) => {
  const names = builder.table('names', texts)
  builder.stream('in', texts).join(names, (value, name) => `${value} ${name}`)
}
const copied = (builder: StreamsBuilder) => builder.stream('in', texts).to('out', texts)

it.each([
  ['a changelog', counted, { in: 3, 'app-counts-changelog': 2 }, '"in" has grown from 2 to 3', 'app-counts-changelog'],
  [
    'a repartition topic',
    regrouped,
    { in: 3, 'app-by-value-repartition': 2, 'app-counts-changelog': 2 },
    '"in" has grown from 2 to 3',
    'app-by-value-repartition',
  ],
])('says which topic has grown, from how many to how many, and beyond what: %s', (_what, build, found, ...texts) => {
  for (const text of texts) expect(() => check(build, found)).toThrow(text)
  expect(() => check(build, found)).toThrow(expect.objectContaining({ code: 'MILLRACE_TOPIC_GROWN', kind: 'config' }))
})

it('names the topics of a join of which one has grown', () => {
  expect(() => check(joined, { in: 3, names: 2 })).toThrow('"in" has 3')
})

it.each([
  ['a topology without state', copied, { in: 30, out: 1 }],
  ['equal counts', counted, { in: 3, 'app-counts-changelog': 3 }],
  ['internal topics that are not there yet', regrouped, { in: 3 }],
])('lets %s be', (_what, build, found) => {
  expect(() => check(build, found)).not.toThrow()
})
