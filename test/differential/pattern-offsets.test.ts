import { expect, it } from 'vitest'
import { interpret } from './interpreter.ts'
import type { RunResult } from './java-peer.ts'
import { withoutPatternOffsets } from './pattern-offsets.ts'
import type { TopologySpec } from './spec.ts'

/** What is held back, of a time and at an offset. */
const held = (offset: number): string => {
  const value = Buffer.alloc(24, 7)
  value.writeBigInt64BE(BigInt(offset), 8)
  return value.toString('base64')
}
const rows = <Value>(value: Value) => [{ key: 'YQ==', value, timestamp: 1, headers: [] }]

it.each<[string, Extract<TopologySpec[number], { op: 'stream' }>, number]>([
  ['of several topics of a pattern', { op: 'stream', id: 'in', topics: ['in', 'in-too'], pattern: 'in(-too)?' }, 0],
  ['of one topic of a pattern', { op: 'stream', id: 'in', topics: ['in'], pattern: 'in(-too)?' }, 5],
  ['of several topics by name', { op: 'stream', id: 'in', topics: ['in', 'in-too'] }, 5],
])('the offset in what suppress holds back %s', (_what, stream, offset) => {
  const topology: TopologySpec = [
    stream,
    { op: 'toTable', id: 't', from: 'in', store: { name: 'rows' } },
    { op: 'suppress', id: 's', from: 't', waitMs: 3 },
  ]
  const plan = interpret(topology)
  const store = plan.stores.find(({ suppression }) => suppression)!.name
  const result = (value: string): RunResult => ({
    outputs: { [`app-${store}-changelog`]: [...rows(value), ...rows(null)], 'app-rows-changelog': rows(held(5)) },
    stores: { [store]: rows(value), rows: rows(held(5)) },
  })
  expect(withoutPatternOffsets(result(held(5)), plan, topology)).toEqual(result(held(offset)))
})
