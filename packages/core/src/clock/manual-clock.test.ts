import { expect, it } from 'vitest'
import { ManualClock } from './manual-clock.ts'

it('wakes sleepers in the order of their times, each at its own time', async () => {
  const clock = new ManualClock(1_000)
  const woken: [string, number][] = []
  const sleeper = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms)
    woken.push([name, clock.now()])
  }
  void sleeper('late', 30)
  void sleeper('early', 10)
  void sleeper('early too', 10)
  await clock.advance(20)
  expect(woken).toEqual([
    ['early', 1_010],
    ['early too', 1_010],
  ])
  expect(clock.now()).toBe(1_020)
  await clock.advance(100)
  expect(woken.at(-1)).toEqual(['late', 1_030])
})

it('lets a sleeper sleep again on the way', async () => {
  const clock = new ManualClock()
  const ticks: number[] = []
  void (async () => {
    for (;;) {
      await clock.sleep(10)
      ticks.push(clock.now())
    }
  })()
  await clock.advance(35)
  expect(ticks).toEqual([10, 20, 30])
})

it('wakes at once when the signal is aborted, and forgets the sleeper', async () => {
  const clock = new ManualClock()
  const abort = new AbortController()
  const slept = clock.sleep(1_000, abort.signal)
  expect(clock.sleeping).toBe(1)
  abort.abort()
  await slept
  expect(clock.sleeping).toBe(0)
  await clock.sleep(1_000, abort.signal)
  expect(clock.now()).toBe(0)
})
