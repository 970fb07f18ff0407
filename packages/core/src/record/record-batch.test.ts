import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isMillraceError } from '../errors/millrace-error.ts'
import { readInt64 } from './big-endian.ts'
import { BatchCursor } from './batch-cursor.ts'
import { controlBatch, readControlType } from './control-batch.ts'
import { fetchedBatch } from './fetched-batch.ts'
import { NO_HEADERS, type Headers } from './headers.ts'
import { RecordBatchBuilder, checkRecordFits, recordBatchBytesOfOne } from './record-batch-builder.ts'
import { readBatchHeader, rewriteBaseOffset, splitBatches, validateCrc } from './record-batch.ts'
import { recordListBatch, type ListedRecord } from './record-list.ts'
import type { FetchedBatch, RecordCursor } from '../ports/client.ts'

interface Input {
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
}

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map(array => Buffer.from(array))
const header = fc.record({ key: fc.string({ unit: 'grapheme' }), value: fc.option(bytes(20)) })
const timestamp = fc.oneof(
  fc.nat(2 ** 31 - 1).map(ms => 1_700_000_000_000 + ms),
  fc.constantFrom(-1, 0, 2 ** 52, 253_402_300_799_999),
)
const record: fc.Arbitrary<Input> = fc.record({
  timestamp,
  key: fc.option(bytes(100)),
  value: fc.option(fc.oneof(bytes(100), bytes(20_000))),
  headers: fc.oneof(fc.constant(NO_HEADERS), fc.array(header, { maxLength: 4 })),
})

const EMPTY = Buffer.alloc(0)

function append(builder: RecordBatchBuilder, { timestamp, key, value, headers }: Input): boolean {
  return builder.append(
    timestamp,
    key ?? EMPTY,
    key ? 0 : -1,
    key?.length ?? -1,
    value ?? EMPTY,
    value ? 0 : -1,
    value?.length ?? -1,
    headers,
  )
}

function build(records: readonly Input[], options: { maxBytes?: number; initialBytes?: number } = {}) {
  const builder = new RecordBatchBuilder({ maxBytes: 1 << 30, ...options })
  for (const each of records) expect(append(builder, each)).toBe(true)
  return builder
}

function readAll(cursor: RecordCursor) {
  const records = []
  while (cursor.advance()) {
    records.push({
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: cursor.keyStart < 0 ? null : cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd),
      value: cursor.valueStart < 0 ? null : cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd),
      headers: cursor.headers(),
    })
  }
  return records
}

const numbered = (records: readonly Input[], baseOffset: number) =>
  records.map(({ timestamp, key, value, headers }, i) => ({ offset: baseOffset + i, timestamp, key, value, headers }))

const fetched = (batch: Buffer, fromOffset = 0, position = 0): FetchedBatch =>
  fetchedBatch({
    topic: 't',
    partition: 3,
    bytes: batch,
    header: readBatchHeader(batch, position),
    fromOffset,
    highWatermark: 1e6,
  })

const record1: Input = {
  timestamp: 1_700_000_000_000,
  key: Buffer.from('k'),
  value: Buffer.from('v'),
  headers: NO_HEADERS,
}

it('reads back what was appended', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 200 }), fc.nat(2 ** 40), (records, baseOffset) => {
      const batch = build(records, { initialBytes: 64 }).finish({ baseOffset, producerId: 7, producerEpoch: 2 })
      const header = readBatchHeader(batch, 0)
      validateCrc(batch, header)
      expect(header).toMatchObject({
        position: 0,
        byteLength: batch.length,
        baseOffset,
        count: records.length,
        lastOffsetDelta: records.length - 1,
        baseTimestamp: records[0]!.timestamp,
        maxTimestamp: Math.max(...records.map(each => each.timestamp)),
        producerId: 7,
        producerEpoch: 2,
        baseSequence: -1,
        compression: 'none',
        timestampType: 'create',
        transactional: false,
        control: false,
      })
      expect(readAll(new BatchCursor(batch, header))).toEqual(numbered(records, baseOffset))
    }),
  )
})

it('knows the size of a batch of one record', () => {
  fc.assert(
    fc.property(record, each => {
      const { key, value, headers } = each
      const size = recordBatchBytesOfOne(key ? 0 : -1, key?.length ?? -1, value ? 0 : -1, value?.length ?? -1, headers)
      expect(size).toBe(build([each]).finish().length)
      expect(() => checkRecordFits('t', size, 0, key?.length ?? 0, 0, value?.length ?? 0, headers)).not.toThrow()
    }),
  )
  expect(() => checkRecordFits('orders', 100, -1, -1, 0, 200, NO_HEADERS)).toThrow(
    /MILLRACE_PRODUCE_RECORD_TOO_LARGE.* 270 bytes for "orders" .* 100 bytes/,
  )
})

