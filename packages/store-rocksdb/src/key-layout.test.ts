import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  entryKey,
  entryRange,
  offsetKey,
  readU64,
  storeNameKey,
  storeNameOf,
  topicPartitionOf,
  u64,
} from './key-layout.ts'

const storeId = fc.integer({ min: 1, max: 0xfffe })

it('keeps the order of keys, and the stores apart', () => {
  fc.assert(
    fc.property(storeId, storeId, fc.uint8Array(), fc.uint8Array(), (idA, idB, a, b) => {
      const order = Math.sign(idA - idB) || Buffer.compare(a, b)
      expect(Buffer.compare(entryKey(idA, a), entryKey(idB, b))).toBe(order)
    }),
  )
})

it('has every key of a store in the range of the store', () => {
  fc.assert(
    fc.property(storeId, fc.uint8Array(), (id, key) => {
      const { gte, lt } = entryRange(id)
      expect(Buffer.compare(gte, entryKey(id, key))).toBeLessThanOrEqual(0)
      expect(Buffer.compare(entryKey(id, key), lt)).toBe(-1)
    }),
  )
})

it('reads back what it wrote of topics and names', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(0xffff_ffff), fc.maxSafeNat(), (name, partition, offset) => {
      const asWritten = Buffer.from(name).toString()
      expect(topicPartitionOf(offsetKey(name, partition))).toEqual({ topic: asWritten, partition })
      expect(storeNameOf(storeNameKey(name))).toBe(asWritten)
      expect(readU64(u64(offset))).toBe(offset)
    }),
  )
})

it('has these bytes on disk', () => {
  expect(entryKey(258, Buffer.from('k')).toString('hex')).toBe('01026b')
  expect(offsetKey('t', 3).toString('hex')).toBe('00006f740000000003')
  expect(storeNameKey('s').toString('hex')).toBe('00007373')
})
