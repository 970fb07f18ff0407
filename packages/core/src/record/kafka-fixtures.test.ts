import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { controlBatch, readControlType } from './control-batch.ts'
import { fetchedBatch } from './fetched-batch.ts'
import { murmur2, partitionForKey } from './murmur2.ts'
import { RecordBatchBuilder } from './record-batch-builder.ts'
import { readBatchHeader, splitBatches, validateCrc } from './record-batch.ts'

// Made by kafka-clients itself: see test/differential/java-fixtures.
const fixture = <Row>(name: string): Row[] =>
  JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8'))

interface HashRow {
  readonly key: string
  readonly hash: number
  readonly partitionOf12: number
}

it('hashes and partitions keys as Kafka does', () => {
  const rows = fixture<HashRow>('murmur2')
  expect(rows.length).toBeGreaterThan(40)
  for (const { key, hash, partitionOf12 } of rows) {
    // Not at 0, so that a hash of the whole buffer would show.
    const bytes = Buffer.from(`ff${key}ff`, 'hex')
    expect([key, murmur2(bytes, 1, bytes.length - 1)]).toEqual([key, hash])
    expect(partitionForKey(bytes, 1, bytes.length - 1, 12)).toBe(partitionOf12)
  }
})

interface RecordRow {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}

interface BatchRow {
  readonly name: string
  readonly kind: 'plain' | 'compacted' | 'logAppendTime' | 'gzip' | 'commit' | 'abort'
  readonly records: readonly RecordRow[]
  readonly bytes: string
  readonly baseOffset: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
}

const batches = fixture<BatchRow>('record-batches')

it.each(batches)('reads the batch of Kafka: $name', ({ records, bytes: hex }) => {
  const bytes = Buffer.from(hex, 'hex')
  const [header, ...others] = splitBatches(bytes)
  expect(others).toEqual([])
  validateCrc(bytes, header!)
  const read: RecordRow[] = []
  const cursor = fetchedBatch({
    topic: 't',
    partition: 0,
    bytes,
    header: header!,
    fromOffset: 0,
    highWatermark: 0,
    decompress: (_codec, compressed) => gunzipSync(compressed),
  }).cursor()
  const text = (from: Buffer, start: number, end: number) => (start < 0 ? null : from.toString('hex', start, end))
  while (cursor.advance()) {
    read.push({
      offset: cursor.offset,
      timestamp: cursor.timestamp,
      key: text(cursor.keyBytes, cursor.keyStart, cursor.keyEnd),
      value: text(cursor.valueBytes, cursor.valueStart, cursor.valueEnd),
      headers: cursor.headers().map(({ key, value }) => ({ key, value: value && Buffer.from(value).toString('hex') })),
    })
  }
  expect(read).toEqual(records)
})

function rebuilt(records: readonly RecordRow[], baseOffset: number): RecordBatchBuilder {
  const builder = new RecordBatchBuilder({ maxBytes: 1 << 20 })
  let next = baseOffset
  const nothing = Buffer.alloc(0)
  for (const record of records) {
    const key = record.key === null ? null : Buffer.from(record.key, 'hex')
    const value = record.value === null ? null : Buffer.from(record.value, 'hex')
    const headers = record.headers.map(({ key, value }) => ({
      key,
      value: value === null ? null : Buffer.from(value, 'hex'),
    }))
    builder.skipOffsets(record.offset - next)
    next = record.offset + 1
    const keyStart = key ? 0 : -1
    const valueStart = value ? 0 : -1
    builder.append(
      record.timestamp,
      key ?? nothing,
      keyStart,
      key?.length ?? -1,
      value ?? nothing,
      valueStart,
      value?.length ?? -1,
      headers,
    )
  }
  return builder
}

it.each(batches.filter(batch => batch.kind === 'plain'))('writes the same bytes as Kafka: $name', row => {
  const { baseOffset, producerId, producerEpoch, baseSequence, transactional } = row
  const built = rebuilt(row.records, baseOffset).finish({
    baseOffset,
    producerId,
    producerEpoch,
    baseSequence,
    transactional,
  })
  expect(built.toString('hex')).toBe(row.bytes)
})

it('writes a compacted batch as Kafka does', () => {
  const row = batches.find(batch => batch.kind === 'compacted')!
  expect(rebuilt(row.records, 10).finish({ baseOffset: 10 }).toString('hex')).toBe(row.bytes)
})

it.each(['commit', 'abort'] as const)('writes a %s marker as Kafka does', type => {
  const bytes = Buffer.from(batches.find(batch => batch.kind === type)!.bytes, 'hex')
  expect(readControlType(bytes, readBatchHeader(bytes, 0))).toBe(type)
  const timestamp = 1_700_000_000_000
  const options = { producerId: 4711, producerEpoch: 3, coordinatorEpoch: 8, partitionLeaderEpoch: 6 }
  expect(controlBatch({ type, baseOffset: 42, timestamp, ...options }).toString('hex')).toBe(bytes.toString('hex'))
})

it('reads back what it compressed itself', () => {
  const row = batches.find(batch => batch.kind === 'gzip')!
  const theirs = Buffer.from(row.bytes, 'hex')
  const compression = { codec: 'gzip' as const, compress: (records: Buffer) => gzipSync(records) }
  const ours = rebuilt(row.records, 0).finish({ compression })
  expect(gunzipSync(ours.subarray(61))).toEqual(gunzipSync(theirs.subarray(61)))
})