it('refuses a record that does not fit, except the first, and stays as it was', () => {
  const builder = new RecordBatchBuilder({ maxBytes: 100 })
  const large: Input = { ...record1, value: Buffer.alloc(150, 'x') }
  expect(append(builder, record1)).toBe(true)
  const size = builder.byteLength
  expect(append(builder, large)).toBe(false)
  expect([builder.count, builder.byteLength]).toEqual([1, size])
  expect(readAll(fetched(builder.finish()).cursor())).toEqual(numbered([record1], 0))
  builder.reset()
  expect(append(builder, large)).toBe(true)
  expect(append(builder, record1)).toBe(false)
  expect(readAll(fetched(builder.finish()).cursor())).toEqual(numbered([large], 0))
})

it('starts at an offset and counts what is left', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), fc.nat(25), (records, skip) => {
      const batch = fetched(build(records).finish({ baseOffset: 100 }), 100 + skip)
      expect(readAll(batch.cursor())).toEqual(numbered(records, 100).slice(skip))
      expect(batch.recordCount).toBe(Math.max(records.length - skip, 0))
      expect(batch.nextOffset).toBe(100 + Math.max(records.length, skip))
    }),
  )
})

it('keeps the gaps that compaction leaves', () => {
  const builder = new RecordBatchBuilder({ maxBytes: 1000 })
  builder.skipOffsets(2)
  append(builder, record1)
  builder.skipOffsets(3)
  append(builder, record1)
  builder.skipOffsets(1)
  const bytes = builder.finish({ baseOffset: 10 })
  expect(readAll(fetched(bytes).cursor()).map(each => each.offset)).toEqual([12, 16])
  expect(fetched(bytes, 13)).toMatchObject({ nextOffset: 18, recordCount: 1 })
})

it('splits a response and leaves out a batch that was cut off', () => {
  const one = build([record1, record1]).finish({ baseOffset: 5 })
  const two = build([record1]).finish({ baseOffset: 7 })
  const response = Buffer.concat([Buffer.alloc(3, 0xff), one, two])
  for (let end = 3; end <= response.length; end++) {
    const batches = splitBatches(response, 3, end)
    const whole = end === response.length ? [5, 7] : end >= 3 + one.length ? [5] : []
    expect(batches.map(each => each.baseOffset)).toEqual(whole)
  }
  const [, second] = splitBatches(response, 3)
  validateCrc(response, second!)
  expect(readAll(new BatchCursor(response, second!))).toEqual(numbered([record1], 7))
})

it('moves a batch to another offset without a new CRC', () => {
  const batch = build([record1]).finish()
  rewriteBaseOffset(batch, 2 ** 40 + 1, 9)
  const header = readBatchHeader(batch, 0)
  expect(header).toMatchObject({ baseOffset: 2 ** 40 + 1, partitionLeaderEpoch: 9 })
  validateCrc(batch, header)
  rewriteBaseOffset(batch, 4)
  expect(readBatchHeader(batch, 0)).toMatchObject({ baseOffset: 4, partitionLeaderEpoch: 9 })
})

it('gives all records the timestamp of the broker where the topic wants it', () => {
  const batch = fetched(build([record1, record1]).finish({ logAppendTime: 1_800_000_000_000 }))
  expect(readAll(batch.cursor()).map(each => each.timestamp)).toEqual([1_800_000_000_000, 1_800_000_000_000])
})

it('finishes again with another epoch', () => {
  const builder = build([record1])
  builder.finish({ producerId: 1, producerEpoch: 0, baseSequence: 0, transactional: true })
  const again = builder.finish({ producerId: 1, producerEpoch: 1, baseSequence: 4, transactional: true })
  const header = readBatchHeader(again, 0)
  expect(header).toMatchObject({ producerEpoch: 1, baseSequence: 4, transactional: true })
  validateCrc(again, header)
})

it('uses the CRC function that it is given', () => {
  const batch = build([record1]).finish({ crc: (_bytes, start, end) => start * 1000 + end })
  expect(readBatchHeader(batch, 0).crc).toBe(21_000 + batch.length)
})

