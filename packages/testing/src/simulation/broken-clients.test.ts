import { long, type Plan, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { type AnomalyName, anomalyText } from '../history/anomaly.ts'
import { checkHistory } from '../history/check-history.ts'
import type { HistoryLink, HistoryRecord } from '../history/history.ts'
import {
  commitsOldOffsets,
  losesChanges,
  losesRecords,
  readsUncommitted,
  repeatsRecords,
  swapsRecords,
  tearsTransactions,
} from './broken-clients.fixture.ts'
import { drawCase } from './draw-case.ts'
import { runCase } from './run-case.ts'

const texts = { key: string(), value: string() }
const input = Array.from({ length: 100 }, (_, n) => ({
  topic: 'in',
  key: `k${Math.floor(n / 10) % 2}`,
  value: `v${n} w${n % 3}`,
}))

/** Copies lines, and counts their words. */
function plan(): Plan {
  const builder = new StreamsBuilder()
  const lines = builder.stream('in', texts)
  lines.to('copies', texts)
  lines
    .flatMapValues(line => line.split(' '))
    .groupBy(word => word, texts)
    .count({ store: 'counts' })
    .toStream()
    .to('out', { key: string(), value: long() })
  return builder.build()
}

const textOf = (bytes: Buffer | null) => bytes?.toString() ?? 'null'
const shown = ({ key, value, timestamp }: HistoryRecord) => ({
  key: textOf(key),
  text: `${textOf(value)} ${timestamp}`,
})
const LINKS: readonly HistoryLink[] = [
  { kind: 'each', from: 'in', to: 'copies', effects: record => [shown(record)], shown },
  {
    kind: 'each',
    from: 'in',
    to: 'app-counts-repartition',
    effects: ({ value, timestamp }) =>
      textOf(value)
        .split(' ')
        .map(word => ({ key: word, text: `${word} ${timestamp}` })),
    shown,
  },
  {
    kind: 'count',
    from: 'app-counts-repartition',
    to: 'app-counts-changelog',
    keysOf: ({ key }) => [textOf(key)],
    shown: ({ key, value }) => ({ key: textOf(key), count: Number(value?.readBigInt64BE()) }),
  },
]

async function anomaliesOf(seed: number, broken?: Parameters<typeof runCase>[3]): Promise<readonly string[]> {
  const topology = plan()
  const drawn = { plan: topology, seed, input, guarantee: 'exactly_once', partitions: 2 } as const
  const { violations, recorded } = await runCase(topology, drawCase(drawn), 'as-planned', broken)
  return [...violations, ...checkHistory({ ...recorded, links: LINKS }).map(anomalyText)]
}

const SEEDS = Array.from({ length: 6 }, (_, index) => index + 1)

it.each<[string, AnomalyName, Parameters<typeof runCase>[3]]>([
  ['a client that reads what is not committed', 'aborted read', readsUncommitted],
  ['a client that leaves records out', 'lost write', losesRecords],
  ['a client that writes records twice', 'duplicate', repeatsRecords],
  ['a client that commits offsets of before', 'non-monotonic commit', commitsOldOffsets],
  ['a client that has two transactions for one', 'torn transaction', tearsTransactions],
  ['a client that swaps records', 'order violated', swapsRecords],
  ['a client that leaves changes of stores out', 'store differs from changelog', losesChanges],
])('of %s it finds the %s', async (_title, name, broken) => {
  const found: string[] = []
  const named = () => found.filter(text => text.startsWith(`${name}: `))
  for (const seed of SEEDS) {
    found.push(...(await anomaliesOf(seed, broken)))
    if (named().length > 0) break
  }
  expect(named()[0] ?? found.join('\n')).toMatch(new RegExp(`^${name}: .*offset \\d+`))
})

it('finds nothing in the same runs with a client that does nothing wrong', async () => {
  for (const seed of SEEDS) expect(await anomaliesOf(seed), `seed ${seed}`).toEqual([])
})
