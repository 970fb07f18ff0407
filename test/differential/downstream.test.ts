import { expect, it } from 'vitest'
import { downstream } from './downstream.ts'
import { interpret } from './interpreter.ts'

const plan = interpret([
  { op: 'stream', id: 'in', topics: ['in'] },
  { op: 'table', id: 'rows', topic: 'rows', store: { name: 'rows' } },
  { op: 'join', id: 'joined', from: 'in', table: 'rows', joiner: 'pair', name: 'joined' },
  { op: 'groupBy', id: 'grouped', from: 'joined', selector: 'value', name: 'by' },
  { op: 'count', id: 'counts', from: 'grouped', store: { name: 'counts' } },
  { op: 'toStream', id: 'changes', from: 'counts' },
  { op: 'to', from: 'changes', topic: 'out' },
  { op: 'to', from: 'in', topic: 'copy' },
])

it('follows what a node gives through topics and stores, but not up to what it reads', () => {
  const { topics, stores } = downstream(plan, ['joined'])
  expect([...stores]).toEqual(['counts'])
  expect([...topics].filter(topic => topic.startsWith('app-') || topic === 'out')).toEqual([
    'app-by-repartition',
    'app-counts-changelog',
    'out',
    'app-out',
  ])
})

it('comes to a look-up in a store that it has written', () => {
  const table = plan.nodes.find(node => node.kind === 'processor' && node.stores.includes('rows'))
  expect([...downstream(plan, [table!.name]).stores]).toEqual(['rows', 'counts'])
})
