import { expect, it } from 'vitest'
import type { GraphEdge, GraphNode } from '../answers.ts'
import { edgeRatesOf, type MeasuredRates } from './edge-rates.ts'

/** A graph from lines such as `topic in > mapValues a > filter b`. */
function graphOf(...lines: readonly string[]) {
  const nodes = new Map<string, GraphNode>()
  const edges: GraphEdge[] = []
  for (const line of lines) {
    const ids = line.split(' > ').map(text => {
      const [what, id] = text.split(' ') as [string, string]
      nodes.set(id, { id, kind: what === 'topic' ? 'topic' : 'operator', label: id, what, stores: [] })
      return id
    })
    for (const [index, to] of ids.slice(1).entries()) edges.push({ from: ids[index], to })
  }
  return { nodes: [...nodes.values()], edges }
}

function shown({ nodes, edges }: ReturnType<typeof graphOf>, measured: Partial<MeasuredRates>) {
  const nothing = () => undefined
  const rates = edgeRatesOf(nodes, edges)({ read: nothing, written: nothing, reached: nothing, ...measured })
  return edges.map(edge => {
    const found = rates.get(edge)
    return `${edge.from} > ${edge.to}: ${found === undefined ? '?' : `${found.derived ? '≈ ' : ''}${found.rate}`}`
  })
}

it('what an operator that changes each record gives is what it gets, and what comes before a filter stays unknown', () => {
  const graph = graphOf('topic in > mapValues a > filter b > peek c > topic out', 'mapValues a > aggregate d')
  expect(shown(graph, { read: () => 10, written: () => 4 })).toEqual([
    'in > a: 10',
    'a > b: ≈ 10',
    'b > c: ≈ 4',
    'c > out: 4',
    'a > d: ≈ 10',
  ])
  expect(shown(graph, { written: () => 4 })).toEqual(['in > a: ?', 'a > b: ?', 'b > c: ≈ 4', 'c > out: 4', 'a > d: ?'])
})

it('branches differ, and a merge gets the sum of them', () => {
  const graph = graphOf(
    'topic in > branch a > peek b > passThrough m > topic out',
    'branch a > filter c > passThrough m',
  )
  expect(shown(graph, { read: () => 10 })).toEqual([
    'in > a: 10',
    'a > b: ?',
    'b > m: ?',
    'm > out: ?',
    'a > c: ?',
    'c > m: ?',
  ])
  const reached = ({ id }: GraphNode) => ({ a: 10, b: 7, c: 3, m: 8 })[id]
  expect(shown(graph, { read: () => 10, reached })).toEqual([
    'in > a: 10',
    'a > b: 7',
    'b > m: ≈ 7',
    'm > out: ≈ 8',
    'a > c: 3',
    'c > m: ≈ 1',
  ])
})

it('a topic with several writers says nothing of one of them', () => {
  const graph = graphOf('topic in > filter a > topic out', 'topic in > filter b > topic out')
  expect(shown(graph, { read: () => 5, written: () => 6 })).toEqual([
    'in > a: 5',
    'a > out: ?',
    'in > b: 5',
    'b > out: ?',
  ])
})
