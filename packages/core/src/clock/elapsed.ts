import type { Clock } from '../ports/clock.ts'

/** A moment by both of a clock's times. */
export interface Moment {
  readonly wallMs: number
  readonly monotonicMs: number
}

/** Longer ago than anything. */
export const LONG_AGO: Moment = { wallMs: Number.NEGATIVE_INFINITY, monotonicMs: Number.NEGATIVE_INFINITY }

export function momentOf(clock: Clock): Moment {
  return { wallMs: clock.now(), monotonicMs: clock.monotonic() }
}

/**
 * How long ago a moment may be, in milliseconds: for what must not be older. While a machine sleeps its monotonic time may stand
 * still, and only the time of day shows how long that was; a time of day that was set back says nothing.
 */
export function longestSince(moment: Moment, clock: Clock): number {
  return Math.max(clock.monotonic() - moment.monotonicMs, clock.now() - moment.wallMs)
}
