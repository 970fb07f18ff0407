import { expect, it } from 'vitest'
import { readersOfExpiredWindows } from './expired-windows.ts'
import { interpret } from './interpreter.ts'
import type { RunInput } from './java-peer.ts'
import type { TopologySpec } from './spec.ts'

const topology = (caching: boolean): TopologySpec => [
  { op: 'stream', id: 'in', topics: ['in'] },
  { op: 'addStore', id: 'kept', store: { name: 'kept', kind: 'window', caching } },
  { op: 'process', id: 'p', from: 'in', processor: 'history', store: 'kept' },
  { op: 'to', from: 'p', topic: 'out' },
]
const at = (...times: readonly number[]): readonly RunInput[] =>
  times.map(timestamp => ({ topic: 'in', key: 'YQ==', value: 'YQ==', timestamp }))

it.each<[string, boolean, boolean, readonly RunInput[], boolean]>([
  ['late enough to read what is past 40 ms', true, true, at(1006, 1052, 1022), true],
  ['not so late', true, true, at(1006, 1052, 1023), false],
  ['in the order of their times', true, true, at(1006, 1052, 1500), false],
  ['late, of a store without a cache', false, true, at(1006, 1052, 1016), false],
  ['late, in a run without caches', true, false, at(1006, 1052, 1016), false],
])('records are %s', (_what, cached, caching, inputs, reads) => {
  expect(readersOfExpiredWindows(interpret(topology(cached)), inputs, caching)).toHaveLength(reads ? 1 : 0)
})
