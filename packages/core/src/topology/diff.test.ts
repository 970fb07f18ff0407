import { expect, it } from 'vitest'
import { StreamsBuilder } from '../dsl/streams-builder.ts'
import { tumbling } from '../dsl/windows.ts'
import { json } from '../serde/json.ts'
import { string } from '../serde/text-serdes.ts'
import { diffTopologies, silentChanges, topologyOutline } from './diff.ts'
import type { Plan } from './plan.ts'

const texts = { key: string(), value: string() }
const byValue = (value: string) => value

function planOf(build: (b: StreamsBuilder) => void): Plan {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}

const counted = (b: StreamsBuilder) => b.stream('in', texts).groupBy(byValue, texts).count()

it('finds nothing to say about the same topology, nor about its outline from a file', () => {
  const plan = planOf(counted)
  const fromFile = JSON.parse(JSON.stringify(topologyOutline(plan))) as ReturnType<typeof topologyOutline>
  for (const before of [plan, fromFile]) {
    const diff = diffTopologies(before, planOf(counted))
    expect(silentChanges(diff)).toEqual([])
    expect(diff.stores).toEqual({
      kept: ['KSTREAM-AGGREGATE-STATE-STORE-0000000002'],
      lost: [],
      added: [],
      renamed: [],
      changed: [],
    })
  }
})

it('sees that an operator put in front moves the numbers of all behind it', () => {
  const after = planOf(b =>
    b
      .stream('in', texts)
      .peek(() => undefined)
      .groupBy(byValue, texts)
      .count(),
  )
  const diff = diffTopologies(planOf(counted), after)
  const [from, to] = ['KSTREAM-AGGREGATE-STATE-STORE-0000000002', 'KSTREAM-AGGREGATE-STATE-STORE-0000000003']
  expect(diff.stores.renamed).toEqual([{ from, to }])
  expect(diff.topics.renamed).toEqual([
    { from: `${from}-repartition`, to: `${to}-repartition` },
    { from: `${from}-changelog`, to: `${to}-changelog` },
  ])
  expect(silentChanges(diff)).toHaveLength(3)
})

it('sees no harm where everything that is kept has a name', () => {
  const named = (front: boolean) =>
    planOf(b => {
      const lines = b.stream('in', texts)
      const from = front ? lines.peek(() => undefined) : lines
      from.groupBy(byValue, { ...texts, name: 'by-value' }).count({ store: 'counts' })
    })
  const diff = diffTopologies(named(false), named(true))
  expect([diff.stores.kept, diff.topics.kept]).toEqual([['counts'], ['by-value-repartition', 'counts-changelog']])
  expect(silentChanges(diff)).toEqual([])
})

it.each([
  [
    'another serde',
    (b: StreamsBuilder) => b.table('t', { key: string(), value: json<string>(), store: 'kept' }),
    'value',
  ],
  ['another operator', (b: StreamsBuilder) => b.stream('in', texts).groupByKey().count({ store: 'kept' }), 'operator'],
  [
    'windows',
    (b: StreamsBuilder) => {
      const windows = tumbling({ sizeMs: 1000, graceMs: 0 })
      b.stream('in', texts).groupByKey().windowedBy(windows).reduce(byValue, { store: 'kept' })
    },
    'kind',
  ],
])('names what is different in a store of the same name: %s', (_what, build, property) => {
  const diff = diffTopologies(
    planOf(b => b.table('t', { ...texts, store: 'kept' })),
    planOf(build),
  )
  expect(diff.stores.changed).toEqual([
    { name: 'kept', what: expect.arrayContaining([expect.stringContaining(`${property}: `)]) },
  ])
  expect(silentChanges(diff).join()).toContain('store "kept" has changed')
})

it('sees that what deduplicate knows is kept for another time, or is read by another operator', () => {
  const once = (withinMs: number) => (b: StreamsBuilder) =>
    b.stream('in', texts).deduplicate({ by: value => value, id: string(), withinMs, store: 'seen' })
  const windows = tumbling({ sizeMs: 10, graceMs: 0 })
  const whatOf = (before: (b: StreamsBuilder) => void, after: (b: StreamsBuilder) => void) =>
    diffTopologies(planOf(before), planOf(after)).stores.changed.flatMap(({ what }) =>
      what.map(text => text.split(':')[0]),
    )
  expect(whatOf(once(10), once(10))).toEqual([])
  expect(whatOf(once(10), once(20))).toEqual(['windowSizeMs'])
  expect(
    whatOf(once(10), b => b.stream('in', texts).groupByKey().windowedBy(windows).count({ store: 'seen' })),
  ).toContain('operator')
})

it('takes what is new, and what is gone, for intended', () => {
  const both = (b: StreamsBuilder) => {
    b.table('t', { ...texts, store: 'kept' })
    b.stream('in', texts).groupByKey().count({ store: 'counts' })
  }
  const one = (b: StreamsBuilder) => b.table('t', { ...texts, store: 'kept' })
  expect(diffTopologies(planOf(both), planOf(one)).stores).toMatchObject({ kept: ['kept'], lost: ['counts'] })
  expect(diffTopologies(planOf(one), planOf(both)).stores).toMatchObject({ kept: ['kept'], added: ['counts'] })
  expect(silentChanges(diffTopologies(planOf(both), planOf(one)))).toEqual([])
})
