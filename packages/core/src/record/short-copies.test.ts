import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ShortCopies, viewOf } from './short-copies.ts'

it('copies any range of bytes to any place, and nothing beside it', () => {
  const sources = [3, 300].map(length => Buffer.from(Array.from({ length }, (_, at) => (at * 7 + length) & 255)))
  const copies = new ShortCopies()
  fc.assert(
    fc.property(fc.nat({ max: 1 }), fc.nat(), fc.nat(), fc.nat({ max: 60 }), (which, from, long, position) => {
      const source = sources[which]!
      const start = from % (source.length + 1)
      const end = start + (long % (source.length - start + 1))
      const target = Buffer.alloc(400, 0xee).subarray(20)
      const expected = Buffer.from(target)
      source.copy(expected, position, start, end)
      expect(copies.copy(target, viewOf(target), position, source, start, end)).toBe(position + end - start)
      expect(target.equals(expected)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})

it('throws at a range that the source does not have', () => {
  const target = Buffer.alloc(100)
  expect(() => new ShortCopies().copy(target, viewOf(target), 0, Buffer.alloc(10), 4, 12)).toThrow(RangeError)
})
