import { expect, it } from 'vitest'
import { interpret } from './interpreter.ts'
import type { Step, StoreSpec } from './spec.ts'
import { tiedCogroups, tiedJoins, tiedUses } from './tied-joins.ts'

const input: Step = { op: 'stream', id: 'in', topics: ['in'] }
const keyed: Step = { op: 'selectKey', id: 'keyed', from: 'in', selector: 'value' }

it.each<[string, readonly Step[], boolean]>([
  [
    'a table of its own topic',
    [input, { op: 'table', id: 't', topic: 'rows' }, { op: 'join', id: 'j', from: 'in', table: 't', joiner: 'pair' }],
    false,
  ],
  [
    'a table made of the stream itself',
    [input, { op: 'toTable', id: 't', from: 'in' }, { op: 'join', id: 'j', from: 'in', table: 't', joiner: 'pair' }],
    false,
  ],
  [
    'two repartition topics of one stream',
    [
      input,
      keyed,
      { op: 'toTable', id: 't', from: 'keyed', store: {} },
      { op: 'join', id: 'j', from: 'keyed', table: 't', joiner: 'pair' },
    ],
    true,
  ],
  [
    'two repartition topics of one stream that a pattern reads',
    [
      { op: 'stream', id: 'in', topics: ['in'], pattern: 'in(-too)?' },
      keyed,
      { op: 'toTable', id: 't', from: 'keyed', store: {} },
      { op: 'join', id: 'j', from: 'keyed', table: 't', joiner: 'pair' },
    ],
    true,
  ],
  [
    'a stream and a table that took the way through a topic',
    [
      input,
      { op: 'repartition', id: 'r', from: 'in' },
      { op: 'toTable', id: 't', from: 'r' },
      { op: 'join', id: 'j', from: 'in', table: 't', joiner: 'pair' },
    ],
    false,
  ],
  [
    'a repartitioned stream and a table of its own topic, filtered',
    [
      input,
      keyed,
      { op: 'table', id: 't', topic: 'rows' },
      { op: 'filter', id: 'f', from: 't', predicate: 'always' },
      { op: 'join', id: 'j', from: 'keyed', table: 'f', joiner: 'pair' },
    ],
    false,
  ],
  [
    'itself, through a repartition topic for each side',
    [
      input,
      keyed,
      {
        op: 'streamJoin',
        id: 'j',
        kind: 'outer',
        from: 'keyed',
        with: 'keyed',
        joiner: 'pair',
        beforeMs: 5,
        afterMs: 5,
        graceMs: 5,
        name: 'joined',
      },
    ],
    true,
  ],
  [
    'itself, from its own topic',
    [
      input,
      {
        op: 'streamJoin',
        id: 'j',
        kind: 'outer',
        from: 'in',
        with: 'in',
        joiner: 'pair',
        beforeMs: 5,
        afterMs: 5,
        graceMs: 5,
      },
    ],
    false,
  ],
])('of a stream with %s', (_what, topology, tied) => {
  expect(tiedJoins(interpret(topology)).length > 0).toBe(tied)
})

it.each<[string, readonly Step[], readonly string[]]>([
  ['with a bound', foreignKeyJoinOfCounts({ name: 'counts', maxEntries: 3 }), ['tableAggregate', 'foreignKeyResolve']],
  ['without one', foreignKeyJoinOfCounts({ name: 'counts' }), []],
  [
    'with a bound, of an input that is taken first',
    [
      { op: 'table', id: 't', topic: 'in', store: { name: 'rows', maxEntries: 3 } },
      { op: 'table', id: 'o', topic: 'others' },
      { op: 'foreignKeyJoin', id: 'j', join: 'inner', from: 't', with: 'o', selector: 'value', joiner: 'pair' },
    ],
    [],
  ],
])('of a table that a foreign-key join looks up, %s', (_what, topology, operators) => {
  const plan = interpret(topology)
  const used = plan.nodes.filter(({ name }) => tiedUses(plan).includes(name))
  expect(used.map(node => node.kind === 'processor' && node.operator.type)).toEqual(operators)
})

it.each<[string, 'words' | undefined, number]>([
  ['through a topic for each grouping', 'words', 2],
  ['that reads the input itself', undefined, 0],
])('of a cogroup %s', (_what, mapper, aggregators) => {
  const changed: readonly Step[] = mapper === undefined ? [] : [{ op: 'flatMap', id: 'f', from: 'in', mapper }]
  const from = mapper === undefined ? 'in' : 'f'
  const plan = interpret([
    input,
    ...changed,
    { op: 'groupByKey', id: 'one', from, name: 'one' },
    { op: 'groupByKey', id: 'other', from },
    { op: 'cogroup', id: 'c', from: 'one', aggregation: 'join' },
    { op: 'cogroup', id: 'd', from: 'c', with: 'other', aggregation: 'keyAndLast' },
    { op: 'aggregate', id: 'a', from: 'd', aggregation: 'join' },
  ])
  expect(tiedCogroups(plan)).toHaveLength(aggregators)
})

function foreignKeyJoinOfCounts(store: StoreSpec): readonly Step[] {
  return [
    { op: 'table', id: 't', topic: 'in' },
    { op: 'tableGroupBy', id: 'g', from: 't', mapper: 'swap' },
    { op: 'tableCount', id: 'c', from: 'g', store },
    { op: 'table', id: 'o', topic: 'others' },
    { op: 'foreignKeyJoin', id: 'j', join: 'inner', from: 'c', with: 'o', selector: 'value', joiner: 'pair' },
  ]
}
