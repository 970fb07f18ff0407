import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

function written(write: (writer: WireWriter) => void): WireReader {
  const writer = new WireWriter()
  write(writer)
  return new WireReader(writer.concat())
}

const int = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes).toString('hex'))

describe('primitives', () => {
  it.each([
    ['int8', int(8)],
    ['int16', int(16)],
    ['int32', int(32)],
    ['int64', fc.maxSafeInteger()],
    ['uint16', fc.nat(65_535)],
    ['float64', fc.double({ noNaN: true })],
    ['bool', fc.boolean()],
    ['uuid', uuid],
    ['uvarint', fc.nat(2 ** 31 - 1)],
    ['string', fc.string({ unit: 'grapheme' })],
    ['nullableString', fc.option(fc.string({ unit: 'grapheme' }))],
    ['compactString', fc.string({ unit: 'grapheme' })],
    ['nullableCompactString', fc.option(fc.string({ unit: 'grapheme' }))],
  ] as const)('%s is read as it was written', (type, values) => {
    fc.assert(
      fc.property(values as fc.Arbitrary<unknown>, value => {
        const reader = written(writer => (writer[type] as (value: unknown) => void)(value))
        expect(reader[type]()).toStrictEqual(value)
        expect(reader.remaining).toBe(0)
      }),
    )
  })

  it('keeps the order of small and large blobs, of which the large ones are not copied', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { maxLength: 20 }), sizes => {
        const blobs = sizes.map((size, i) => Buffer.alloc(size, i))
        const writer = new WireWriter()
        for (const blob of blobs) writer.compactBlob(blob)
        const large = blobs.filter(({ length }) => length > 4_000)
        for (const blob of large) expect(writer.chunks().some(chunk => chunk.buffer === blob.buffer)).toBe(true)
        const reader = new WireReader(writer.concat())
        for (const blob of blobs) expect(reader.compactBlob().equals(blob)).toBe(true)
        expect(reader.remaining).toBe(0)
      }),
    )
  })

  it('passes over tagged fields that it does not know', () => {
    const reader = written(writer => {
      writer.tagged([
        [0, w => w.int32(1)],
        [7, w => w.blob(Buffer.alloc(100))],
        [300, w => w.int8(3)],
      ])
      writer.int16(42)
    })
    const seen: number[] = []
    reader.tagged(tag => {
      seen.push(tag)
      if (tag === 0) reader.int32()
    })
    expect(seen).toEqual([0, 7, 300])
    expect(reader.int16()).toBe(42)
  })
})

describe('what would read outside or allocate without limit', () => {
  it.each([
    ['an array of two billion', (r: WireReader) => r.array(() => r.int8()), [0x7f, 0xff, 0xff, 0xff, 0]],
    ['a negative array', (r: WireReader) => r.array(() => r.int8()), [0xff, 0xff, 0xff, 0xfe]],
    ['a string longer than the bytes', (r: WireReader) => r.string(), [0x00, 0x05, 0x61]],
    ['a negative string', (r: WireReader) => r.string(), [0xff, 0xfe, 0x61]],
    ['null for a string', (r: WireReader) => r.string(), [0xff, 0xff]],
    ['a blob of two gigabytes', (r: WireReader) => r.blob(), [0x7f, 0xff, 0xff, 0xff]],
    ['a varint of six bytes', (r: WireReader) => r.uvarint(), [0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ['a varint of more than 32 bits', (r: WireReader) => r.uvarint(), [0xff, 0xff, 0xff, 0xff, 0x7f]],
    ['a tagged field longer than the bytes', (r: WireReader) => r.tagged(), [1, 0, 5, 0]],
    ['a tagged field shorter than what it holds', (r: WireReader) => r.tagged(() => r.int32()), [1, 0, 2, 0, 0, 0, 0]],
  ])('refuses %s', (_what, read, bytes) => {
    expect(() => read(new WireReader(Buffer.from(bytes)))).toThrow(expect.objectContaining({ reason: 'malformed' }))
  })
})
