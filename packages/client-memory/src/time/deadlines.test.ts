import { ManualClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { Deadlines } from './deadlines.ts'

it('runs what is due in order, with one sleep on the clock', async () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  const ran: [string, number][] = []
  const run = (name: string) => () => void ran.push([name, clock.now()])
  deadlines.after(30, run('third'))
  deadlines.after(10, run('first'))
  deadlines.after(10, run('second'))
  const cancelled = deadlines.after(20, run('cancelled'))
  expect(clock.sleeping).toBe(1)
  cancelled.cancel()
  await clock.advance(100)
  expect(ran).toEqual([
    ['first', 10],
    ['second', 10],
    ['third', 30],
  ])
})

it('keeps nobody waiting when nothing is due, or when nobody is there', async () => {
  const clock = new ManualClock()
  const deadlines = new Deadlines(clock)
  let ran = 0
  deadlines.after(10, () => ran++).cancel()
  expect(clock.sleeping).toBe(0)
  deadlines.after(10, () => ran++)
  deadlines.suspend()
  expect(clock.sleeping).toBe(0)
  await clock.advance(100)
  expect(ran).toBe(0)
  deadlines.resume()
  expect(ran).toBe(1)
})
