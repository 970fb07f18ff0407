import type { StreamsSubTopology } from '@millrace/core'
import { expect, it } from 'vitest'
import { configureTopology } from './streams-topics.ts'

const part = (id: string, more: Partial<StreamsSubTopology>): StreamsSubTopology => ({
  ...{ id, sourceTopics: [], repartitionSinkTopics: [], repartitionSourceTopics: [], stateChangelogTopics: [] },
  copartitionGroups: [],
  ...more,
})
const topic = (name: string, partitions?: number) => ({
  name,
  configs: {},
  ...(partitions !== undefined && { partitions }),
})
const configure = (subTopologies: readonly StreamsSubTopology[], counts: Record<string, number>) =>
  configureTopology({ subTopologies }, name => counts[name])

it('gives a repartition topic as many partitions as what feeds it, through several of them', () => {
  const parts = [
    part('0', { sourceTopics: ['in'], repartitionSinkTopics: ['a'] }),
    part('1', { repartitionSourceTopics: [topic('a')], repartitionSinkTopics: ['b'] }),
    part('2', { repartitionSourceTopics: [topic('b')], stateChangelogTopics: [topic('log')] }),
  ]
  const { tasks, missing } = configure(parts, { in: 3 })
  expect([...tasks.values()]).toEqual([3, 3, 3])
  expect(missing.map(({ name, partitions }) => [name, partitions])).toEqual([
    ['a', 3],
    ['b', 3],
    ['log', 3],
  ])
})

it('aligns what must be co-partitioned with what is fixed', () => {
  const parts = [
    part('0', { sourceTopics: ['in'], repartitionSinkTopics: ['a'] }),
    part('1', { sourceTopics: ['users'], repartitionSourceTopics: [topic('a')], copartitionGroups: [['users', 'a']] }),
  ]
  expect(configure(parts, { in: 2, users: 5 }).missing).toMatchObject([{ name: 'a', partitions: 5 }])
  const uneven = [part('0', { sourceTopics: ['x', 'y'], copartitionGroups: [['x', 'y']] })]
  expect(configure(uneven, { x: 1, y: 2 }).wrong).toContain('x, y')
})

it('says which source topics are missing, and which internal topic has another number of partitions', () => {
  const parts = [part('0', { sourceTopics: ['in', 'other'], stateChangelogTopics: [topic('log')] })]
  expect(configure(parts, { in: 1 })).toMatchObject({ missingSources: ['other'], missing: [] })
  expect(configure(parts, { in: 2, other: 1, log: 1 }).wrong).toBe('Topic log has 1 partitions instead of 2')
})
