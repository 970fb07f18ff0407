import { expect, it } from 'vitest'
import {
  fetchedMessages,
  offsetAfter,
  type RawBatchContext,
  type RawMessage,
  type RawPartition,
} from './fetched-messages.ts'

const ABORT = Buffer.from([0, 0, 0, 0])
const COMMIT = Buffer.from([0, 0, 0, 1])

/** A record batch as kafkajs decodes it: its messages share one context. */
function batch(
  firstOffset: number,
  keys: readonly (string | Buffer | null)[],
  { producerId = -1, control = false, lastOffsetDelta = keys.length - 1 } = {},
): RawMessage[] {
  const batchContext: RawBatchContext = {
    firstOffset: String(firstOffset),
    lastOffsetDelta,
    producerId: String(producerId),
    inTransaction: producerId >= 0,
  }
  return keys.map((key, i) => ({
    offset: String(firstOffset + i),
    timestamp: '1700000000000',
    key: typeof key === 'string' ? Buffer.from(key) : key,
    value: Buffer.from('v'),
    headers: {},
    isControlRecord: control,
    batchContext,
  }))
}

const marker = (offset: number, producerId: number, key: Buffer) => batch(offset, [key], { producerId, control: true })

function raw(messages: readonly RawMessage[], aborted: RawPartition['abortedTransactions'] = []): RawPartition {
  return { partition: 0, highWatermark: '100', lastStableOffset: '100', abortedTransactions: aborted, messages }
}

function offsets(position: number, partition: RawPartition): number[] {
  const cursor = fetchedMessages('t', position, partition).cursor()
  const found: number[] = []
  while (cursor.advance()) found.push(cursor.offset)
  return found
}

it('leaves out what lies before the position, since a broker gives whole batches', () => {
  expect(offsets(2, raw(batch(0, ['a', 'b', 'c', 'd'])))).toEqual([2, 3])
})

it('leaves out control records and moves past them', () => {
  const partition = raw([...batch(0, ['a'], { producerId: 7 }), ...marker(1, 7, COMMIT)])
  const fetched = fetchedMessages('t', 0, partition)
  expect(fetched).toMatchObject({ nextOffset: 2, recordCount: 1, highWatermark: 100 })
})

it('leaves out aborted transactions, of several producers at once, and nothing else', () => {
  const partition = raw(
    [
      ...batch(0, ['aborted by 1'], { producerId: 1 }),
      ...batch(1, ['aborted by 2'], { producerId: 2 }),
      ...batch(2, ['no transaction']),
      ...batch(3, ['committed by 3'], { producerId: 3 }),
      ...marker(4, 1, ABORT),
      ...batch(5, ['committed by 1'], { producerId: 1 }),
      ...batch(6, ['aborted by 2'], { producerId: 2 }),
      ...marker(7, 2, ABORT),
      ...marker(8, 3, COMMIT),
      ...marker(9, 1, COMMIT),
    ],
    [
      { producerId: '2', firstOffset: '1' },
      { producerId: '1', firstOffset: '0' },
    ],
  )
  expect(offsets(0, partition)).toEqual([2, 3, 5])
})

it('does not take a record with the key 00 00 00 00 for an abort marker', () => {
  const partition = raw(
    [
      ...batch(0, [ABORT], { producerId: 1 }),
      ...batch(1, ['still aborted'], { producerId: 1 }),
      ...marker(2, 1, ABORT),
    ],
    [{ producerId: '1', firstOffset: '0' }],
  )
  expect(offsets(0, partition)).toEqual([])
})

it('starts two aborted transactions that begin in the same batch of offsets', () => {
  const partition = raw(
    [...batch(10, ['a'], { producerId: 1 }), ...batch(11, ['b'], { producerId: 2 })],
    [
      { producerId: '1', firstOffset: '3' },
      { producerId: '2', firstOffset: '4' },
    ],
  )
  expect(offsets(10, partition)).toEqual([])
})

it('goes on behind the batch, also when compaction took its last records', () => {
  const fetched = fetchedMessages('t', 20, raw(batch(20, ['left'], { lastOffsetDelta: 9 })))
  expect(fetched).toMatchObject({ nextOffset: 30, recordCount: 1 })
})

it('never moves back', () => {
  const fetched = fetchedMessages('t', 50, raw(batch(20, ['before'])))
  expect(fetched).toMatchObject({ nextOffset: 50, recordCount: 0 })
})

it('reads messages of the format before batches', () => {
  const old: RawMessage = { offset: '5', timestamp: '3', key: null, value: Buffer.from('v') }
  expect(offsetAfter(old)).toBe(6)
  const cursor = fetchedMessages('t', 5, { partition: 0, highWatermark: '6', messages: [old] }).cursor()
  expect(cursor.advance()).toBe(true)
  expect(cursor).toMatchObject({ offset: 5, timestamp: 3, keyStart: -1, valueStart: 0, valueEnd: 1 })
  expect(cursor.headers()).toEqual([])
})
