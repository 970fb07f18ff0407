import { long, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { drawCase } from './draw-case.ts'
import { replay, simulate } from './simulate.ts'

const texts = { key: string(), value: string() }
const input = Array.from({ length: 40 }, (_, n) => ({ topic: 'in', key: `k${n % 5}`, value: `v${n}` }))

function copying(change: (value: string) => string) {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).mapValues(change).to('out', texts)
  return builder.build()
}

it.each(['last', 'each', 'each-in-order'] as const)(
  'finds nothing wrong with a copy, compared by %s',
  async compare => {
    for (let seed = 1; seed <= 20; seed++) {
      const { violations, history } = await simulate(copying(String), { seed, input, compare })
      expect(violations, history.join('\n')).toEqual([])
    }
  },
)

it('finds a function that remembers what a crash does not take back', async () => {
  let violated = 0
  for (let seed = 1; seed <= 8; seed++) {
    let calls = 0
    const plan = copying(() => String(++calls))
    const { violations } = await simulate(plan, { seed, input, guarantee: 'exactly_once', shrink: false })
    if (violations.length > 0) violated++
  }
  expect(violated).toBeGreaterThan(0)
})

it('makes a run that fails as small as it can, and shows the smaller one', async () => {
  const { violations, setting, history } = await simulate(copying(String), {
    seed: 4,
    input,
    oracle: ({ output }) => (output('out').some(({ value }) => value === 'v17') ? ['v17 came out'] : []),
  })
  expect(violations).toEqual(['v17 came out'])
  expect(setting.records.map(({ value }) => value)).toEqual(['v17'])
  expect(setting).toMatchObject({ processes: 1, troubles: [], faults: [] })
  expect(history.length).toBeLessThan(10)
})

it('keeps what is wrong while it makes a run smaller', async () => {
  const { violations, setting } = await simulate(copying(String), {
    seed: 4,
    input,
    // With fewer records it says something else.
    oracle: ({ output }) => (output('out').length > 30 ? ['duplicate: of many'] : ['too few']),
  })
  expect(violations).toEqual(['duplicate: of many'])
  expect(setting.records.length).toBeGreaterThan(30)
})

it('takes what an oracle throws for what it says', async () => {
  const oracle = () => {
    throw new Error('not what I wanted')
  }
  const { violations } = await simulate(copying(String), { seed: 1, input, oracle, shrink: false })
  expect(violations).toEqual(['not what I wanted'])
})

it('draws every kind of trouble', () => {
  const plan = copying(String)
  const troubles = Array.from({ length: 60 }, (_, seed) =>
    drawCase({ plan, seed, input, guarantee: undefined, partitions: undefined }),
  ).flatMap(setting => setting.troubles)
  const kinds = new Set(troubles.map(({ kind }) => kind))
  const disks = new Set(troubles.flatMap(trouble => (trouble.kind === 'kill' ? [trouble.disk] : [])))
  expect([...kinds].sort()).toEqual([
    'broker-stop',
    'clock-jump',
    'evict',
    'grow',
    'kill',
    'stand-still',
    'stop',
    'thread-add',
    'thread-crash',
    'thread-crash-at-claim',
    'thread-remove',
    'wall-clock-step',
  ])
  expect([...disks].sort()).toEqual(['corrupt', 'kept', 'lost', 'torn'])
})

it('says clearly why a topology with stores does not go on after its input topic has grown', async () => {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).groupByKey().count().toStream().to('out', { key: string(), value: long() })
  const { violations } = await replay(builder.build(), {
    seed: 1,
    guarantee: 'exactly_once',
    transactions: 'group-metadata',
    onBadRecord: 'fail',
    partitions: 2,
    processes: 1,
    asyncReads: false,
    watched: true,
    records: input.map((record, n) => ({ ...record, atMs: n * 100, fails: 0, slowMs: 0 })),
    troubles: [{ kind: 'grow', atMs: 1000, topic: 'in' }],
    faults: [],
  })
  expect(violations[0]).toContain(
    'MILLRACE_TOPIC_GROWN: The topic "in" has grown from 2 to 3 partitions, but "app-KSTREAM-AGGREGATE-STATE-STORE-0000000001-changelog" has 2',
  )
})
