import { compress } from '@millrace/compression'
import {
  controlBatch,
  fetchedBatches as fetchedBatchesOf,
  NO_HEADERS,
  RecordBatchBuilder,
  type CompressionCodec,
  type RawFetchedPartition,
} from '@millrace/core'
import { expect, it } from 'vitest'
import { decompressBatch } from './compression.ts'

const fetchedBatches = (topic: string, position: number, raw: RawFetchedPartition) =>
  fetchedBatchesOf(topic, position, raw, decompressBatch)

interface BatchOptions {
  readonly producerId?: number
  readonly compression?: CompressionCodec
}

function batch(
  baseOffset: number,
  keys: readonly string[],
  { producerId = -1, compression }: BatchOptions = {},
): Buffer {
  const builder = new RecordBatchBuilder({ maxBytes: 100_000_000 })
  for (const text of keys) {
    const key = Buffer.from(text)
    builder.append(1_700_000_000_000, key, 0, key.length, key, 0, key.length, NO_HEADERS)
  }
  return builder.finish({
    baseOffset,
    producerId,
    producerEpoch: producerId < 0 ? -1 : 0,
    partitionLeaderEpoch: 0,
    transactional: producerId >= 0,
    ...(compression && {
      compression: { codec: compression, compress: (bytes: Buffer) => compress(compression, bytes) },
    }),
  })
}

function marker(baseOffset: number, producerId: number, type: 'commit' | 'abort'): Buffer {
  return controlBatch({ type, baseOffset, timestamp: 1_700_000_000_000, producerId, producerEpoch: 0 })
}

function raw(
  records: readonly Buffer[],
  aborted: RawFetchedPartition['abortedTransactions'] = [],
): RawFetchedPartition {
  return {
    partition: 0,
    errorCode: 0,
    highWatermark: 100,
    lastStableOffset: 100,
    abortedTransactions: aborted,
    records: Buffer.concat(records),
  }
}

function offsets(position: number, partition: RawFetchedPartition): number[] {
  const found: number[] = []
  for (const each of fetchedBatches('t', position, partition)) {
    for (const cursor = each.cursor(); cursor.advance();) found.push(cursor.offset)
  }
  return found
}

it('leaves out what lies before the position, since a broker gives whole batches', () => {
  expect(offsets(2, raw([batch(0, ['a', 'b', 'c', 'd'])]))).toEqual([2, 3])
  expect(fetchedBatches('t', 50, raw([batch(20, ['before'])]))).toEqual([])
})

it('leaves out control records and moves past them', () => {
  const fetched = fetchedBatches('t', 0, raw([batch(0, ['a'], { producerId: 7 }), marker(1, 7, 'commit')]))
  expect(fetched).toMatchObject([
    { nextOffset: 1, recordCount: 1, highWatermark: 100 },
    { nextOffset: 2, recordCount: 0 },
  ])
})

it('leaves out aborted transactions, of several producers at once, and nothing else', () => {
  const partition = raw(
    [
      batch(0, ['aborted by 1'], { producerId: 1 }),
      batch(1, ['aborted by 2'], { producerId: 2 }),
      batch(2, ['no transaction']),
      batch(3, ['committed by 3'], { producerId: 3 }),
      marker(4, 1, 'abort'),
      batch(5, ['committed by 1'], { producerId: 1 }),
      batch(6, ['aborted by 2'], { producerId: 2 }),
      marker(7, 2, 'abort'),
      marker(8, 3, 'commit'),
      marker(9, 1, 'commit'),
    ],
    [
      { producerId: 2, firstOffset: 1 },
      { producerId: 1, firstOffset: 0 },
    ],
  )
  expect(offsets(0, partition)).toEqual([2, 3, 5])
})

it('starts two aborted transactions that began before the batch at hand', () => {
  const partition = raw(
    [batch(10, ['a'], { producerId: 1 }), batch(11, ['b'], { producerId: 2 })],
    [
      { producerId: 1, firstOffset: 3 },
      { producerId: 2, firstOffset: 4 },
    ],
  )
  expect(offsets(10, partition)).toEqual([])
})

it('waits for the rest of a batch that is cut off', () => {
  const two = Buffer.concat([batch(0, ['a']), batch(1, ['b'])])
  expect(offsets(0, raw([two.subarray(0, two.length - 1)]))).toEqual([0])
})

it('gives what comes before a damaged batch, and fails at the batch itself', () => {
  const damaged = batch(1, ['b'])
  damaged[damaged.length - 1]! ^= 1
  const partition = raw([batch(0, ['a']), damaged])
  expect(offsets(0, partition)).toEqual([0])
  expect(() => offsets(1, partition)).toThrow(expect.objectContaining({ code: 'MILLRACE_BATCH_UNREADABLE' }))
})

it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'reads 250 000 records in one batch, compressed with %s',
  codec => {
    const keys = Array.from({ length: 250_000 }, (_, n) => String(n % 10))
    const [fetched] = fetchedBatches('t', 0, raw([batch(0, keys, codec === 'none' ? {} : { compression: codec })]))
    let count = 0
    for (const cursor = fetched!.cursor(); cursor.advance();) count++
    expect(count).toBe(250_000)
  },
)
