import { type ClientFactory, millraceError, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const AT_MOST_ONCE = { processingGuarantee: 'at_most_once', commitIntervalMs: 1000 } as const

/** Five records in one batch, of which the first instance has processed two. */
async function twoOfFive() {
  const app = testApplication({ in: 1 })
  const seen: string[] = []
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(value => void seen.push(value))
  await app.send(
    'in',
    ['a', 'b', 'c', 'd', 'e'].map(value => ({ value })),
  )
  const first = await app.start(builder.build(), AT_MOST_ONCE)
  while (seen.length < 2) {
    await first.step(0, 1)
    await new Promise(resolve => setImmediate(resolve))
  }
  const second = async () => {
    const instance = await app.start(builder.build(), AT_MOST_ONCE)
    for (let round = 0; round < 100; round++) {
      await instance.step(0)
      await app.clock.advance(100)
    }
    await instance.end({ clean: true, leave: true })
    return seen
  }
  return { app, first, second }
}

it('gives what was not begun to the next instance under at_most_once', async () => {
  const { app, first, second } = await twoOfFive()
  expect(await app.committed('in'), 'committed before processing').toBe(5)
  await first.end({ clean: true, leave: true })
  expect(await app.committed('in')).toBe(2)
  expect(await second()).toEqual(['a', 'b', 'c', 'd', 'e'])
})

it('loses what was not begun when an instance ends by an error under at_most_once, and processes nothing twice', async () => {
  const { first, second } = await twoOfFive()
  await first.end({ clean: false, leave: true })
  expect(await second()).toEqual(['a', 'b'])
})

it('loses nothing that it has fetched while the group is between two generations under at_most_once', async () => {
  const app = testApplication({ in: 1 })
  let refusals = 0
  const refused: number[] = []
  const client: ClientFactory = context => {
    const made = app.factory(context)
    const join = made.groupConsumer.bind(made)
    const groupConsumer: typeof join = options => {
      const consumer = join(options)
      const commit = consumer.commit.bind(consumer)
      return Object.assign(consumer, {
        commit: async (offsets: Parameters<typeof commit>[0]) => {
          if (refusals-- <= 0) return await commit(offsets)
          refused.push(app.clock.monotonic())
          throw millraceError('MILLRACE_GROUP_REBALANCING', { groupId: 'app', reason: 'ILLEGAL_GENERATION' })
        },
      })
    }
    return Object.assign(made, { groupConsumer })
  }
  const seen: string[] = []
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).foreach(value => void seen.push(value))
  const instance = await app.start(builder.build(), { ...AT_MOST_ONCE, client })
  await app.send(
    'in',
    ['a', 'b', 'c'].map(value => ({ value })),
  )
  while (seen.length < 1) {
    await instance.step(0, 1)
    await new Promise(resolve => setImmediate(resolve))
  }
  refusals = 3
  await app.send(
    'in',
    ['d', 'e'].map(value => ({ value })),
  )
  for (let round = 0; round < 20; round++) {
    let over = false
    const step = instance.step(0).finally(() => (over = true))
    while (!over) await app.clock.advance(10)
    await step
  }
  expect(refused.map(moment => moment - refused[0]!)).toEqual([0, 50, 100])
  expect(seen).toEqual(['a', 'b', 'c', 'd', 'e'])
  await instance.end({ clean: true, leave: true })
})
