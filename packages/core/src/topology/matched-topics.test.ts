import { expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { string } from '../serde/text-serdes.ts'
import { matchesPattern, readsByPattern, withMatchedTopics } from './matched-topics.ts'
import type { Plan } from './plan.ts'

const texts = { key: string(), value: string() }
const nothing = () => false

function planOf(build: (b: StreamsBuilder) => void): Plan {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}

const sourcesOf = (plan: Plan) => plan.subTopologies.map(({ sourceTopics }) => sourceTopics)

it('gives a pattern the topics whose whole name matches, sorted', () => {
  const plan = planOf(b => b.stream(/orders-[a-z]+/g, texts).to('out'))
  const existing = ['orders-us', 'orders-eu', 'old-orders-eu', 'orders-eu2', 'orders-eu', 'out']
  expect(sourcesOf(withMatchedTopics(plan, existing, nothing))).toEqual([['orders-eu', 'orders-us']])
  expect(sourcesOf(withMatchedTopics(plan, [], nothing))).toEqual([[]])
  expect([readsByPattern(plan), matchesPattern(plan, 'orders-us'), matchesPattern(plan, 'out')]).toEqual([
    true,
    true,
    false,
  ])
})

it('leaves out internal topics', () => {
  const plan = planOf(b => void b.stream(/.*/, texts).repartition({ name: 'by-key' }).groupByKey().count())
  const existing = ['app-x-changelog', '__consumer_offsets', 'other', 'app-by-key-repartition']
  const isInternal = (topic: string) => topic.startsWith('app-') || topic.startsWith('__')
  expect(sourcesOf(withMatchedTopics(plan, existing, isInternal))).toEqual([['other'], ['by-key-repartition']])
})

it('adds what a pattern matches to the topics that must have as many partitions', () => {
  const plan = planOf(b =>
    b
      .stream(/s-.*/, texts)
      .join(b.table('t', texts), value => value)
      .to('out', texts),
  )
  expect(withMatchedTopics(plan, ['s-2', 's-1'], nothing).copartitioned).toEqual([
    expect.objectContaining({ topics: ['t', 's-1', 's-2'] }),
  ])
})

it('refuses a topic that two patterns match', () => {
  const plan = planOf(b => {
    b.stream(/a.*/, texts).to('one')
    b.stream(/.*b/, texts).to('two')
  })
  expect(() => withMatchedTopics(plan, ['ab'], nothing)).toThrowError(
    expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_SOURCES_OVERLAP' }),
  )
})

it('is the same plan where nothing is read by pattern', () => {
  const plan = planOf(b => b.stream('in', texts).to('out'))
  expect(withMatchedTopics(plan, ['in', 'other'], nothing)).toBe(plan)
})
