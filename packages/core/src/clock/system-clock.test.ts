import { expect, it } from 'vitest'
import { systemClock } from './system-clock.ts'

const DAY_MS = 24 * 3_600_000

it.each([2 ** 31 - 1, 2 ** 31, 30 * DAY_MS, Number.MAX_SAFE_INTEGER, 2 ** 63, Number.POSITIVE_INFINITY])(
  'sleeps for %d ms, though a timer of Node cannot be that long',
  async ms => {
    const end = new AbortController()
    let woken = false
    const warnings: string[] = []
    const onWarning = ({ name }: Error) => void warnings.push(name)
    process.on('warning', onWarning)
    const long = systemClock.sleep(ms, end.signal).then(() => {
      woken = true
    })
    // Node makes a timer that is too long one of 1 ms, which comes before this one.
    await systemClock.sleep(5)
    await new Promise(resolve => setImmediate(resolve))
    expect({ woken, warnings }).toEqual({ woken: false, warnings: [] })
    end.abort()
    await long
    process.off('warning', onWarning)
  },
)

it('sleeps no time for a negative one', async () => {
  expect(await Promise.all([systemClock.sleep(-1), systemClock.sleep(Number.NEGATIVE_INFINITY)])).toHaveLength(2)
})

it('does not go back with the time of day', () => {
  const before = systemClock.monotonic()
  const { now } = Date
  try {
    Date.now = () => now() - DAY_MS
    expect(systemClock.monotonic()).toBeGreaterThanOrEqual(before)
    expect(systemClock.now()).toBeLessThan(now())
  } finally {
    Date.now = now
  }
})
