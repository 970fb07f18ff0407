import fc from 'fast-check'
import { expect, it } from 'vitest'
import { shareBudget } from './fetch-budget.ts'

it('never gives out more than there is, and always something', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 1 << 30 }), fc.integer({ min: 1, max: 10_000 }), (budget, wanted) => {
      const { partitions, partitionBytes } = shareBudget(budget, wanted)
      expect(3 * partitions * partitionBytes).toBeLessThanOrEqual(budget)
      expect(partitions).toBeGreaterThanOrEqual(1)
      expect(partitions).toBeLessThanOrEqual(wanted)
      expect(partitionBytes).toBeGreaterThanOrEqual(1)
    }),
  )
})

it.each([
  [64 << 20, 1, 1, 4 << 20],
  [64 << 20, 100, 100, 223_696],
  [64 << 20, 1000, 341, 65_600],
])('of %i bytes among %i partitions, reads %i at a time, %i bytes of each', (budget, wanted, atOnce, bytes) => {
  expect(shareBudget(budget, wanted)).toEqual({ partitions: atOnce, partitionBytes: bytes })
})
