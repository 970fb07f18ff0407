import { expect, it } from 'vitest'
import type { ReadRecord } from '../../topic-io.ts'
import { mistakesOf } from './expected.ts'
import type { ApplicationName } from './topologies.ts'

type Row = readonly [key: string, value: string | number | null, timestamp?: number]

function records(topic: string, rows: readonly Row[]): readonly ReadRecord[] {
  return rows.map(([key, value, timestamp = 0], offset) => ({
    topic,
    partition: 0,
    offset,
    timestamp,
    key: Buffer.from(key),
    value: value === null ? null : bytesOf(value),
    headers: [],
  }))
}

function bytesOf(value: string | number): Buffer {
  if (typeof value === 'string') return Buffer.from(value)
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

function mistakes(
  application: ApplicationName,
  inputs: readonly (readonly Row[])[],
  output: readonly Row[],
  exactly = true,
): readonly string[] {
  const results = { inputs: inputs.map(rows => records('in', rows)), output: records('out', output), exactly }
  return mistakesOf(application, results).map(({ what }) => what)
}

it('expects each number that passes once, in the order of its key', () => {
  const input: readonly Row[] = [
    ['a', '1'],
    ['b', '7'],
    ['a', '2'],
  ]
  const right: readonly Row[] = [
    ['a', '1!'],
    ['a', '2!'],
  ]
  expect(mistakes('stateless', [input], right)).toEqual([])
  expect(mistakes('stateless', [input], right.slice(1))).toEqual(['"a 1!" is missing'])
  expect(mistakes('stateless', [input], [...right, right[0]!])).toEqual(['"a 1!" came 2 times'])
  expect(mistakes('stateless', [input], [...right, right[0]!], false)).toEqual([])
  expect(mistakes('stateless', [input], right.toReversed())).toEqual(['"1!" of a came after what follows it'])
  expect(mistakes('stateless', [input], [...right, ['b', '7!']])).toEqual(['"b 7!" comes of nothing'])
})

it('expects counts that rise to the exact one', () => {
  const input: readonly Row[] = [
    ['1', 'w'],
    ['2', 'w'],
  ]
  const right: readonly Row[] = [
    ['w', 1],
    ['w', 2],
  ]
  expect(mistakes('aggregated', [input], right)).toEqual([])
  expect(mistakes('aggregated', [input], right.slice(0, 1))).toEqual(['"w" is 1 and has to be 2'])
  expect(mistakes('aggregated', [input], [...right, ['w', 3]])).toEqual(['"w" is 3 and has to be 2'])
  expect(mistakes('aggregated', [input], [...right, ['w', 3]], false)).toEqual([])
  expect(mistakes('aggregated', [input], [['w', 1], ...right])).toEqual(['"w" goes from 1 to 1'])
  expect(mistakes('aggregated', [input], [...right, ['v', 1]])).toEqual(['"v" comes of nothing'])
})

it('expects each pair of the same key within the window once', () => {
  const inputs: readonly (readonly Row[])[] = [
    [['k', '1', 0]],
    [
      ['k', '2', 1_000],
      ['k', '3', 1_001],
      ['j', '4', 0],
    ],
  ]
  expect(mistakes('windowed-join', inputs, [['k', '1|2']])).toEqual([])
  expect(mistakes('windowed-join', inputs, [])).toEqual(['"k 1|2" is missing'])
  expect(
    mistakes('windowed-join', inputs, [
      ['k', '1|2'],
      ['k', '1|3'],
    ]),
  ).toEqual(['"k 1|3" comes of nothing'])
})

it('expects the last row of each order with the last row of its customer, and none that goes back', () => {
  const inputs: readonly (readonly Row[])[] = [
    [
      ['o', 'c:1'],
      ['o', 'c:2'],
      ['p', 'd:3'],
      ['q', 'c:4'],
      ['q', null],
    ],
    [
      ['c', '5'],
      ['c', '6'],
      ['d', '7'],
      ['d', null],
    ],
  ]
  const right: readonly Row[] = [
    ['o', 'c:1|5'],
    ['q', 'c:4|5'],
    ['o', 'c:2|6'],
    ['p', 'd:3|7'],
    ['p', null],
    ['q', null],
  ]
  expect(mistakes('foreign-key-join', inputs, right)).toEqual([])
  expect(mistakes('foreign-key-join', inputs, right.slice(0, 5))).toEqual(['q is "c:4|5" and has to be "null"'])
  const back: readonly Row[] = [['o', 'c:2|6'], ['o', 'c:1|5'], ...right.slice(1)]
  expect(mistakes('foreign-key-join', inputs, back)).toEqual(['o goes back to "c:1|5"'])
  expect(mistakes('foreign-key-join', inputs, back, false)).toEqual([])
  const strange: readonly Row[] = [['o', 'c:9|5'], ...right]
  expect(mistakes('foreign-key-join', inputs, strange, false)).toEqual(['"c:9|5" of o comes of nothing'])
})

it('tells a row that stays behind as in Kafka Streams from one that was lost', () => {
  const orders: readonly Row[] = [
    ['o', 'c:1'],
    ['o', 'd:2'],
    ['o', 'd:3'],
  ]
  const customers: readonly Row[] = [['c', '5']]
  const judged = (some: readonly Row[], output: readonly Row[]) =>
    mistakesOf('foreign-key-join', {
      inputs: [records('orders', some), records('customers', customers)],
      output: records('out', output),
      exactly: true,
    })
  const stale: readonly Row[] = [['o', 'c:1|5']]
  const what = 'o is "c:1|5" and has to be "null"'
  expect(judged(orders, stale)).toEqual([expect.objectContaining({ what, asInJava: expect.any(String) })])
  const again: readonly Row[] = [
    ['o', 'c:1'],
    ['o', null],
    ['o', 'd:3'],
  ]
  expect(judged(again, stale)).toEqual([expect.objectContaining({ what, asInJava: expect.any(String) })])
  // The order has not changed after it had left its customer.
  expect(judged(orders.slice(0, 2), stale)).toEqual([expect.not.objectContaining({ asInJava: expect.any(String) })])
  expect(judged([...orders, ['o', 'c:4']], stale)).toEqual([
    expect.not.objectContaining({ asInJava: expect.any(String) }),
  ])
})
