import { expect, it } from 'vitest'
import { calendar, type CalendarOptions } from './calendar.ts'

const HOUR = 3_600_000

/** The window of an instant, both as ISO texts, and its length in hours. */
function windowAt(options: Omit<CalendarOptions, 'graceMs'>, instant: string): readonly [string, string, number] {
  const [window, ...others] = calendar({ ...options, graceMs: 0 }).windowsFor(Date.parse(instant))
  expect(others).toEqual([])
  const { start, end } = window!
  return [new Date(start).toISOString().slice(0, 16), new Date(end).toISOString().slice(0, 16), (end - start) / HOUR]
}

it.each<[string, Omit<CalendarOptions, 'graceMs'>, string, readonly [string, string, number]]>([
  ['a day in UTC', { unit: 'day', timeZone: 'UTC' }, '2026-11-29T12:00Z', ['2026-11-29T00:00', '2026-11-30T00:00', 24]],
  [
    'clocks go forward',
    { unit: 'day', timeZone: 'Europe/Berlin' },
    '2026-03-29T12:00Z',
    ['2026-03-28T23:00', '2026-03-29T22:00', 23],
  ],
  [
    'clocks go back',
    { unit: 'day', timeZone: 'Europe/Berlin' },
    '2026-10-25T12:00Z',
    ['2026-10-24T22:00', '2026-10-25T23:00', 25],
  ],
  [
    'the last instant of a day',
    { unit: 'day', timeZone: 'Europe/Berlin' },
    '2026-10-25T22:59:59.999Z',
    ['2026-10-24T22:00', '2026-10-25T23:00', 25],
  ],
  [
    'the first of the next',
    { unit: 'day', timeZone: 'Europe/Berlin' },
    '2026-10-25T23:00Z',
    ['2026-10-25T23:00', '2026-10-26T23:00', 24],
  ],
  // Clocks go from 0:00 to 1:00: the day has no midnight.
  [
    'a day without midnight',
    { unit: 'day', timeZone: 'America/Sao_Paulo' },
    '2018-11-04T12:00Z',
    ['2018-11-04T03:00', '2018-11-05T02:00', 23],
  ],
  // Clocks go from 0:01 back to 23:01 of the day before.
  [
    'a day that begins twice',
    { unit: 'day', timeZone: 'America/St_Johns' },
    '2010-11-07T12:00Z',
    ['2010-11-07T02:30', '2010-11-08T03:30', 25],
  ],
  [
    'half an hour of daylight saving',
    { unit: 'day', timeZone: 'Australia/Lord_Howe' },
    '2026-10-04T00:00Z',
    ['2026-10-03T13:30', '2026-10-04T13:00', 23.5],
  ],
  // Samoa had no 30 December 2011.
  [
    'a day that is left out',
    { unit: 'day', timeZone: 'Pacific/Apia' },
    '2011-12-30T09:59Z',
    ['2011-12-29T10:00', '2011-12-30T10:00', 24],
  ],
  [
    'and the day after it',
    { unit: 'day', timeZone: 'Pacific/Apia' },
    '2011-12-30T10:00Z',
    ['2011-12-30T10:00', '2011-12-31T10:00', 24],
  ],
  [
    'a day from 6 to 6',
    { unit: 'day', timeZone: 'America/New_York', startHour: 6 },
    '2026-11-29T10:59Z',
    ['2026-11-28T11:00', '2026-11-29T11:00', 24],
  ],
  [
    'a week from Monday',
    { unit: 'week', timeZone: 'UTC' },
    '2026-11-29T12:00Z',
    ['2026-11-23T00:00', '2026-11-30T00:00', 168],
  ],
  [
    'a week from Sunday',
    { unit: 'week', timeZone: 'UTC', firstDayOfWeek: 7 },
    '2026-11-29T12:00Z',
    ['2026-11-29T00:00', '2026-12-06T00:00', 168],
  ],
  [
    'a week over the turn of a year',
    { unit: 'week', timeZone: 'UTC' },
    '2027-01-01T00:00Z',
    ['2026-12-28T00:00', '2027-01-04T00:00', 168],
  ],
  [
    'a month',
    { unit: 'month', timeZone: 'Asia/Tokyo' },
    '2024-02-29T14:59Z',
    ['2024-01-31T15:00', '2024-02-29T15:00', 29 * 24],
  ],
  [
    'a quarter',
    { unit: 'quarter', timeZone: 'UTC' },
    '2026-11-29T12:00Z',
    ['2026-10-01T00:00', '2027-01-01T00:00', 92 * 24],
  ],
  [
    'a year',
    { unit: 'year', timeZone: 'UTC' },
    '2024-12-31T23:59Z',
    ['2024-01-01T00:00', '2025-01-01T00:00', 366 * 24],
  ],
  [
    'no window before the epoch',
    { unit: 'day', timeZone: 'Europe/Berlin' },
    '1970-01-01T00:00Z',
    ['1970-01-01T00:00', '1970-01-01T23:00', 23],
  ],
])('%s', (_what, options, instant, window) => {
  expect(windowAt(options, instant)).toEqual(window)
})

it.each<[string, unknown]>([
  ['timeZone', { unit: 'day', timeZone: 'Europe/Atlantis' }],
  ['timeZone', { unit: 'day' }],
  ['unit', { unit: 'fortnight', timeZone: 'UTC' }],
  ['startHour', { unit: 'day', timeZone: 'UTC', startHour: 24 }],
  ['firstDayOfWeek', { unit: 'week', timeZone: 'UTC', firstDayOfWeek: 0 }],
])('refuses a wrong %s', (option, options) => {
  expect(() => calendar({ ...(options as CalendarOptions), graceMs: 0 })).toThrow(
    expect.objectContaining({
      code: 'MILLRACE_TOPOLOGY_OPTION_INVALID',
      message: expect.stringContaining(option) as string,
    }),
  )
})
