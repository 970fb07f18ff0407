import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FlexibleReader, FlexibleWriter } from './flexible-bytes.ts'

it('writes a request as Kafka does', () => {
  // OffsetFetch version 7 of group "g", partitions 0 and 1 of topic "t", with requireStable.
  const body = new FlexibleWriter()
  body.string('g').array([['t', [0, 1]] as const], ([topic, list]) =>
    body
      .string(topic)
      .array(list, partition => body.int32(partition))
      .noTags(),
  )
  body.bool(true).noTags()
  expect(body.bytes().toString('hex')).toBe('0267020274030000000000000001000100')
})

it('reads what it has written, whatever it is', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.string({ maxLength: 300 }), fc.maxSafeInteger(), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      ),
      rows => {
        const body = new FlexibleWriter()
        body.array(rows, ([text, long, int]) => body.string(text).int64(BigInt(long)).int32(int).noTags())
        const read = new FlexibleReader(body.bytes())
        const found = read.array(() => {
          const row = [read.string(), Number(read.int64()), read.int32()]
          read.skipTags()
          return row
        })
        expect(found).toEqual(rows.map(([text, ...rest]) => [Buffer.from(text).toString(), ...rest]))
      },
    ),
  )
})

it('skips tagged fields that it does not know', () => {
  const read = new FlexibleReader(Buffer.from('020003aabbcc810101dd0000002a', 'hex'))
  read.skipTags()
  expect(read.int32()).toBe(42)
})

it('tells null from an empty string', () => {
  const read = new FlexibleReader(Buffer.from('0001', 'hex'))
  expect([read.nullableString(), read.nullableString()]).toEqual([null, ''])
})

it('never reads past the end, and makes no array larger than the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
      const read = new FlexibleReader(Buffer.from(bytes))
      try {
        const list = read.array(() => {
          const row = [read.nullableString(), read.int16(), read.int64()]
          read.skipTags()
          return row
        })
        expect(list.length).toBeLessThanOrEqual(bytes.length)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }),
  )
})
