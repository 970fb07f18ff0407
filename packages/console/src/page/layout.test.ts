import fc from 'fast-check'
import { expect, it } from 'vitest'
import { layoutOf, NODE_HEIGHT, NODE_WIDTH } from './layout.ts'

const graphs = fc.integer({ min: 1, max: 60 }).chain(size => {
  const node = fc.integer({ min: 0, max: size - 1 })
  return fc.record({
    ids: fc.constant(Array.from({ length: size }, (_, id) => `n${id}`)),
    edges: fc.array(fc.record({ from: node.map(id => `n${id}`), to: node.map(id => `n${id}`) }), { maxLength: 120 }),
  })
})

it('places every node, none over another, whatever the graph, cycles included', () => {
  fc.assert(
    fc.property(graphs, ({ ids, edges }) => {
      const { places, width, height } = layoutOf(ids, edges)
      const all = [...places.values()]
      expect(all).toHaveLength(ids.length)
      for (const [at, a] of all.entries()) {
        expect(a.x).toBeGreaterThanOrEqual(0)
        expect(a.x + NODE_WIDTH).toBeLessThanOrEqual(width)
        expect(a.y).toBeGreaterThanOrEqual(-1e-6)
        expect(a.y + NODE_HEIGHT).toBeLessThanOrEqual(height + 1e-6)
        for (const b of all.slice(at + 1))
          expect(Math.abs(a.x - b.x) >= NODE_WIDTH || Math.abs(a.y - b.y) >= NODE_HEIGHT).toBe(true)
      }
    }),
    { numRuns: 60 },
  )
})

it('edges of a graph without cycles go from left to right', () => {
  const ids = ['a', 'b', 'c', 'd', 'late']
  const edges = [
    { from: 'a', to: 'b' },
    { from: 'b', to: 'c' },
    { from: 'a', to: 'c' },
    { from: 'c', to: 'd' },
    { from: 'late', to: 'd' },
  ]
  const { places } = layoutOf(ids, edges)
  for (const { from, to } of edges) expect(places.get(from)!.x).toBeLessThan(places.get(to)!.x)
  expect(places.get('late')!.x, 'a source stands beside its reader').toBe(places.get('c')!.x)
})
