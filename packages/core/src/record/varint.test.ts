import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readVarint, readVarlong, skipVarint, varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

const zigzag = (value: bigint, bits: bigint) => BigInt.asUintN(Number(bits), (value << 1n) ^ (value >> (bits - 1n)))

/** The definition, in bigints. */
function expected(value: number, bits: bigint): number[] {
  const groups: number[] = []
  let rest = zigzag(BigInt(value), bits)
  for (; rest > 127n; rest >>= 7n) groups.push(Number(rest & 127n) | 128)
  return [...groups, Number(rest)]
}

const int32 = fc.oneof(fc.integer(), fc.integer({ min: -70, max: 70 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1))
const int54 = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -(2 ** 33), max: 2 ** 33 }),
  fc.constantFrom(2 ** 53, -(2 ** 53), 2 ** 31, -(2 ** 31) - 1, 2 ** 34, 2 ** 35 - 1, 2 ** 35),
)

it('writes and reads varints', () => {
  fc.assert(
    fc.property(int32, value => {
      const bytes = Buffer.alloc(8, 0xee)
      const end = writeVarint(bytes, 1, value)
      expect([...bytes.subarray(1, end)]).toEqual(expected(value, 32n))
      expect(varintSize(value)).toBe(end - 1)
      expect(readVarint(bytes, 1)).toBe(value)
      expect(skipVarint(bytes, 1)).toBe(end)
    }),
  )
})

it('writes and reads varlongs to 2^53', () => {
  fc.assert(
    fc.property(fc.oneof(int32, int54), value => {
      const bytes = Buffer.alloc(12, 0xee)
      const end = writeVarlong(bytes, 1, value)
      expect([...bytes.subarray(1, end)]).toEqual(expected(value, 64n))
      expect(varlongSize(value)).toBe(end - 1)
      expect(readVarlong(bytes, 1)).toBe(value)
      expect(skipVarint(bytes, 1)).toBe(end)
    }),
  )
})
