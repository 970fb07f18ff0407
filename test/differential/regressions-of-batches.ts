import { record, type Regression } from './regressions.ts'
import type { Step, TopologySpec } from './spec.ts'

/** What feeds a store, and what the store's table is called. */
const CACHED: Readonly<Record<string, readonly Step[]>> = {
  'a key-value store': [
    { op: 'groupByKey', id: 'grouped', from: 'in' },
    { op: 'count', id: 'table', from: 'grouped' },
  ],
  'windows updated on change': [
    { op: 'groupByKey', id: 'grouped', from: 'in' },
    { op: 'windowedBy', id: 'hour', from: 'grouped', sizeMs: 3_600_000, graceMs: 0 },
    { op: 'reduce', id: 'table', from: 'hour', reducer: 'last' },
  ],
  'sliding windows': [
    { op: 'groupByKey', id: 'grouped', from: 'in' },
    { op: 'windowedBy', kind: 'sliding', id: 'near', from: 'grouped', sizeMs: 60, graceMs: 100 },
    { op: 'reduce', id: 'table', from: 'near', reducer: 'last' },
  ],
  sessions: [
    { op: 'groupByKey', id: 'grouped', from: 'in' },
    { op: 'windowedBy', kind: 'session', id: 'sessions', from: 'grouped', sizeMs: 60, graceMs: 100 },
    { op: 'aggregate', id: 'table', from: 'sessions', aggregation: 'join' },
  ],
  'a stream made into a table': [{ op: 'toTable', id: 'table', from: 'in', store: { name: 'latest' } }],
  'a table from a topic': [{ op: 'mapValues', id: 'table', from: 'rows', mapper: 'upper', store: { name: 'mapped' } }],
  'a cogrouped stream': [
    { op: 'groupByKey', id: 'grouped', from: 'in' },
    { op: 'cogroup', id: 'cogrouped', from: 'grouped', aggregation: 'join' },
    { op: 'aggregate', id: 'table', from: 'cogrouped', aggregation: 'join' },
  ],
  'a store of the entries used last': [
    { op: 'groupByKey', id: 'grouped', from: 'in' },
    { op: 'count', id: 'table', from: 'grouped', store: { name: 'few', maxEntries: 10 } },
  ],
  'an aggregate of a table': [
    { op: 'tableGroupBy', id: 'grouped', from: 'rows', mapper: 'prefixKey' },
    { op: 'tableCount', id: 'table', from: 'grouped' },
  ],
}

/** Counts in windows without grace what the table gives: what comes in another order is late. */
function countedBelow(steps: readonly Step[]): TopologySpec {
  const source: Step = steps.some(step => 'from' in step && step.from === 'rows')
    ? { op: 'table', id: 'rows', topic: 'in' }
    : { op: 'stream', id: 'in', topics: ['in'] }
  return [
    source,
    ...steps,
    { op: 'toStream', id: 'changes', from: 'table' },
    { op: 'groupByKey', id: 'again', from: 'changes' },
    { op: 'windowedBy', id: 'windows', from: 'again', sizeMs: 10, graceMs: 0 },
    { op: 'count', id: 'counted', from: 'windows' },
    { op: 'toStream', id: 'counts', from: 'counted' },
    { op: 'to', from: 'counts', topic: 'out' },
  ]
}

/** With the topic whose records wait for nothing, and the other one. */
const ONE_SIDED = [
  { window: { beforeMs: -5, afterMs: 20 }, at: 'b', waits: 'a' },
  { window: { beforeMs: 20, afterMs: -5 }, at: 'a', waits: 'b' },
] as const

/** Cases that once differed where a commit has several records, emissions are rare, or a window lies on one side. */
export const REGRESSIONS_OF_BATCHES: readonly Regression[] = [
  ...Object.entries(CACHED).flatMap(([store, steps]) =>
    [false, true].map(rocksdb => ({
      what: `the order in which a cache is flushed is that of the last changes: ${store}${rocksdb ? ', on disk' : ''}`,
      commits: 'asked' as const,
      rocksdb,
      topology: countedBelow(steps),
      inputs: [record('k0', 'a', 100), record('k1', 'b', 150), record('k0', 'c', 200), { commit: true } as const],
    })),
  ),
  ...(['left', 'outer'] as const).flatMap(kind =>
    ONE_SIDED.map(({ window, at, waits }) => ({
      what: `a ${kind} join with the window ${window.beforeMs} to ${window.afterMs}: a record that waits for nothing takes no emission`,
      emitIntervalMs: 1_000,
      topology: [
        { op: 'stream', id: 'a', topics: ['a'] },
        { op: 'stream', id: 'b', topics: ['b'] },
        { op: 'streamJoin', id: 'j', kind, from: 'a', with: 'b', joiner: 'pair', ...window, graceMs: 0 },
        { op: 'to', from: 'j', topic: 'out' },
      ] satisfies TopologySpec,
      inputs: [
        record('k1', 'x', 100, at),
        record('k0', 'y', 90, waits),
        record('k1', 'x', 200, waits),
        record('k2', 'y', 300, at),
        { advanceWallClockMs: 1_000 },
        record('k2', 'x', 400, at),
        record('k2', 'y', 500, waits),
      ],
    })),
  ),
  {
    what: 'windows that are emitted on close are found a millisecond longer than others',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'groupByKey', id: 'grouped', from: 'in' },
      { op: 'windowedBy', id: 'windows', from: 'grouped', sizeMs: 5, graceMs: 0, emit: 'on-close' },
      { op: 'count', id: 'counted', from: 'windows', store: { name: 'counts', caching: false } },
    ],
    inputs: [record('k', 'a', 1_100), record('k', 'b', 1_105)],
  },
  {
    what: 'processValues holds a record and passes it on while one of another key is at hand',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'processValues', id: 'held', from: 'in', processor: 'lag' },
      { op: 'to', from: 'held', topic: 'out' },
    ],
    inputs: [record('k0', 'a', 1_100), record('k1', 'b', 1_105), record('k0', 'c', 1_090), record('k2', 'd', 1_110)],
  },
]
