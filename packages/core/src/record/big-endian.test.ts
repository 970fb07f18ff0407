import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readInt16, readInt32, readInt64, writeInt16, writeInt32, writeInt64 } from './big-endian.ts'

it('agrees with Buffer for 64 bits within ±2^53', () => {
  fc.assert(
    fc.property(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(-1, 2 ** 53, -(2 ** 53), 2 ** 32, -(2 ** 32))), value => {
      const theirs = Buffer.alloc(8)
      theirs.writeBigInt64BE(BigInt(value))
      const ours = Buffer.alloc(8)
      writeInt64(ours, 0, value)
      expect(ours).toEqual(theirs)
      expect(readInt64(theirs, 0)).toBe(value)
    }),
  )
})

it('agrees with Buffer for 32 and 16 bits', () => {
  fc.assert(
    fc.property(fc.integer(), value => {
      const short = (value << 16) >> 16
      const theirs = Buffer.alloc(6)
      theirs.writeInt32BE(value)
      theirs.writeInt16BE(short, 4)
      const ours = Buffer.alloc(6)
      writeInt32(ours, 0, value)
      writeInt16(ours, 4, value)
      expect(ours).toEqual(theirs)
      expect(readInt32(theirs, 0)).toBe(value)
      expect(readInt16(theirs, 4)).toBe(short)
    }),
  )
})
