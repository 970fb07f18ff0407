/** A day of the Gregorian calendar; `month` is 1 to 12. */
export interface CalendarDay {
  readonly year: number
  readonly month: number
  readonly day: number
}

export interface TimeZone {
  /** The local day at an instant, in milliseconds since the epoch. */
  dayOf(instant: number): CalendarDay
  /** The first instant at which the local day and hour have come. */
  instantOf(day: CalendarDay, hour: number): number
}

const HOUR_MS = 3_600_000
/** No time zone is further from UTC. */
const FARTHEST_MS = 16 * HOUR_MS
/** Dates before this are none of a four-digit year. */
const FIELDS = {
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const

/** @throws RangeError for a name that `Intl` does not know */
export function timeZone(name: string): TimeZone {
  const format = new Intl.DateTimeFormat('en-US', { ...FIELDS, timeZone: name, calendar: 'gregory', hourCycle: 'h23' })

  /** The local date and time, as the milliseconds that they would be in UTC. */
  function local(instant: number): number {
    const part: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(instant)) part[type] = Number(value)
    const { year, month, day, hour, minute, second } = part
    const inSecond = ((instant % 1000) + 1000) % 1000
    return Date.UTC(year!, month! - 1, day, hour, minute, second) + inSecond
  }

  return {
    dayOf(instant) {
      const date = new Date(local(instant))
      return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() }
    },
    instantOf({ year, month, day }, hour) {
      const wanted = Date.UTC(year, month - 1, day, hour)
      // In almost all cases one of the offsets around it fits, and nothing local lies between.
      for (const offset of [
        local(wanted - FARTHEST_MS) - wanted + FARTHEST_MS,
        local(wanted + FARTHEST_MS) - wanted - FARTHEST_MS,
      ]) {
        const instant = wanted - offset
        if (local(instant) === wanted && local(instant - 1) < wanted) return instant
      }
      // The hour is left out, or comes twice: the first instant that is not before it.
      let [before, after] = [wanted - FARTHEST_MS, wanted + FARTHEST_MS]
      while (after - before > 1) {
        const middle = Math.floor((before + after) / 2)
        if (local(middle) < wanted) before = middle
        else after = middle
      }
      return after
    },
  }
}
