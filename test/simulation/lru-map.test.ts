import { long, StreamsBuilder, string } from '@millrace/core'
import { simulate } from '@millrace/testing'
import { expect, it } from 'vitest'
import { seeds } from './seeds.ts'

const texts = { key: string(), value: string() }
const input = (random: () => number) =>
  Array.from({ length: 80 }, (_, n) => ({ topic: 'in', key: `k${Math.floor(random() * 9)}`, value: `v${n}` }))

/** Counts only of the keys that came last: each that went starts again. */
function lastUsed(maxEntries: number) {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .groupByKey()
    .count({ store: { name: 'counts', maxEntries, caching: false } })
    .toStream()
    .to('out', { key: string(), value: long() })
  return builder.build()
}

it.each(seeds(12))('forgets the same keys, whatever happens (seed %i)', async seed => {
  const { violations, history } = await simulate(lastUsed(1 + (seed % 4)), {
    seed,
    input,
    guarantee: 'exactly_once',
    compare: 'each-in-order',
    shrink: false,
  })
  expect(violations, history.join('\n')).toEqual([])
})
