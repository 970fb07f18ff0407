import fc from 'fast-check'
import { expect, it } from 'vitest'
import { orderOf } from './radix-order.ts'

it('sorts as a stable comparison does, few and many, with small and with large numbers', () => {
  const most = fc.constantFrom(0, 1, 2_047, 2_048, 5_000_000, 2 ** 32 - 1, 2 ** 33)
  const count = fc.constantFrom(0, 1, 2, 512, 513, 3_000)
  fc.assert(
    fc.property(most, count, fc.integer(), (limit, length, seed) => {
      const numbers = Array.from({ length }, (_, at) => (Math.imul(seed + at, 2_654_435_761) >>> 0) % (limit + 1))
      const expected = numbers.map((_, at) => at).sort((a, b) => numbers[a]! - numbers[b]!)
      expect([...orderOf(length, limit, at => numbers[at]!)]).toEqual(expected)
    }),
  )
})
