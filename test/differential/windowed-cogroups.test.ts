import { expect, it } from 'vitest'
import { interpret } from './interpreter.ts'
import type { TopologySpec } from './spec.ts'
import { filtersOfWindowedCogroups } from './windowed-cogroups.ts'

const topology = (historyRetentionMs: number | undefined, windowed: boolean): TopologySpec => [
  {
    op: 'table',
    id: 'rows',
    topic: 'in',
    store: { name: 'rows', ...(historyRetentionMs === undefined ? {} : { historyRetentionMs }) },
  },
  { op: 'toStream', id: 'changes', from: 'rows' },
  { op: 'groupByKey', id: 'grouped', from: 'changes' },
  { op: 'cogroup', id: 'cogrouped', from: 'grouped', aggregation: 'join' },
  ...(windowed ? [{ op: 'windowedBy', id: 'windows', from: 'cogrouped', sizeMs: 10, graceMs: 0 } as const] : []),
  { op: 'aggregate', id: 'joined', from: windowed ? 'windows' : 'cogrouped', aggregation: 'join' },
  { op: 'filter', id: 'some', from: 'joined', predicate: 'never', name: 'some' },
]

it.each([
  ['of windows below a versioned table', 100, true, ['some']],
  ['of windows below a table without history', undefined, true, []],
  ['of a cogroup without windows, below a versioned table', 100, false, []],
] as const)('filters %s', (_what, historyRetentionMs, windowed, filters) => {
  expect(filtersOfWindowedCogroups(interpret(topology(historyRetentionMs, windowed)))).toEqual(filters)
})
