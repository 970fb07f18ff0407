import { expect, it } from 'vitest'
import { combinations, tableOf } from './table.ts'

const passed = { tally: { passed: 96, failed: 0, skipped: [] }, seconds: 12.3 }
const failed = {
  tally: { passed: 90, failed: 1, skipped: [{ name: 'static members', reason: 'kafkajs has no instance id' }] },
  seconds: 8,
}

it('runs each version with each number of nodes', () => {
  expect(combinations(['3.9', '4.4'], ['1', '3'])).toEqual([
    { version: '3.9', nodes: '1' },
    { version: '3.9', nodes: '3' },
    { version: '4.4', nodes: '1' },
    { version: '4.4', nodes: '3' },
  ])
})

it('shows what passed, what failed, what was skipped and why, and what was not run', () => {
  const rows = [
    { version: '3.9.2', nodes: '1', client: 'wire', cells: new Map([['conformance', passed]]) },
    { version: '3.9.2', nodes: '3', client: 'kafkajs', cells: new Map([['conformance', failed]]) },
    { version: '4.4', nodes: '1', client: 'wire', cells: new Map() },
  ]
  expect(tableOf(rows, ['conformance'])).toBe(
    [
      '| Kafka | nodes | client  | conformance                                 |',
      '|-------|-------|---------|---------------------------------------------|',
      '| 3.9.2 | 1     | wire    | 96 passed, 0 failed, 0 skipped, 12 s        |',
      '| 3.9.2 | 3     | kafkajs | FAILED: 90 passed, 1 failed, 1 skipped, 8 s |',
      '| 4.4   | 1     | wire    | not run                                     |',
      'skipped: kafkajs: static members: kafkajs has no instance id',
    ].join('\n'),
  )
})
