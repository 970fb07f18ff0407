import type { RunInput } from '../java-peer.ts'
import type { TopologySpec } from '../spec.ts'

/** A topology with nodes, stores and caches of all kinds that have metrics of their own. */
export const TOPOLOGY: TopologySpec = [
  { op: 'stream', id: 'words', topics: ['words'] },
  { op: 'groupBy', id: 'letters', from: 'words', selector: 'firstChar' },
  { op: 'count', id: 'counts', from: 'letters', store: { name: 'counts' } },
  { op: 'toStream', id: 'changes', from: 'counts' },
  { op: 'to', from: 'changes', topic: 'counted' },
  { op: 'groupByKey', id: 'keyed', from: 'words' },
  { op: 'windowedBy', id: 'windows', from: 'keyed', sizeMs: 10, graceMs: 0 },
  { op: 'count', id: 'windowed', from: 'windows', store: { name: 'windowed' } },
  { op: 'suppress', id: 'held', from: 'windowed' },
  { op: 'windowedBy', id: 'closing', from: 'keyed', sizeMs: 10, graceMs: 0, emit: 'on-close' },
  { op: 'count', id: 'finals', from: 'closing', store: { name: 'finals' } },
  { op: 'windowedBy', id: 'gaps', from: 'keyed', kind: 'session', sizeMs: 10, graceMs: 0 },
  { op: 'count', id: 'sessions', from: 'gaps', store: { name: 'sessions' } },
  { op: 'table', id: 'names', topic: 'names', store: { name: 'names' } },
  { op: 'join', id: 'joined', from: 'words', table: 'names', joiner: 'pair' },
  { op: 'to', from: 'joined', topic: 'joined' },
]

/** All before the wall clock moves, in one partition: what is counted is the same on both sides. */
export const INPUTS: readonly RunInput[] = [
  record('names', 'a', 'A', 1),
  record('words', 'a', 'x', 5),
  { ...record('words', 'a', 'yy', 400), headers: [['h', Buffer.from('123').toString('base64')]] },
  record('words', 'a', 'late', 7),
  record('words', null, 'no key', 410),
]

function record(topic: string, key: string | null, value: string, timestamp: number) {
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return { topic, key: key === null ? null : base64(key), value: base64(value), timestamp }
}
