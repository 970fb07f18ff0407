import type { WindowsPort } from '../ports/windows.ts'

/** Whether a window's result is emitted with each record that changes it, or once, when no more can change it. */
export type EmitStrategy = 'on-update' | 'on-close'

/** All times are in milliseconds. */
export type WindowsSpec = FixedWindowsSpec | SlidingWindowsSpec | SessionWindowsSpec

/** Windows whose starts and ends do not depend on the records. */
export type FixedWindowsSpec = TimeWindowsSpec | UnlimitedWindowsSpec | CustomWindowsSpec

/** Windows that a function gives, see `customWindows`. */
export interface CustomWindowsSpec extends WindowsPort {
  readonly type: 'custom'
  /** The longest that a window can be. */
  readonly sizeMs: number
  readonly graceMs: number
}

/** Tumbling when `advanceMs` equals `sizeMs`. A window ends before `start + sizeMs`. */
export interface TimeWindowsSpec {
  readonly type: 'time'
  readonly sizeMs: number
  readonly advanceMs: number
  readonly graceMs: number
}

/** One window from `startMs` on. */
export interface UnlimitedWindowsSpec {
  readonly type: 'unlimited'
  readonly startMs: number
  /** `Infinity`. */
  readonly sizeMs: number
  /** 0: it never closes. */
  readonly graceMs: number
}

/** A window holds records that are at most `timeDifferenceMs` apart; both its ends are inclusive. */
export interface SlidingWindowsSpec {
  readonly type: 'sliding'
  readonly timeDifferenceMs: number
  readonly graceMs: number
}

/** A session ends when nothing comes for longer than `inactivityGapMs`. */
export interface SessionWindowsSpec {
  readonly type: 'session'
  readonly inactivityGapMs: number
  readonly graceMs: number
}
