import { long, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { partitionCounts } from './partition-counts.ts'

const text = { key: string(), value: string() }

it('gives a repartition topic as many partitions as what feeds it', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('small', text)
    .merge(builder.stream('large', text))
    .groupBy(value => value, text)
    .count({ store: 'c' })
  const counts = partitionCounts(
    builder.build(),
    new Map([
      ['small', 2],
      ['large', 6],
    ]),
  )
  expect(counts.get('c-repartition')).toBe(6)
})

it('follows a chain of repartition topics', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .repartition({ name: 'first', partitions: 5 })
    .groupBy(value => value, text)
    .count({ store: 'c' })
  const counts = partitionCounts(builder.build(), new Map([['in', 3]]))
  expect(counts.get('first-repartition')).toBe(5)
  expect(counts.get('c-repartition')).toBe(5)
})

it('aligns a repartition topic with the table that it is joined to', () => {
  const builder = new StreamsBuilder()
  const table = builder.table('table', text)
  builder
    .stream('in', text)
    .selectKey(value => value)
    .join(table, (left, right) => left + right, { name: 'joined', ...text })
    .to('out', text)
  const counts = partitionCounts(
    builder.build(),
    new Map([
      ['in', 3],
      ['table', 8],
      ['out', 1],
    ]),
  )
  expect(counts.get('joined-repartition')).toBe(8)
})

it('names topics, counts and the remedy when joined topics differ', () => {
  const builder = new StreamsBuilder()
  const table = builder.table('table', text)
  builder
    .stream('in', text)
    .join(table, (left, right) => left + right)
    .to('out', text)
  expect(() =>
    partitionCounts(
      builder.build(),
      new Map([
        ['in', 3],
        ['table', 8],
        ['out', 1],
      ]),
    ),
  ).toThrowError(
    expect.objectContaining({
      code: 'MILLRACE_TOPIC_NOT_COPARTITIONED',
      message: expect.stringMatching(/"in" has 3.*"table" has 8|"table" has 8.*"in" has 3/),
      hint: expect.stringContaining('"in" with 8 partitions'),
    }),
  )
})

it('leaves counts of the user as they are', () => {
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: long() }).to('out')
  expect(
    partitionCounts(
      builder.build(),
      new Map([
        ['in', 3],
        ['out', 9],
      ]),
    ),
  ).toEqual(
    new Map([
      ['in', 3],
      ['out', 9],
    ]),
  )
})
