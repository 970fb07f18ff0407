import { checkHistory, type HistoryRecord } from '@millrace/testing'
import { expect, it } from 'vitest'
import { committedOffset, transactionsOf, wordCountLinks } from './cluster-history.ts'

const text = (value: string) => {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(2)
  length.writeInt16BE(bytes.length)
  return Buffer.concat([length, bytes])
}

function offsetKey(version: number, group: string, topic: string, partition: number): Buffer {
  const [head, tail] = [Buffer.alloc(2), Buffer.alloc(4)]
  head.writeInt16BE(version)
  tail.writeInt32BE(partition)
  return Buffer.concat([head, text(group), text(topic), tail])
}

const value = Buffer.from('0003000000000000002affffffff0000000001234567890a', 'hex')

it('reads the offsets of a group from its log', () => {
  const key = offsetKey(1, 'app', 'lines', 3)
  expect(committedOffset({ key, value }, 'app')).toEqual({ topic: 'lines', partition: 3, offset: 42 })
  expect(committedOffset({ key, value }, 'other')).toBeUndefined()
  expect(committedOffset({ key, value: null }, 'app')).toBeUndefined()
  // The members of a group.
  expect(committedOffset({ key: Buffer.concat([Buffer.from([0, 2]), text('app')]), value }, 'app')).toBeUndefined()
})

function record(topic: string, offset: number, more: Partial<HistoryRecord> = {}): HistoryRecord {
  const bytes = { key: Buffer.from('to'), value: Buffer.from('to') }
  return { topic, partition: 0, offset, timestamp: 5, ...bytes, headers: [], fate: 'committed', ...more }
}

const count = (words: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(words))
  return bytes
}

it('names a transaction of which one part is hidden', () => {
  const transaction = 'producer 7 epoch 3'
  const transactions = transactionsOf([
    record('x-counts', 4, { transaction }),
    record('x-counts', 6, { transaction }),
    record('x-counts-changelog', 9, { transaction, fate: 'hidden' }),
    { ...record('__consumer_offsets', 12, { transaction }), part: 'offsets of the group' },
    record('x-counts', 7, { transaction: 'producer 7 epoch 4' }),
  ])
  expect(checkHistory({ guarantee: 'exactly_once', records: [], commits: [], transactions })).toEqual([
    {
      name: 'torn transaction',
      what: `${transaction}: committed is x-counts-0, offsets 4 to 6; offsets of the group, offsets 12 to 12; aborted is x-counts-changelog-0, offsets 9 to 9`,
    },
  ])
})

it.each([true, false])('counts words from the lines, or from the repartition topic if it is whole (%s)', whole => {
  const records = [
    record('x-lines', 0, { value: Buffer.from('to be') }),
    record('x-lines', 1),
    record('x-counts-repartition', 0),
    record('x-counts-repartition', 1),
    record('x-counts-repartition', 2, { key: Buffer.from('be'), value: Buffer.from('be') }),
    ...['x-counts', 'x-counts-changelog'].flatMap(topic => [
      record(topic, 0, { value: count(2) }),
      record(topic, 1, { key: Buffer.from('be'), value: count(1) }),
    ]),
  ]
  const commits = [
    { topic: 'x-lines', partition: 0, offset: 2 },
    { topic: 'x-counts-repartition', partition: 0, offset: 3 },
  ]
  const links = wordCountLinks('x', whole)
  const check = (given: readonly HistoryRecord[]) =>
    checkHistory({ guarantee: 'exactly_once', records: given, commits, links }).map(({ name }) => name)
  expect(check(records)).toEqual([])
  expect(check(records.filter(({ topic }) => topic !== 'x-counts'))).toEqual(['lost write', 'lost write'])
})
