import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { CompressionCodec } from '@millrace/core'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { compress, decompress } from './codecs.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const PACKING = CODECS.filter(codec => codec !== 'none')
const MAX_BYTES = 1 << 24

interface Row {
  readonly name: string
  readonly codec: CompressionCodec
  readonly length: number
  readonly sha256: string
  readonly bytes: string
}

// Made by Kafka's own classes: see test/differential/java-fixtures.
const rows: readonly Row[] = JSON.parse(
  readFileSync(new URL('./fixtures/kafka-compressed.json', import.meta.url), 'utf8'),
)

it.each(rows)('reads what Kafka compresses: $name, $length bytes', ({ codec, length, sha256, bytes }) => {
  const plain = decompress(codec, Buffer.from(bytes, 'base64'), MAX_BYTES)
  expect(plain.length).toBe(length)
  expect(createHash('sha256').update(plain).digest('hex')).toBe(sha256)
})

it('reads rows of all codecs', () => {
  expect(new Set(rows.map(({ name }) => name))).toEqual(new Set([...PACKING, 'snappy block']))
})

/** Bytes with and without repetitions, near and far. */
const plainBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(4000))
        .map(([piece, times]) => Buffer.alloc(piece.length * (times + 1), piece)),
    ),
    { maxLength: 12 },
  )
  .map(pieces => Buffer.concat(pieces))

it.each(CODECS)('gives back what it has compressed: %s', codec => {
  fc.assert(
    fc.property(plainBytes, plain => {
      expect(decompress(codec, compress(codec, plain), plain.length).equals(plain)).toBe(true)
    }),
  )
})

it.each(CODECS)('gives back what is larger than any block: %s', codec => {
  const plain = Buffer.alloc(5_000_000)
  for (let n = 0; n < plain.length; n++) plain[n] = n % 300_000 < 100_000 ? (n * n) >>> 7 : n >>> 10
  expect(decompress(codec, compress(codec, plain), plain.length).equals(plain)).toBe(true)
})

it.each(PACKING)('makes smaller what repeats itself, and hardly larger what does not: %s', codec => {
  const text = Buffer.from('some text that repeats itself '.repeat(1000))
  expect(compress(codec, text).length).toBeLessThan(text.length / 8)
  const noise = createHash('sha512').update('noise').digest()
  expect(compress(codec, noise).length).toBeLessThan(noise.length + 60)
})

it.each(PACKING)('takes no more memory than allowed: %s', codec => {
  const bomb = compress(codec, Buffer.alloc(1_000_000))
  expect(() => decompress(codec, bomb, 999_999)).toThrow(
    expect.objectContaining({ code: 'MILLRACE_DECOMPRESSION_FAILED' }),
  )
  expect(decompress(codec, bomb, 1_000_000).length).toBe(1_000_000)
})

it('does not believe a snappy block that claims more than it can hold', () => {
  // A length of 4 GiB - 1 in front of one literal.
  const claims = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61])
  expect(() => decompress('snappy', claims, Number.MAX_SAFE_INTEGER)).toThrow(/claims 4294967295 bytes/)
})

it.each(PACKING)('refuses damaged bytes, or gives something, but never fails otherwise: %s', codec => {
  const compressed = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc
      .tuple(plainBytes, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.option(fc.nat()))
      .map(([plain, flips, cut]) => {
        const bytes = Buffer.from(compress(codec, plain))
        for (const [at, byte] of flips) if (bytes.length > 0) bytes[at % bytes.length] = byte
        return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1))
      }),
  )
  fc.assert(
    fc.property(compressed, bytes => {
      try {
        expect(decompress(codec, bytes, 100_000).length).toBeLessThanOrEqual(100_000)
      } catch (error) {
        expect(error).toMatchObject({ code: 'MILLRACE_DECOMPRESSION_FAILED' })
      }
    }),
    { numRuns: 500 },
  )
})

it('reads lz4 frames whose blocks depend on each other, with all checksums', () => {
  // Written by the lz4 command line: lz4 -B4 -BX -BD --content-size, 70 000 bytes of "0123456789abcdef".
  const frame = Buffer.from(LINKED_FRAME, 'base64')
  expect(decompress('lz4', frame, MAX_BYTES).toString()).toBe('0123456789abcdef'.repeat(4375))
})

it('reads lz4 frames one after another, with what may be skipped in between', () => {
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3])
  const two = Buffer.concat([compress('lz4', Buffer.from('one')), skippable, compress('lz4', Buffer.from('two'))])
  expect(decompress('lz4', two, MAX_BYTES).toString()).toBe('onetwo')
})

const LINKED_FRAME =
  'BCJNGFxAcBEBAAAAAADjGwEAAP8BMDEyMzQ1Njc4OWFiY2RlZhAA/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////9hQYmNkZWZT3l6cLAAAAP8BMDEyMzQ1Njc4OWFiY2RlZhAA//////////////////////9ZUGJjZGVmA3O34wAAAADEBNns'
