import { calendar, customWindows, type CustomWindowsSpec, type WindowsPort } from '@millrace/core'
import { windowsConformance } from '@millrace/testing/conformance'
import { describe, expect, it } from 'vitest'

const ZONES = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia', 'Africa/Casablanca']
const UNITS = ['day', 'week', 'month', 'quarter', 'year'] as const
const HOUR = 3_600_000

const calendars: readonly CustomWindowsSpec[] = ZONES.flatMap(timeZone =>
  UNITS.flatMap(unit => [0, 2].map(startHour => calendar({ unit, timeZone, startHour, graceMs: 0 }))),
)
/** Overlapping, and with times that no window holds. */
const hourly = customWindows({
  name: 'two hours from each even hour, but none at night',
  maxSizeMs: 3 * HOUR,
  graceMs: 0,
  windowsFor: timestamp =>
    [-2, -1, 0]
      .map(back => (Math.floor(timestamp / HOUR) + back) * HOUR)
      .filter(start => start >= 0 && (start / HOUR) % 24 >= 6)
      .map(start => ({ start, end: start + 3 * HOUR })),
})

describe.each([...calendars, hourly])('$name', windows => {
  it.each(windowsConformance())('$name', ({ run }) =>
    run({ windows: { ...windows, maxSizeMs: windows.sizeMs }, runs: 60 }),
  )
})

it.each<[string, WindowsPort['windowsFor']]>([
  ['windows that end with their last millisecond', timestamp => [{ start: timestamp, end: timestamp }]],
  ['windows that move with the timestamp', timestamp => [{ start: Math.max(0, timestamp - 5), end: timestamp + 5 }]],
  ['windows that are too long', timestamp => [{ start: 0, end: timestamp + 10 * HOUR }]],
  [
    'windows in the wrong order',
    t => [
      { start: t - (t % 10), end: t - (t % 10) + 10 },
      { start: t - (t % 20), end: t - (t % 20) + 20 },
    ],
  ],
])('notices %s', async (name, windowsFor) => {
  const windows = { name, maxSizeMs: HOUR, windowsFor }
  const results = await Promise.allSettled(windowsConformance().map(({ run }) => run({ windows, runs: 60 })))
  expect(results.map(({ status }) => status)).toContain('rejected')
})
