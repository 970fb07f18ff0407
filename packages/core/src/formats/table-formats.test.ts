import '../record/node-byte-arrays.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { change } from './change.ts'
import { decodeHeld, encodeHeld } from './held-change.ts'
import { long } from '../serde/number-serdes.ts'
import { combinedKey, combinedKeyPrefix, INSTRUCTIONS, subscription, subscriptionResponse } from './subscription.ts'
import { string } from '../serde/text-serdes.ts'

const text = fc.string({ unit: 'binary' }).map(value => value.toWellFormed())
const nullableBytes = fc.option(fc.uint8Array().map(array => Buffer.from(array)))
const hash = fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }).map(array => Buffer.from(array)))

describe('what comes back as it went in', () => {
  it('a change of a row', () => {
    const serde = change(string())
    const changes = fc
      .record({ newValue: fc.option(text), oldValue: fc.option(text) })
      .filter(({ newValue, oldValue }) => newValue !== null || oldValue !== null)
    fc.assert(
      fc.property(changes, value => {
        expect(serde.deserialize(serde.serialize(value, 't'), 't')).toEqual(value)
      }),
    )
  })

  it('a subscription to a foreign key', () => {
    const serde = subscription(string())
    const subscriptions = fc.record({
      hash,
      instruction: fc.constantFrom(...INSTRUCTIONS),
      primaryKey: text,
      primaryPartition: fc.option(fc.nat(), { nil: undefined }),
    })
    fc.assert(
      fc.property(subscriptions, value => {
        expect(serde.deserialize(serde.serialize(value, 't'), 't')).toEqual(value)
      }),
    )
  })

  it('an answer, but for a value of no bytes', () => {
    const serde = subscriptionResponse(string())
    const responses = fc.record({ hash, foreignValue: fc.option(text), primaryPartition: fc.constant(undefined) })
    fc.assert(
      fc.property(responses, value => {
        const back = serde.deserialize(serde.serialize(value, 't'), 't')
        expect(back).toEqual({ ...value, foreignValue: value.foreignValue === '' ? null : value.foreignValue })
      }),
    )
  })

  it('a change that is held back', () => {
    const held = fc.record({
      timestamp: fc.nat(),
      offset: fc.integer({ min: -1 }),
      topic: text,
      partition: fc.integer({ min: -1, max: 1000 }),
      headers: fc.array(fc.record({ key: text, value: nullableBytes })),
      prior: nullableBytes,
      old: nullableBytes,
      value: nullableBytes,
      time: fc.nat(),
    })
    fc.assert(
      fc.property(held, value => {
        expect(decodeHeld(encodeHeld(value))).toEqual(value)
      }),
    )
  })
})

it.each([3, 4, 5])('reads changes in the format %i, which Kafka Streams reads but does not write', flag => {
  const inner = [Buffer.from('61', 'hex'), Buffer.from('62', 'hex'), Buffer.from('026162', 'hex')][flag - 3]!
  const expected = [
    { newValue: null, oldValue: 'a' },
    { newValue: 'b', oldValue: null },
    { newValue: 'a', oldValue: 'b' },
  ][flag - 3]
  expect(change(string()).deserialize(Buffer.concat([inner, Buffer.of(1, flag)]), 't')).toEqual(expected)
})

it('refuses a change whose last byte says no format', () => {
  expect(() => change(string()).deserialize(Buffer.of(97, 9), 't')).toThrow(/MILLRACE_SERDE_DECODE/)
  expect(() => change(string()).deserialize(Buffer.alloc(0), 't')).toThrow(/MILLRACE_SERDE_DECODE/)
})

it('keeps the subscriptions of a foreign key together, whatever the keys', () => {
  const key = fc.bigInt({ min: 0n, max: 2n ** 40n }).map(value => Buffer.from(long().serialize(value, 't')))
  fc.assert(
    fc.property(key, key, (foreign, primary) => {
      expect(
        combinedKey(
          sink => sink.append(foreign),
          sink => sink.append(primary),
        ).subarray(0, 12),
      ).toEqual(combinedKeyPrefix(foreign))
    }),
  )
})
