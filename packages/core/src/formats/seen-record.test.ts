import fc from 'fast-check'
import { expect, it } from 'vitest'
import { keyAndId, recordOrigin } from './seen-record.ts'
import { string } from '../serde/text-serdes.ts'

const text = fc.string({ unit: 'binary' }).map(value => value.toWellFormed())
const both = keyAndId(string(), string())

it('gives a key and an id back, and other bytes for every other pair', () => {
  const pair = fc.record({ key: text, id: text })
  fc.assert(
    fc.property(pair, pair, (one, other) => {
      const bytes = both.serialize(one, 't')
      expect(both.deserialize(bytes, 't')).toEqual(one)
      const same = one.key === other.key && one.id === other.id
      expect(Buffer.compare(bytes, both.serialize(other, 't')) === 0).toBe(same)
    }),
  )
})

it('gives back where a record was read', () => {
  const origin = fc.record({
    topic: text,
    partition: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    offset: fc.maxSafeNat(),
  })
  fc.assert(
    fc.property(origin, value => {
      expect(recordOrigin.deserialize(recordOrigin.serialize(value, 't'), 't')).toEqual(value)
    }),
  )
})

it.each(['', '0000', '00000005aa', 'ffffffff'])('refuses a key that ends too soon: %j', hex => {
  expect(() => both.deserialize(Buffer.from(hex, 'hex'), 't')).toThrow(
    expect.objectContaining({ code: 'MILLRACE_SERDE_DECODE' }),
  )
})

it('refuses an origin that ends too soon', () => {
  expect(() => recordOrigin.deserialize(Buffer.alloc(11), 't')).toThrow(
    expect.objectContaining({ code: 'MILLRACE_SERDE_DECODE' }),
  )
})
