import { StreamsBuilder, string } from '@millrace/core'
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
