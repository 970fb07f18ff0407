import { expect, it } from 'vitest'
import { LONG_AGO, longestSince, momentOf } from './elapsed.ts'
import { ManualClock } from './manual-clock.ts'

it.each([
  ['time passes', 500, 0, 500],
  ['the time of day is set back meanwhile', 500, -3_600_000, 500],
  // As seen by a machine that was asleep: its monotonic time stood still.
  ['only the time of day goes on', 0, 3_600_000, 3_600_000],
])('%s', async (_what, passedMs, stepMs, longest) => {
  const clock = new ManualClock(1_700_000_000_000)
  const moment = momentOf(clock)
  await clock.advance(passedMs)
  clock.stepWallClock(stepMs)
  expect(longestSince(moment, clock)).toBe(longest)
})

it('is infinite for what has never been', () => {
  expect(longestSince(LONG_AGO, new ManualClock())).toBe(Number.POSITIVE_INFINITY)
})
