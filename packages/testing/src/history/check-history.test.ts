import { expect, it } from 'vitest'
import { anomalyText } from './anomaly.ts'
import { checkHistory } from './check-history.ts'
import type { History, HistoryLink, HistoryRecord } from './history.ts'

const LINKS: readonly HistoryLink[] = [
  {
    kind: 'each',
    from: 'in',
    to: 'out',
    effects: record => [shown(record)],
    shown,
  },
  {
    kind: 'count',
    from: 'in',
    to: 'counts',
    keysOf: ({ key }) => [String(key)],
    shown: ({ key, value }) => ({ key: String(key), count: Number(value) }),
  },
]

function shown({ key, value }: HistoryRecord) {
  return { key: String(key), text: String(value) }
}

/** Records such as `a=1`, or `(a=1)` for one that is hidden. */
function records(topic: string, ...texts: readonly string[]): readonly HistoryRecord[] {
  return texts.map((text, offset) => {
    const [key, value] = text.replaceAll(/[()]/g, '').split('=') as [string, string]
    const fate = text.startsWith('(') ? 'hidden' : 'committed'
    const bytes = { key: Buffer.from(key), value: Buffer.from(value) }
    return { topic, partition: 0, offset, timestamp: 0, ...bytes, headers: [], fate }
  })
}

const up = (...offsets: readonly number[]) => offsets.map(offset => ({ topic: 'in', partition: 0, offset }))

interface Told {
  readonly in?: readonly string[]
  readonly out?: readonly string[]
  readonly counts?: readonly string[]
  readonly commits?: History['commits']
  readonly more?: Partial<History>
}

const RIGHT = { in: ['a=1', 'b=2', 'a=3'], out: ['a=1', 'b=2', 'a=3'], counts: ['a=1', 'b=1', 'a=2'] }

function anomalies(told: Told): readonly string[] {
  const all = { ...RIGHT, ...told }
  return checkHistory({
    guarantee: 'exactly_once',
    records: [...records('in', ...all.in), ...records('out', ...all.out), ...records('counts', ...all.counts)],
    commits: told.commits ?? up(1, 3),
    links: LINKS,
    ...told.more,
  }).map(anomalyText)
}

it.each<[string, Told]>([
  ['what is right', {}],
  ['hidden copies of what came out in another transaction', { out: ['(a=1)', 'a=1', '(b=2)', 'b=2', 'a=3'] }],
  ['counts that a cache has left out', { counts: ['b=1', 'a=2'] }],
  ['what has come in and is not committed', { in: [...RIGHT.in, 'b=4'] }],
  ['what is not committed and has come out', { in: [...RIGHT.in, 'b=4'], out: [...RIGHT.out, 'b=4'] }],
  ['keys in another order', { out: ['b=2', 'a=1', 'a=3'] }],
  ['input that was aborted and came to nothing', { in: ['a=1', 'b=2', 'a=3', '(c=9)'] }],
  [
    'a record that a policy leaves out',
    {
      in: ['a=1', 'b=2', 'a=3', 'c=9'],
      commits: up(4),
      more: { isLeftOut: ({ key }) => String(key) === 'c' },
    },
  ],
  [
    'repetitions under at_least_once',
    {
      out: ['a=1', 'b=2', 'a=1', 'b=2', 'a=3'],
      counts: ['a=1', 'b=1', 'a=1', 'a=3'],
      more: { guarantee: 'at_least_once' },
    },
  ],
  ['losses under at_most_once', { out: ['a=3'], counts: [], more: { guarantee: 'at_most_once' } }],
  [
    'transactions that are whole',
    {
      more: {
        transactions: [
          { name: 't1', committed: true, parts: [{ what: 'out-0', committed: true }] },
          { name: 't2', committed: false, parts: [{ what: 'out-0', committed: false }] },
          {
            name: 't3',
            parts: [
              { what: 'out-0', committed: false },
              { what: 'out-1', committed: false },
            ],
          },
        ],
      },
    },
  ],
])('finds nothing in %s', (_what, told) => {
  expect(anomalies(told)).toEqual([])
})

