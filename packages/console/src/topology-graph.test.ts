import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { storesOf, topicsOf, topologyGraph } from './topology-graph.ts'

const builder = new StreamsBuilder()
const texts = { key: string(), value: string() }
const lookup = builder.globalTable('lookup', { ...texts, store: 'lookup-store' })
builder
  .stream('orders', texts)
  .join(
    lookup,
    key => key,
    (left, right) => `${left}${right}`,
  )
  .groupBy(value => value, { key: string(), value: string() })
  .count({ store: 'counts' })
  .toStream()
  .to('results')
builder.stream('orders', texts).to((_value, key) => key)
const plan = builder.build()

it('draws sources and sinks as their topics, which connect the sub-topologies', () => {
  const { nodes, edges } = topologyGraph(plan, 'app')
  const topics = nodes.filter(({ kind }) => kind === 'topic').map(({ label, what }) => [label, what])
  expect(topics).toEqual(
    expect.arrayContaining([
      ['lookup', 'input'],
      ['orders', 'input'],
      ['app-counts-repartition', 'repartition'],
      ['results', 'output'],
      ['(chosen per record)', 'output'],
    ]),
  )
  const ids = new Set(nodes.map(({ id }) => id))
  expect(edges.filter(({ from, to }) => !ids.has(from) || !ids.has(to))).toEqual([])
  const reached = new Set(['topic orders'])
  for (let before = 0; before !== reached.size;) {
    before = reached.size
    for (const { from, to } of edges) if (reached.has(from)) reached.add(to)
  }
  expect(reached, 'one way leads from the input to the results').toContain('topic results')
  expect(edges).toContainEqual({ from: 'topic orders', to: 'topic (chosen per record)' })
})

it('lists topics by what they are for, and stores with their changelogs', () => {
  expect(topicsOf(plan, 'app', 'dead')).toEqual(
    expect.arrayContaining([
      { name: 'app-counts-changelog', kind: 'changelog' },
      { name: 'dead', kind: 'dead letters' },
    ]),
  )
  expect(storesOf(plan, 'app')).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'counts', kind: 'key-value', global: false, changelog: 'app-counts-changelog' }),
      expect.objectContaining({ name: 'lookup-store', global: true }),
    ]),
  )
})
