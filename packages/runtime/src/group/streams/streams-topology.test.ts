import { joinWindows, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { streamsTopology } from './streams-topology.ts'

const serdes = { key: string(), value: string() }
const options = {
  applicationId: 'shop',
  replicationFactor: undefined,
  windowedChangelogExtraMs: 86_400_000,
  maxRequestBytes: 1 << 20,
}

it('describes sub-topologies, internal topics with their settings, and what must be co-partitioned', () => {
  const builder = new StreamsBuilder()
  const table = builder.table('users', serdes)
  builder
    .stream('orders', serdes)
    .selectKey((_, value) => value)
    .join(table, order => order, serdes)
    .to('out', serdes)
  const { subTopologies } = streamsTopology(builder.build(), options)
  expect(subTopologies).toHaveLength(2)
  const [joining, keying] = subTopologies.toSorted((a, b) => b.sourceTopics.join().localeCompare(a.sourceTopics.join()))
  const [repartition] = keying!.repartitionSinkTopics
  expect(repartition).toMatch(/^shop-.*-repartition$/)
  expect(keying).toMatchObject({ sourceTopics: ['orders'], repartitionSourceTopics: [], copartitionGroups: [] })
  expect(joining).toMatchObject({
    sourceTopics: ['users'],
    repartitionSinkTopics: [],
    repartitionSourceTopics: [{ name: repartition, configs: { 'cleanup.policy': 'delete', 'retention.ms': '-1' } }],
  })
  expect(joining!.copartitionGroups.map(group => group.toSorted((a, b) => a.localeCompare(b)))).toEqual([
    ['users', repartition!].toSorted((a, b) => a.localeCompare(b)),
  ])
})

it('gives the number of partitions only where the user has fixed it, and the factor only where it is set', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', serdes)
    .repartition({ name: 'six', partitions: 6 })
    .groupBy((_, value) => value, { key: string() })
    .count({ store: 'counts' })
  const of = (replicationFactor: number | undefined) =>
    streamsTopology(builder.build(), { ...options, replicationFactor }).subTopologies.flatMap(
      ({ repartitionSourceTopics, stateChangelogTopics }) => [...repartitionSourceTopics, ...stateChangelogTopics],
    )
  const named = (topics: ReturnType<typeof of>) =>
    new Map(topics.map(({ name, partitions, replicationFactor }) => [name, [partitions, replicationFactor]]))
  expect(named(of(undefined))).toEqual(
    new Map([
      ['shop-six-repartition', [6, undefined]],
      ['shop-counts-repartition', [undefined, undefined]],
      ['shop-counts-changelog', [undefined, undefined]],
    ]),
  )
  expect(of(3).every(({ replicationFactor }) => replicationFactor === 3)).toBe(true)
})

it('topics of one bucket of a hash set of Java are in the order of their source nodes there', () => {
  const order = (first: string, second: string, before: number) => {
    const builder = new StreamsBuilder()
    for (let n = 0; n < before; n++) builder.stream(`other-${n}`, serdes)
    const windows = joinWindows({ timeDifferenceMs: 1, graceMs: 0 })
    builder
      .stream(first, serdes)
      .join(builder.stream(second, serdes), one => one, { ...serdes, otherValue: string(), windows })
      .to('out', serdes)
    return streamsTopology(builder.build(), options).subTopologies.flatMap(({ copartitionGroups }) => copartitionGroups)
  }
  const [clicks, rates] = ['groups-mx3d7qvu-clicks', 'groups-mx3d7qvu-rates']
  // There, KSTREAM-SOURCE-0000000001 comes before those with 0 and 2 at their ends.
  expect(order(clicks, rates, 0)).toEqual([[rates, clicks]])
  expect(order(clicks, rates, 1)).toEqual([[clicks, rates]])
  expect(order(rates, clicks, 1)).toEqual([[rates, clicks]])
})
