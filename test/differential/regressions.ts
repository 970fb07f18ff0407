import type { Case } from './compare-case.ts'
import type { RunInput } from './java-peer.ts'
import type { TopologySpec } from './spec.ts'
import { PROCESSOR_STORES } from './steps/processor-steps.ts'

const PROCESSED_BEFORE_TABLE: TopologySpec = [
  { op: 'stream', id: 'in', topics: ['in'] },
  { op: 'flatMap', id: 'words', from: 'in', mapper: 'words' },
  { op: 'processValues', id: 'stamped', from: 'words', processor: 'stamp' },
  { op: 'toTable', id: 'table', from: 'stamped', store: { name: 'latest' } },
]

/** Cases that once differed from Kafka Streams, as they were when shrunk. */
export const REGRESSIONS: readonly Regression[] = [
  {
    what: 'an aggregate deleted by a late record: the changelog has the time of the record, not the later one',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'groupByKey', id: 'grouped', from: 'in' },
      { op: 'reduce', id: 'reduced', from: 'grouped', reducer: 'concatOrClear' },
      { op: 'toStream', id: 'changes', from: 'reduced' },
      { op: 'to', from: 'changes', topic: 'out' },
    ],
    inputs: [record('c', 'ab', 1012), record('c', 'xx', 1010), record('c', 'ab', 1011)],
  },
  {
    what: 'the same in a window',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'groupByKey', id: 'grouped', from: 'in' },
      { op: 'windowedBy', id: 'windows', from: 'grouped', sizeMs: 60, graceMs: 30 },
      { op: 'aggregate', id: 'joined', from: 'windows', aggregation: 'joinOrClear' },
      { op: 'toStream', id: 'changes', from: 'joined' },
      { op: 'to', from: 'changes', topic: 'out' },
    ],
    inputs: [record('c', 'ab', 1012), record('c', 'xx', 1010), record('c', 'ab', 1011)],
  },
  {
    what: 'a table of sessions that a stream looks them up in: a session is found by its start and its end',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'groupByKey', id: 'grouped', from: 'in' },
      { op: 'windowedBy', id: 'sessions', from: 'grouped', kind: 'session', sizeMs: 60, graceMs: 30 },
      { op: 'reduce', id: 'joined', from: 'sessions', reducer: 'concatOrClear' },
      { op: 'toStream', id: 'changes', from: 'joined' },
      { op: 'leftJoin', id: 'pairs', from: 'changes', table: 'joined', joiner: 'pair' },
      { op: 'to', from: 'pairs', topic: 'out' },
    ],
    inputs: [record('c', 'ab', 1012), record('c', 'xy', 1040), record('c', 'ab', 1200)],
  },
  {
    what: 'one cogrouped stream aggregated twice after a change of key, plain and windowed: one repartition topic',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'groupBy', id: 'grouped', from: 'in', selector: 'firstChar' },
      { op: 'cogroup', id: 'cogrouped', from: 'grouped', aggregation: 'join' },
      { op: 'aggregate', id: 'joined', from: 'cogrouped', aggregation: 'join' },
      { op: 'windowedBy', id: 'windows', from: 'cogrouped', sizeMs: 60, graceMs: 30 },
      { op: 'aggregate', id: 'windowed', from: 'windows', aggregation: 'join' },
      { op: 'windowedBy', id: 'sessions', from: 'cogrouped', kind: 'session', sizeMs: 10, graceMs: 30 },
      { op: 'aggregate', id: 'visits', from: 'sessions', aggregation: 'join' },
    ],
    inputs: [record('c', 'ab', 1012), record('d', 'ac', 1015), record('c', 'b', 1030)],
  },
  {
    what: 'a late record of a windowed cogroup: its own stream has it in time, the store has forgotten the window',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'stream', id: 'in2', topics: ['in2'] },
      { op: 'groupByKey', id: 'g1', from: 'in' },
      { op: 'groupByKey', id: 'g2', from: 'in2' },
      { op: 'cogroup', id: 'c1', from: 'g1', aggregation: 'joinOrClear' },
      { op: 'cogroup', id: 'c2', from: 'c1', with: 'g2', aggregation: 'joinOrClear' },
      { op: 'windowedBy', id: 'w', from: 'c2', sizeMs: 30, advanceMs: 3, graceMs: 0 },
      { op: 'aggregate', id: 'agg', from: 'w', aggregation: 'join' },
    ],
    inputs: [
      record('a', 'z', 1039),
      record('a', 'aa', 1044, 'in2'),
      record('a', 'z', 1012),
      // Later than the store keeps whole segments, and cleared.
      record('a', 'aa', 141_044, 'in2'),
      record('a', 'b', 1050),
      record('a', 'xx', 1051),
    ],
  },
  {
    what: 'the same in a store in memory, which knows no segments',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'stream', id: 'in2', topics: ['in2'] },
      { op: 'groupByKey', id: 'g1', from: 'in' },
      { op: 'groupByKey', id: 'g2', from: 'in2' },
      { op: 'cogroup', id: 'c1', from: 'g1', aggregation: 'joinOrClear' },
      { op: 'cogroup', id: 'c2', from: 'c1', with: 'g2', aggregation: 'join' },
      { op: 'windowedBy', id: 'w', from: 'c2', sizeMs: 5, advanceMs: 3, graceMs: 0 },
      { op: 'aggregate', id: 'agg', from: 'w', aggregation: 'join', store: { type: 'memory' } },
    ],
    inputs: [record('a', 'b', 1163, 'in2'), record('b', 'mmm', 1123), record('b', 'xx', 1124)],
  },
  {
    what: 'a session that a late record absorbs at the edge of its retention: the cache has not moved the store on',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'groupByKey', id: 'grouped', from: 'in' },
      { op: 'windowedBy', id: 'sessions', from: 'grouped', kind: 'session', sizeMs: 5, graceMs: 5 },
      { op: 'reduce', id: 'joined', from: 'sessions', reducer: 'concatOrClear' },
    ],
    inputs: [record('a', 'ab', 1188), record('b', null, 1201), record('a', 'aa', 1193)],
  },
  {
    what: 'a session that a late record absorbs when the store behind the cache finds it no more',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'groupByKey', id: 'grouped', from: 'in' },
      { op: 'windowedBy', id: 'sessions', from: 'grouped', kind: 'session', sizeMs: 5, graceMs: 5 },
      { op: 'reduce', id: 'joined', from: 'sessions', reducer: 'concatOrClear' },
    ],
    inputs: [
      record('a', 'ab', 1188),
      { commit: true as const },
      record('b', 'x', 1199),
      { commit: true as const },
      record('a', 'aa', 1191),
    ],
  },
  {
    what: 'windows that close long after their last record, out of the cache',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'groupByKey', id: 'grouped', from: 'in' },
      { op: 'windowedBy', id: 'w', from: 'grouped', sizeMs: 10, advanceMs: 5, graceMs: 5, emit: 'on-close' },
      { op: 'aggregate', id: 'agg', from: 'w', aggregation: 'join' },
      { op: 'toStream', id: 'changes', from: 'agg' },
      { op: 'to', from: 'changes', topic: 'out' },
    ],
    inputs: [record('b', 'mmm', 1010), record('a', 'mmm', 71_855)],
  },
  {
    what: 'an outer join whose next look begins with two records of one key and time',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'stream', id: 'in2', topics: ['in2'] },
      {
        op: 'streamJoin',
        id: 'joined',
        from: 'in',
        with: 'in2',
        kind: 'outer',
        joiner: 'pair',
        beforeMs: 5,
        afterMs: 5,
        graceMs: 30,
      },
      { op: 'to', from: 'joined', topic: 'out' },
    ],
    inputs: [
      record('a', 'ab', 1005, 'in2'),
      record('b', 'a', 1016),
      record('b', 'mmm', 1016),
      record('a', 'ab', 1012, 'in2'),
      record('a', 'x', 1036),
      record('b', 'xx', 1044),
      record('b', 'ab', 1052),
    ],
  },
  {
    what: "the changelogs of a processor's own stores carry no headers, out of a cache neither",
    topology: (['count', 'history', 'sessions'] as const).flatMap(processor =>
      [true, false].flatMap((caching): TopologySpec => {
        const id = `${processor}-${caching}`
        const kind = PROCESSOR_STORES[processor]
        return [
          { op: 'stream', id: `${id}-in`, topics: ['in'] },
          { op: 'addStore', id: `${id}-store`, store: { name: `${id}-own`, kind, caching } },
          { op: 'process', id, from: `${id}-in`, processor, store: `${id}-store` },
        ]
      }),
    ),
    inputs: [1001, 1004, 1030].map(timestamp => ({
      ...record('a', 'x', timestamp),
      headers: [['trace', Buffer.from('t').toString('base64')] as const],
    })),
  },
  {
    what: 'a left join of a stream with itself from one store: records without a key pass its repartition topic all the same',
    optimization: ['single.store.self.join'],
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'selectKey', id: 'keyed', from: 'in', selector: 'keyOrNull' },
      {
        op: 'streamJoin',
        id: 'joined',
        kind: 'left',
        from: 'keyed',
        with: 'keyed',
        joiner: 'pair',
        beforeMs: 1,
        afterMs: 20,
        graceMs: 0,
      },
      { op: 'to', from: 'joined', topic: 'out' },
    ],
    inputs: [record('b', 'xx a b', 1028), record('a', 'x', 1030), record('b', 'x', 1030)],
  },
  {
    what: 'a stream merged with itself re-keyed once more: the optimiser takes the change of key that it finds first',
    optimization: ['merge.repartition.topics'],
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'selectKey', id: 'keyed', from: 'in', selector: 'firstChar' },
      { op: 'merge', id: 'twice', from: 'keyed', with: 'keyed' },
      { op: 'selectKey', id: 'again', from: 'twice', selector: 'firstChar' },
      { op: 'merge', id: 'both', from: 'twice', with: 'again' },
      { op: 'groupByKey', id: 'g1', from: 'both' },
      { op: 'count', id: 'c1', from: 'g1' },
      { op: 'groupByKey', id: 'g2', from: 'twice' },
      { op: 'count', id: 'c2', from: 'g2' },
    ],
    inputs: [record('c', 'ab', 1012), record('d', 'b', 1013)],
  },
  {
    what: 'a repartition topic below processValues: the optimiser moves it to the change of the key',
    optimization: ['merge.repartition.topics'],
    topology: PROCESSED_BEFORE_TABLE,
    inputs: [record('c', 'ab z', 1012), record('d', 'ab', 1012)],
  },
  {
    what: 'a repartition topic below processValues, told to stay there',
    optimization: ['merge.repartition.topics'],
    repartitionAfterProcess: true,
    topology: PROCESSED_BEFORE_TABLE,
    inputs: [record('c', 'ab z', 1012), record('d', 'ab', 1012)],
  },
  {
    what: 'a left join with a global table by a key that is null, though the record has one: it meets null',
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      { op: 'globalTable', id: 'table', topic: 'table' },
      {
        op: 'globalJoin',
        id: 'pairs',
        from: 'in',
        with: 'table',
        kind: 'left',
        selector: 'keyOrNull',
        joiner: 'tableOnly',
      },
      { op: 'to', from: 'pairs', topic: 'out' },
    ],
    inputs: [record('c', 'ab', 1006)],
  },
  {
    what: 'a self-join after a record without a value, which has no time for it',
    optimization: ['single.store.self.join'],
    topology: [
      { op: 'stream', id: 'in', topics: ['in'] },
      {
        op: 'streamJoin',
        id: 'pairs',
        kind: 'inner',
        from: 'in',
        with: 'in',
        joiner: 'pair',
        beforeMs: 20,
        afterMs: 1,
        graceMs: 0,
      },
      { op: 'to', from: 'pairs', topic: 'out' },
    ],
    inputs: [record('c', null, 1088), record('d', 'mmm', 1055)],
  },
  {
    what: 'a transformer with a store that is called for old values, too',
    topology: [
      { op: 'table', id: 'in', topic: 'in' },
      { op: 'filter', id: 'kept', from: 'in', store: { name: 'kept' }, predicate: 'always' },
      { op: 'addStore', id: 'counts', store: { name: 'counts', kind: 'keyValue' } },
      { op: 'transformValues', id: 'counted', from: 'kept', mapper: 'shorten', counts: 'counts' },
      { op: 'filterNot', id: 'none', from: 'counted', predicate: 'always' },
    ],
    inputs: [record('b', 'ab', 1064), record('b', 'abc', 1065)],
  },
  {
    what: 'a cached store in memory above one that is not',
    topology: [
      { op: 'table', id: 'in', topic: 'in', store: { name: 'above', type: 'memory' } },
      { op: 'suppress', id: 'held', from: 'in', waitMs: 0 },
      { op: 'toStream', id: 'changes', from: 'held' },
      { op: 'to', from: 'changes', topic: 'out' },
    ],
    inputs: [record('m', 'b z', 1016)],
  },
]

export interface Regression extends Partial<
  Pick<Case, 'optimization' | 'repartitionAfterProcess' | 'commits' | 'emitIntervalMs' | 'rocksdb'>
> {
  readonly what: string
  readonly topology: TopologySpec
  readonly inputs: readonly RunInput[]
}

/** As text; the topic is `in` unless given. */
export function record(key: string, value: string | null, timestamp: number, topic = 'in'): RunInput {
  return {
    topic,
    key: Buffer.from(key).toString('base64'),
    value: value === null ? null : Buffer.from(value).toString('base64'),
    timestamp,
  }
}
