import { TopologyTestDriver } from '@millrace/testing'
import {
  json,
  type KTable,
  list,
  long,
  type Plan,
  type Serde,
  sessions,
  StreamsBuilder,
  string,
  tumbling,
} from '@millrace/core'
import { expect, it } from 'vitest'

interface Order {
  readonly id: string
  readonly total: number | null
  readonly user: string | null
}

const orders = { key: string(), value: json<Order>() }
const top = { n: 2, by: (order: Order) => order.total }
const distinct = { id: string(), maxIds: 3 }
/** To the topic, without the deletions of sessions that have become part of others. */
const ids = <K>(table: KTable<K, readonly Order[], 'key' | 'value'>) =>
  table
    .toStream(() => 'k')
    .filter(values => values !== null)
    .mapValues(values => values.map(({ id }) => id))
    .to('out', { key: string(), value: list(string()) })
const counts = <K>(table: KTable<K, bigint, 'key' | 'value'>) =>
  table
    .toStream(() => 'k')
    .filter(count => count !== null)
    .to('out', { key: string(), value: long() })

function planOf(define: (grouped: ReturnType<ReturnType<typeof streamOf>['groupByKey']>) => void): Plan {
  const builder = new StreamsBuilder()
  define(streamOf(builder).groupByKey())
  return builder.build()
}

function streamOf(builder: StreamsBuilder) {
  return builder.stream('in', orders)
}

const order = (id: string, total: number | null, user: string | null = null): Order => ({ id, total, user })

/** The values that came out of each record. */
async function run<V>(plan: Plan, value: Serde<V>, records: readonly (readonly [Order | null, number])[]) {
  await using driver = await TopologyTestDriver.create(plan, { caching: 'off' })
  const input = driver.createInputTopic('in', orders)
  const output = driver.createOutputTopic('out', { key: string(), value })
  const given: (V | null)[][] = []
  for (const [record, timestamp] of records) {
    await input.pipeInput('k', record, { timestamp })
    given.push(output.readValuesToList())
  }
  return given
}

it('keeps the n values that rank highest; of equal ones the first, and none without a rank', async () => {
  const plan = planOf(grouped => ids(grouped.topN(top)))
  const totals = [5, 7, 7, null, 9, 1]
  const given = await run(
    plan,
    list(string()),
    totals.map((total, at) => [order(`o${at}`, total), at]),
  )
  expect(given.flat()).toEqual([['o0'], ['o1', 'o0'], ['o1', 'o2'], ['o1', 'o2'], ['o4', 'o1'], ['o4', 'o1']])
})

it('does so for each window', async () => {
  const plan = planOf(grouped => ids(grouped.windowedBy(tumbling({ sizeMs: 10, graceMs: 0 })).topN(top)))
  const given = await run(plan, list(string()), [
    [order('a', 5), 1],
    [null, 2],
    [order('b', 6), 3],
    [order('c', 1), 12],
  ])
  expect(given.flat()).toEqual([['a'], ['a'], ['b', 'a'], ['c']])
})

it('joins the tops of sessions that come to touch', async () => {
  const plan = planOf(grouped => ids(grouped.windowedBy(sessions({ inactivityGapMs: 5, graceMs: 100 })).topN(top)))
  const given = await run(plan, list(string()), [
    [order('a', 5), 0],
    [order('b', 9), 10],
    [order('c', 7), 5],
  ])
  expect(given.at(-1)!.at(-1)).toEqual(['b', 'c'])
})

it('counts different ids, no null, and no more than it tells apart', async () => {
  const plan = planOf(grouped => counts(grouped.distinctCount(({ user }) => user, distinct)))
  const users = ['ann', 'bob', 'ann', null, 'cleo', 'dora']
  const given = await run(
    plan,
    long(),
    users.map((user, at) => [order('o', 1, user), at]),
  )
  expect(given.flat()).toEqual([1n, 2n, 2n, 2n, 3n, 3n])
})

it('counts them for each window and session', async () => {
  const records = ['ann', 'bob', 'ann', 'ann'].map((user, at) => [order('o', 1, user), at * 4] as const)
  const windowed = planOf(grouped =>
    counts(grouped.windowedBy(tumbling({ sizeMs: 10, graceMs: 0 })).distinctCount(({ user }) => user, distinct)),
  )
  expect((await run(windowed, long(), records)).flat()).toEqual([1n, 2n, 2n, 1n])
  const bySession = planOf(grouped =>
    counts(
      grouped.windowedBy(sessions({ inactivityGapMs: 5, graceMs: 0 })).distinctCount(({ user }) => user, distinct),
    ),
  )
  expect((await run(bySession, long(), records)).map(each => each.at(-1))).toEqual([1n, 2n, 2n, 2n])
})

it('goes on from what it kept after a crash under exactly-once', async () => {
  const plan = planOf(grouped => counts(grouped.distinctCount(({ user }) => user, distinct)))
  await using driver = await TopologyTestDriver.create(plan, { processingGuarantee: 'exactly_once' })
  const input = driver.createInputTopic('in', orders)
  const output = driver.createOutputTopic('out', { key: string(), value: long() })
  await input.pipeInput('k', order('o', 1, 'ann'))
  await driver.removeInstance(0, { crash: true })
  await driver.addInstance()
  await input.pipeInput('k', order('o', 1, 'ann'))
  await input.pipeInput('k', order('o', 1, 'bob'))
  expect(output.readValuesToList()).toEqual([1n, 1n, 2n])
})

it.each([
  ['n', () => planOf(grouped => ids(grouped.topN({ ...top, n: 0 })))],
  ['maxIds', () => planOf(grouped => counts(grouped.distinctCount(({ user }) => user, { id: string(), maxIds: 0.5 })))],
])('refuses %s that is no positive whole number', (_which, define) => {
  expect(define).toThrow(expect.objectContaining({ code: 'MILLRACE_TOPOLOGY_OPTION_INVALID' }))
})
