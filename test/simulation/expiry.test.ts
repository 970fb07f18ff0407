import { long, StreamsBuilder, string } from '@millrace/core'
import { simulate, SIMULATION_START_MS, type SimulatedRun } from '@millrace/testing'
import { expect, it } from 'vitest'
import { seeds } from './seeds.ts'

const texts = { key: string(), value: string() }

/** Pauses of all lengths between the records of a key, so that about every other one finds it expired. */
const input = (random: () => number) => {
  let timestamp = SIMULATION_START_MS
  return Array.from({ length: 60 }, (_, n) => ({
    topic: 'in',
    key: `k${Math.floor(random() * 8)}`,
    value: `v${n}`,
    timestamp: (timestamp += Math.floor(random() * 100)) - Math.floor(random() * 60),
  }))
}

/** Two stores that expire, one below the other: counts, and of them the rows of a table. */
function expiring(caching: boolean, ttlBy: 'stream-time' | 'wall-clock') {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .count({ store: { name: 'counts', ttlMs: 700, ttlBy, caching } })
    .filter(() => true, { store: { name: 'filtered', ttlMs: 400, ttlBy, caching } })
    .toStream()
    .to('out', { key: string(), value: long() })
  return builder.build()
}

const isDeletion = ({ value }: { readonly value: unknown }) => value === null

it.each(seeds(12))('gives the same deletions in the same order, whatever happens (seed %i)', async seed => {
  const { violations, history } = await simulate(expiring(false, 'stream-time'), {
    seed,
    input,
    guarantee: 'exactly_once',
    compare: 'each-in-order',
    shrink: false,
  })
  expect(violations, history.join('\n')).toEqual([])
})

it('ends through caches with the rows that have not expired', async () => {
  let deletions = 0
  for (const seed of seeds(8)) {
    const { violations, history } = await simulate(expiring(true, 'stream-time'), {
      seed,
      input,
      partitions: 1,
      guarantee: 'exactly_once',
      oracle: run => {
        const output = run.output('out')
        deletions += output.filter(isDeletion).length
        return unlike(new Map(output.map(({ key, value }) => [show(key), value])), rowsLeft(run.input))
      },
      // What the last flush lets expire is deleted in a commit of its own.
      quietMs: 5_000,
      shrink: false,
    })
    expect(violations, `seed ${seed}\n${history.join('\n')}`).toEqual([])
  }
  expect(deletions).toBeGreaterThan(0)
})

it.each(seeds(12))('leaves no row when the wall clock has passed all (seed %i)', async seed => {
  const { violations, history } = await simulate(expiring(seed % 2 === 0, 'wall-clock'), {
    seed,
    input,
    guarantee: 'exactly_once',
    oracle: run => unlike(new Map(run.output('out').map(({ key, value }) => [show(key), value])), new Map()),
    clockSteps: false,
    shrink: false,
  })
  expect(violations, history.join('\n')).toEqual([])
})

/** What the filtered table holds when the last record has been processed. */
function rowsLeft(input: SimulatedRun['input']): ReadonlyMap<string, bigint> {
  const counts = new Map<string, { readonly count: bigint; readonly timestamp: number }>()
  let streamTime = -1
  for (const { key, timestamp = 0 } of input) {
    streamTime = Math.max(streamTime, timestamp)
    const before = counts.get(show(key))
    const there = before !== undefined && before.timestamp + 700 > streamTime ? before : { count: 0n, timestamp }
    counts.set(show(key), { count: there.count + 1n, timestamp: Math.max(timestamp, there.timestamp) })
  }
  const left = [...counts].filter(([, { timestamp }]) => timestamp + 400 > streamTime)
  return new Map(left.map(([key, { count }]) => [key, count]))
}

function unlike(last: ReadonlyMap<string, unknown>, left: ReadonlyMap<string, unknown>): readonly string[] {
  return [...new Set([...last.keys(), ...left.keys()])].flatMap(key => {
    const [found, wanted] = [last.get(key) ?? null, left.get(key) ?? null]
    return found === wanted ? [] : [`${key} is ${show(found)}, but has to be ${show(wanted)}`]
  })
}

function show(part: unknown): string {
  return typeof part === 'bigint' ? String(part) : JSON.stringify(part)
}