it.each<[string, Told, readonly string[]]>([
  [
    'a record that came to nothing',
    { out: ['a=1', 'a=3'] },
    ['lost write: in-0 offset 1 comes to 1 records "b" in out, and there are 0'],
  ],
  [
    'a record of which only the offset was committed',
    { out: ['a=1', '(b=2)', 'a=3'] },
    [
      'torn transaction: in-0 offset 1 comes to 1 records "b" in out, and there are 0; the offsets are committed, but hidden is out-0 offset 1',
    ],
  ],
  [
    'a record that came out twice',
    { out: ['a=1', 'b=2', 'b=2', 'a=3'] },
    ['duplicate: out-0 offset 1, out-0 offset 2 comes from in-0 offset 1 alone: 2 times'],
  ],
  [
    'a record that comes from nothing',
    { out: ['a=1', 'b=2', 'a=3', 'c=9'] },
    ['duplicate: out-0 offset 3 comes from no record of in'],
  ],
  [
    'a record that comes from an aborted one',
    { in: ['a=1', 'b=2', 'a=3', '(c=9)'], out: ['a=1', 'b=2', 'a=3', 'c=9'] },
    ['aborted read: out-0 offset 3 comes from in-0 offset 3, which was aborted'],
  ],
  [
    'records of a key that have changed places',
    { out: ['a=3', 'b=2', 'a=1'] },
    [
      'order violated: "a" of in-0 offset 2 came out at out-0 offset 0, and then that of in-0 offset 0 at out-0 offset 2',
    ],
  ],
  [
    'a count that is too low',
    { counts: ['a=1', 'b=1'] },
    ['lost write: "a" ends with 1 at counts-0 offset 0, but 2 records came to it, the last ones in-0 offset 2'],
  ],
  [
    'a count that is hidden',
    { counts: ['a=1', 'b=1', '(a=2)'] },
    [
      'torn transaction: "a" ends with 1 at counts-0 offset 0, but 2 records came to it, the last ones in-0 offset 2; the offsets are committed, but hidden is counts-0 offset 2',
    ],
  ],
  [
    'a count that falls back',
    { counts: ['a=2', 'a=1', 'b=1', 'a=2'] },
    ['lost write: "a" is 2 at counts-0 offset 0, and then 1 at counts-0 offset 1'],
  ],
  [
    'a count that comes twice',
    { counts: ['a=1', 'b=1', 'b=1', 'a=2'] },
    ['duplicate: "b" is 1 at counts-0 offset 1, and then 1 at counts-0 offset 2'],
  ],
  [
    'a count that is too high',
    { counts: ['a=1', 'b=1', 'a=3'] },
    ['duplicate: "a" ends with 3 at counts-0 offset 2, but only 2 records came to it'],
  ],
  [
    'a count that has counted an aborted record',
    { in: ['a=1', 'b=2', 'a=3', '(a=9)'], counts: ['a=1', 'b=1', 'a=3'] },
    ['aborted read: "a" ends with 3 at counts-0 offset 2, but only 2 records came to it; aborted was in-0 offset 3'],
  ],
  [
    'offsets that go back',
    { commits: up(2, 1, 3) },
    ['non-monotonic commit: of in-0 offset 2 was committed, and then offset 1'],
  ],
  [
    'an offset past what nobody has read',
    { more: { wasRead: ({ offset }) => offset !== 1 } },
    ['lost write: offset 3 of in-0 is committed, but never processed was in-0 offset 1'],
  ],
  [
    'an aborted record that was read',
    { in: ['a=1', 'b=2', 'a=3', '(c=9)'], more: { wasRead: () => true } },
    ['aborted read: processed though it was aborted was in-0 offset 3'],
  ],
  [
    'a part of a transaction that was aborted',
    {
      more: {
        transactions: [
          {
            name: 'transaction 1 of app-0_1',
            committed: true,
            parts: [
              { what: 'out-0, offsets 0 to 2', committed: false },
              { what: 'offsets in-0 3', committed: true },
            ],
          },
        ],
      },
    },
    [
      'torn transaction: transaction 1 of app-0_1 was committed, but: committed is offsets in-0 3; aborted is out-0, offsets 0 to 2',
    ],
  ],
  [
    'parts that do not agree',
    {
      more: {
        transactions: [
          {
            name: 't',
            parts: [
              { what: 'out-0', committed: false },
              { what: 'out-1', committed: true },
            ],
          },
        ],
      },
    },
    ['torn transaction: t: committed is out-1; aborted is out-0'],
  ],
])('names %s', (_what, told, expected) => {
  expect(anomalies(told)).toEqual(expected)
})
