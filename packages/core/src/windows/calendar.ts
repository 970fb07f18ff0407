import { aText, checkedInside, oneOf, optionsOf } from '../arguments/check.ts'
import { checkCall } from '../arguments/checked-methods.ts'
import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'
import type { CustomWindowsSpec } from './windows-spec.ts'
import type { Window } from '../record/windowed.ts'
import { customWindows } from './custom-windows.ts'
import { type CalendarDay, timeZone } from './time-zone.ts'

export interface CalendarOptions {
  readonly unit: 'day' | 'week' | 'month' | 'quarter' | 'year'
  /** An IANA name, as `Europe/Berlin`; `UTC` where days are to be of equal length. */
  readonly timeZone: string
  /** The hour of the local day at which a window begins, 0 to 23. @default 0 */
  readonly startHour?: number
  /** The first day of a week, 1 for Monday to 7 for Sunday. @default 1 */
  readonly firstDayOfWeek?: number
  /** How long a window takes late records after its end, in milliseconds of stream time. */
  readonly graceMs: number
}

const OPTIONS = optionsOf({
  unit: oneOf('day', 'week', 'month', 'quarter', 'year'),
  timeZone: aText,
  startHour: checkedInside,
  firstDayOfWeek: checkedInside,
  graceMs: checkedInside,
})

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Where a time zone has skipped or repeated a day, or changed its offset. */
const LONGER_MS = 26 * HOUR_MS
/** After it a window of a year might end where a `Date` can no longer be. */
const LAST_MS = 8_640_000_000_000_000 - 2 * 366 * DAY_MS
const DAYS: Readonly<Record<CalendarOptions['unit'], number>> = { day: 1, week: 7, month: 31, quarter: 92, year: 366 }

/**
 * Windows of whole days, weeks, months, quarters or years of a time zone, with daylight saving: a day has 23, 24 or 25 hours. Where the
 * hour at which a window begins does not exist on a day, it begins with the next instant that does.
 *
 * @example
 * sales.groupByKey().windowedBy(calendar({ unit: 'day', timeZone: 'Europe/Berlin', graceMs: 3_600_000 })).count()
 *
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID for a time zone that is not known
 */
export function calendar(options: CalendarOptions): CustomWindowsSpec {
  checkCall('calendar', [['options', OPTIONS]], [options])
  const { unit, startHour = 0, firstDayOfWeek = 1, graceMs } = options
  checkedNumber('calendar', 'startHour', startHour, { from: 0, to: 23, of: 'hours' })
  checkedNumber('calendar', 'firstDayOfWeek', firstDayOfWeek, { from: 1, to: 7, of: 'days' })
  const zone = zoneOf(options.timeZone)
  const first = { unit, firstDayOfWeek }
  /** Most records are of the same window as the one before. */
  let latest: readonly [Window] | undefined

  function windowsFor(timestamp: number): readonly [Window] {
    if (latest !== undefined && timestamp >= latest[0].start && timestamp < latest[0].end) return latest
    if (timestamp > LAST_MS) throw new Error('the calendar of JavaScript ends in the year 275760')
    let day = firstDay(zone.dayOf(timestamp - startHour * HOUR_MS), first)
    // A shift of the clock may put the timestamp on the other side of a start.
    while (zone.instantOf(day, startHour) > timestamp) day = firstDay(shift(day, -1), first)
    let next = nextFirstDay(day, unit)
    while (zone.instantOf(next, startHour) <= timestamp) [day, next] = [next, nextFirstDay(next, unit)]
    // Windows never start before the epoch.
    const start = Math.max(0, zone.instantOf(day, startHour))
    latest = [{ start, end: zone.instantOf(next, startHour) }]
    return latest
  }

  const weeks = unit === 'week' ? ` from day ${firstDayOfWeek}` : ''
  const name = `calendar(${unit}${weeks}, ${options.timeZone}, ${startHour}:00)`
  return customWindows({ name, maxSizeMs: DAYS[unit] * DAY_MS + LONGER_MS, graceMs, windowsFor })
}

function zoneOf(name: string): ReturnType<typeof timeZone> {
  const reason = `timeZone is ${name}, which is not the name of a time zone`
  // Without a name `Intl` takes the time zone of the machine, and each instance might have another one.
  if (typeof name !== 'string') throw invalid(reason)
  try {
    return timeZone(name)
  } catch (cause) {
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: 'calendar', reason }, { cause })
  }
}

interface First {
  readonly unit: CalendarOptions['unit']
  readonly firstDayOfWeek: number
}

/** The first day of the window in which a day lies. */
function firstDay(day: CalendarDay, { unit, firstDayOfWeek }: First): CalendarDay {
  const { year, month } = day
  switch (unit) {
    case 'day':
      return day
    case 'week':
      return shift(day, -((weekday(day) - firstDayOfWeek + 7) % 7))
    case 'month':
      return { year, month, day: 1 }
    case 'quarter':
      return { year, month: month - ((month - 1) % 3), day: 1 }
    case 'year':
      return { year, month: 1, day: 1 }
  }
}

/** The first day of the window after the one that begins with `first`. */
function nextFirstDay(first: CalendarDay, unit: CalendarOptions['unit']): CalendarDay {
  const { year, month, day } = first
  switch (unit) {
    case 'day':
      return shift(first, 1)
    case 'week':
      return shift(first, 7)
    case 'month':
      return normal(year, month + 1, day)
    case 'quarter':
      return normal(year, month + 3, day)
    case 'year':
      return normal(year + 1, month, day)
  }
}

function shift({ year, month, day }: CalendarDay, days: number): CalendarDay {
  return normal(year, month, day + days)
}

function normal(year: number, month: number, day: number): CalendarDay {
  const date = new Date(Date.UTC(year, month - 1, day))
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
}

/** 1 for Monday to 7 for Sunday. */
function weekday({ year, month, day }: CalendarDay): number {
  return ((new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 6) % 7) + 1
}

function invalid(reason: string): Error {
  return millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: 'calendar', reason })
}