it('compresses and decompresses with the functions it is given', () => {
  const flipped = (records: Uint8Array) => Buffer.from(records.map(byte => byte ^ 0xff))
  const records = [record1, { ...record1, value: null }]
  const bytes = build(records).finish({ compression: { codec: 'lz4', compress: flipped } })
  const header = readBatchHeader(bytes, 0)
  validateCrc(bytes, header)
  expect(header.compression).toBe('lz4')
  const options = { topic: 't', partition: 0, bytes, header, fromOffset: 0, highWatermark: 2 }
  const decompress = (codec: string, compressed: Buffer) => (codec === 'lz4' ? flipped(compressed) : compressed)
  expect(readAll(fetchedBatch({ ...options, decompress }).cursor())).toEqual(numbered(records, 0))
  expect(() => fetchedBatch(options)).toThrow(/MILLRACE_BATCH_UNREADABLE.*lz4, which this client cannot read/)
  const broken = () => {
    throw new Error('bad magic')
  }
  expect(() => fetchedBatch({ ...options, decompress: broken })).toThrow(/could not be decompressed with lz4/)
})

it.each(['commit', 'abort'] as const)('writes a %s marker that shows no record', type => {
  const bytes = controlBatch({ type, baseOffset: 50, timestamp: 1_700_000_000_000, producerId: 9, producerEpoch: 1 })
  const header = readBatchHeader(bytes, 0)
  expect(header).toMatchObject({ control: true, transactional: true, baseOffset: 50, baseSequence: -1, producerId: 9 })
  expect(readControlType(bytes, header)).toBe(type)
  const batch = fetched(bytes)
  expect(batch).toMatchObject({ recordCount: 0, nextOffset: 51 })
  expect(batch.cursor().advance()).toBe(false)
})

it('notices damaged bytes', () => {
  const batch = build([record1]).finish()
  batch[batch.length - 2]! ^= 1
  expect(() => validateCrc(batch, readBatchHeader(batch, 0))).toThrow(/MILLRACE_BATCH_UNREADABLE.*CRC-32C/)
  const overrun = build([record1]).finish()
  overrun[61] = 100
  expect(() => readAll(fetched(overrun).cursor())).toThrow(/MILLRACE_BATCH_UNREADABLE.*record 1 of 1/)
  const old = build([record1]).finish()
  old[16] = 1
  expect(() => splitBatches(old)).toThrow(/MILLRACE_BATCH_UNREADABLE.*v1/)
  const short = build([record1]).finish()
  short.writeInt32BE(3, 8)
  expect(() => splitBatches(short)).toThrow(/MILLRACE_BATCH_UNREADABLE.*15 bytes/)
})

it('ends in good order whatever the bytes are', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), damage, (records, changes) => {
      const batch = build(records).finish()
      // From `attributes` on: with another magic or length it would be refused, or seen as cut off.
      for (const [at, byte] of changes) batch[21 + (at % (batch.length - 21))] = byte
      let outcome: unknown
      try {
        outcome = readAll(new BatchCursor(batch, readBatchHeader(batch, 0))).length
      } catch (error) {
        outcome = isMillraceError(error, 'fatal') ? 'unreadable' : error
      }
      expect(outcome === 'unreadable' || typeof outcome === 'number').toBe(true)
    }),
    { numRuns: 2000 },
  )
})

it('walks a list of records as a batch', () => {
  const records: ListedRecord[] = [
    { offset: 4, timestamp: 10, key: Buffer.from('a'), value: null },
    { offset: 9, timestamp: 11, key: null, value: Buffer.from('bc'), headers: [{ key: 'h', value: null }] },
    { offset: 10, timestamp: 12, key: null, value: EMPTY, headers: () => [{ key: 'late', value: null }] },
  ]
  const batch = recordListBatch({ topic: 't', partition: 0, records, highWatermark: 20 })
  expect(batch).toMatchObject({ nextOffset: 11, recordCount: 3, byteLength: 3, highWatermark: 20 })
  expect(readAll(batch.cursor())).toEqual([
    { ...records[0], headers: NO_HEADERS },
    { ...records[1] },
    { ...records[2], headers: [{ key: 'late', value: null }] },
  ])
  expect(recordListBatch({ topic: 't', partition: 0, records, nextOffset: 15, highWatermark: 20 }).nextOffset).toBe(15)
})

it('reads 64-bit header fields exactly', () => {
  const batch = build([record1]).finish({ baseOffset: Number.MAX_SAFE_INTEGER, producerId: 2 ** 45 + 3 })
  expect(readInt64(batch, 0)).toBe(Number.MAX_SAFE_INTEGER)
  expect(readBatchHeader(batch, 0).producerId).toBe(2 ** 45 + 3)
})
