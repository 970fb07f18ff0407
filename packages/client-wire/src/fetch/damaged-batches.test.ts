import { compress, decompress } from '@millrace/compression'
import {
  controlBatch,
  crc32c,
  type CompressionCodec,
  fetchedBatches,
  isMillraceError,
  NO_HEADERS,
  RecordBatchBuilder,
} from '@millrace/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

const CODECS: readonly CompressionCodec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
/** As the format has them: see `record-batch.ts` of core. */
const LENGTH_AT = 8
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const MAX_BYTES = 1 << 20

function batch(codec: CompressionCodec, baseOffset: number, values: readonly string[]): Buffer {
  const builder = new RecordBatchBuilder({ maxBytes: 100_000 })
  for (const value of values) {
    const bytes = Buffer.from(value)
    const headers = value.length % 2 === 0 ? NO_HEADERS : [{ key: 'h', value: bytes }]
    builder.append(1, bytes, 0, Math.min(2, bytes.length), bytes, 0, bytes.length, headers)
  }
  const compression =
    codec === 'none' ? {} : { compression: { codec, compress: (b: Uint8Array) => compress(codec, b) } }
  return Buffer.from(
    builder.finish({ baseOffset, producerId: 9, producerEpoch: 0, transactional: true, ...compression }),
  )
}

/** What one partition of a fetch response holds: two batches and a marker. */
function recorded(codec: CompressionCodec): Buffer {
  return Buffer.concat([
    batch(codec, 0, ['one', 'two '.repeat(50)]),
    controlBatch({ type: 'commit', baseOffset: 2, timestamp: 1, producerId: 9, producerEpoch: 0 }),
    batch(codec, 3, ['three', 'four', '']),
  ])
}

/** Writes right checksums into whatever can be taken for a batch, so that it is not the checksum that finds the damage. */
function withChecksums(bytes: Buffer): Buffer {
  const own = Buffer.from(bytes)
  for (let p = 0; p + ATTRIBUTES_AT <= own.length;) {
    const next = p + 12 + own.readInt32BE(p + LENGTH_AT)
    if (next <= p + ATTRIBUTES_AT || next > own.length) break
    own.writeUInt32BE(crc32c(own, p + ATTRIBUTES_AT, next) >>> 0, p + CRC_AT)
    p = next
  }
  return own
}

/** Walks all that is read, and gives the number of records; undefined where the bytes are refused. */
function walk(records: Buffer, position: number): number | undefined {
  const raw = { partition: 0, errorCode: 0, highWatermark: 10, lastStableOffset: 10, records }
  const abortedTransactions = [{ producerId: 9, firstOffset: 3 }]
  let count = 0
  try {
    const batches = fetchedBatches('t', position, { ...raw, abortedTransactions }, (codec, bytes) =>
      decompress(codec, bytes, MAX_BYTES),
    )
    for (const each of batches) {
      for (const cursor = each.cursor(); cursor.advance();) {
        count++
        within(cursor.keyStart, cursor.keyEnd, cursor.keyBytes)
        within(cursor.valueStart, cursor.valueEnd, cursor.valueBytes)
        for (const header of cursor.headers()) expect(typeof header.key).toBe('string')
      }
    }
    return count
  } catch (error) {
    if (isMillraceError(error) && error.code === 'MILLRACE_BATCH_UNREADABLE') return undefined
    throw error
  }
}

function within(start: number, end: number, bytes: Buffer): void {
  const isNull = start === -1
  expect(isNull || (Number.isInteger(start) && start >= 0 && start <= end && end <= bytes.length)).toBe(true)
}

describe.each(CODECS)('the records of an answer with right checksums, %s', codec => {
  const whole = recorded(codec)
  const position = fc.nat(8)

  it('are read where nothing is damaged', () => {
    expect(walk(whole, 0)).toBe(2)
  })

  it('are read or refused wherever they are cut', () => {
    for (let length = 0; length <= whole.length; length++) {
      expect(walk(whole.subarray(0, length), 0) ?? 0).toBeLessThanOrEqual(2)
    }
  })

  it('are read or refused with bits flipped and parts repeated', () => {
    const damage = fc.record({
      flips: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(7)), { minLength: 1, maxLength: 6 }),
      from: fc.nat(whole.length - 1),
      length: fc.nat(80),
    })
    fc.assert(
      fc.property(damage, position, ({ flips, from, length }, at) => {
        const bytes = Buffer.from(whole)
        for (const [place, bit] of flips) bytes[place]! ^= 1 << bit
        const repeated = [bytes.subarray(0, from + length), bytes.subarray(from)]
        // A record has at least seven bytes once it is decompressed.
        expect(walk(withChecksums(Buffer.concat(repeated)), at) ?? 0).toBeLessThan(MAX_BYTES)
        expect(walk(withChecksums(bytes), at) ?? 0).toBeLessThan(MAX_BYTES)
      }),
      { numRuns: 1_500 },
    )
  })

  it('are read or refused with a header of any numbers', () => {
    const fields = fc.array(fc.tuple(fc.constantFrom(0, 4, 12, 16, 21, 23, 27, 35, 43, 51, 53, 57), fc.integer()), {
      minLength: 1,
      maxLength: 4,
    })
    fc.assert(
      fc.property(fields, position, (changes, at) => {
        const bytes = batch(codec, 0, ['one', 'two', 'three'])
        for (const [place, value] of changes) if (place !== 16) bytes.writeInt32BE(value, place)
        expect(walk(withChecksums(bytes), at) ?? 0).toBeLessThanOrEqual(3)
      }),
      { numRuns: 1_500 },
    )
  })
})
