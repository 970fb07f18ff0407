import { expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { string } from '../serde/text-serdes.ts'
import { withMatchedTopics } from './matched-topics.ts'
import { checkRealNames } from './real-names.ts'

const texts = { key: string(), value: string() }

function plan(stores: readonly string[], topic: string | RegExp = 'in', sink = 'out') {
  const builder = new StreamsBuilder()
  const stream = builder.stream(topic, texts)
  stream.to(sink, texts)
  for (const store of stores) stream.groupByKey().count({ store })
  return builder.build()
}

it.each([
  ['a changelog of 249 characters', 'a', ['s'.repeat(249 - 'a--changelog'.length)], undefined],
  ['a changelog of 250 characters', 'a', ['s'.repeat(250 - 'a--changelog'.length)], 'MILLRACE_TOPOLOGY_NAME_INVALID'],
  ['stores that differ in . and _', 'app', ['a.b', 'a_b'], 'MILLRACE_TOPOLOGY_TOPICS_COLLIDE'],
  ['stores that differ', 'app', ['a.b', 'a-b'], undefined],
])('%s', (_what, applicationId, stores, code) => {
  const check = () => checkRealNames(plan(stores), applicationId)
  if (code === undefined) expect(check).not.toThrow()
  else expect(check).toThrow(expect.objectContaining({ code, kind: 'topology' }))
})

it.each([
  ['a source and a sink', plan([], 'a.b', 'a_b'), []],
  ['a source and an internal topic', plan(['counts'], 'app_counts.changelog'.replace('.', '-')), []],
  ['a source and a dead-letter topic', plan([], 'in.dead'), ['in_dead']],
])('%s may not collide', (_what, made, more) => {
  const collides = checkRealNames.bind(undefined, made, 'app', more)
  if (_what.includes('internal')) expect(collides).not.toThrow()
  else expect(collides).toThrow(expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_TOPICS_COLLIDE' }))
})

it('a pattern reads neither what the application writes nor its internal topics', () => {
  const existing = ['orders', 'out', 'app-counts-changelog', '__consumer_offsets']
  const internal = (topic: string) => topic.startsWith('app-') || topic.startsWith('__')
  const matched = withMatchedTopics(plan(['counts'], /.*/), existing, internal)
  expect(matched.nodes.flatMap(node => (node.kind === 'source' ? node.topics : []))).toEqual(['orders'])
})
