import fc from 'fast-check'
import { expect, it } from 'vitest'
import { nextDue, Punctuations } from './punctuation.ts'

it('stays on multiples of the interval and never falls behind', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 500 }), fc.nat(100_000), (start, interval, late) => {
      const due = start * interval
      const now = due + late
      const next = nextDue(due, interval, now)
      expect(next).toBeGreaterThan(now)
      expect(next - now).toBeLessThanOrEqual(interval)
      expect((next - due) % interval).toBe(0)
    }),
  )
})

it('calls a stream-time schedule with the first record, then once for each interval that was reached', async () => {
  const punctuations = new Punctuations()
  const calls: number[] = []
  punctuations.add('node', 'stream-time', 10, time => void calls.push(time), 0)
  for (const time of [5, 7, 11, 45, 46, 50]) {
    await punctuations.run('stream-time', time, (_node, callback) => callback(time) as void)
  }
  expect(calls).toEqual([5, 11, 45, 50])
})

it('calls a wall-clock schedule first after one interval, and not after it is cancelled', async () => {
  const punctuations = new Punctuations()
  const calls: number[] = []
  const schedule = punctuations.add('node', 'wall-clock', 100, time => void calls.push(time), 1000)
  const run = (now: number) => punctuations.run('wall-clock', now, (_node, callback) => callback(now) as void)
  await run(1099)
  await run(1100)
  expect(punctuations.nextWallClock()).toBe(1200)
  schedule.cancel()
  await run(1300)
  expect(calls).toEqual([1100])
  expect(punctuations.nextWallClock()).toBe(Number.POSITIVE_INFINITY)
})
