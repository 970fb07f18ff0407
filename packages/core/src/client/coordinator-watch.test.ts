import { expect, it } from 'vitest'
import { ManualClock } from '../clock/manual-clock.ts'
import { CoordinatorWatch } from './coordinator-watch.ts'

async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await Promise.resolve()
}

function watchOf(answers: (string | Error)[]) {
  const clock = new ManualClock()
  let asked = 0
  const watch = new CoordinatorWatch(clock, async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)]!
    if (answer instanceof Error) throw answer
    return answer
  })
  const after = async (ms: number, waits = true) => {
    await clock.advance(ms)
    const moved = watch.look(waits)
    await turns()
    return moved
  }
  return { watch, after, asked: () => asked }
}

it('asks nobody while no member waits, nor in a rebalance that takes no time', async () => {
  const { after, asked } = watchOf(['1'])
  for (let i = 0; i < 20; i++) await after(1_000, false)
  for (let i = 0; i < 20; i++) await after(1_000, i % 3 > 0)
  expect(asked()).toBe(0)
})

it('throws while the coordinator does not answer, and no longer', async () => {
  const { after } = watchOf(['1', new Error('no answer'), new Error('still none'), '1'])
  await after(0)
  expect(await after(6_000)).toBe(false)
  expect(await after(6_000)).toBe(false)
  await expect(after(1)).rejects.toThrow('no answer')
  await expect(after(1)).rejects.toThrow('no answer')
  await expect(after(6_000)).rejects.toThrow('no answer')
  await expect(after(6_000)).rejects.toThrow('still none')
  expect(await after(1)).toBe(false)
})

it('tells once that the coordinator has moved', async () => {
  const { after } = watchOf(['1', '1', '2'])
  await after(0)
  for (let i = 0; i < 3; i++) expect(await after(6_000)).toBe(false)
  expect(await after(1)).toBe(true)
  expect(await after(1)).toBe(false)
})

it('forgets what it knew when the wait is over', async () => {
  const { after } = watchOf(['1', new Error('no answer'), '2'])
  await after(0)
  await after(6_000)
  await after(6_000)
  expect(await after(1, false)).toBe(false)
  expect(await after(1)).toBe(false)
  expect(await after(6_000)).toBe(false)
  expect(await after(1)).toBe(false)
})
