import { checkedInside, type Fields, optionsOf } from '../arguments/check.ts'
import { checkCall } from '../arguments/checked-methods.ts'
import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'
import type {
  SessionWindowsSpec,
  SlidingWindowsSpec,
  TimeWindowsSpec,
  UnlimitedWindowsSpec,
} from '../windows/windows-spec.ts'

interface GraceOption {
  /**
   * How long a window accepts late records after its end, in milliseconds of stream time. There is no default: a long grace
   * period keeps state longer, a short one drops late records, and only you can decide.
   */
  readonly graceMs: number
}

export interface TumblingOptions extends GraceOption {
  /** The length of a window, in milliseconds. Windows are aligned to the epoch. */
  readonly sizeMs: number
}

export interface HoppingOptions extends TumblingOptions {
  /** The interval between the starts of two windows, in milliseconds; at most `sizeMs`. */
  readonly advanceMs: number
}

export interface SlidingOptions extends GraceOption {
  /** The maximum time between two records of one window, in milliseconds. */
  readonly timeDifferenceMs: number
}

export interface SessionsOptions extends GraceOption {
  /** A session ends after this time without records, in milliseconds of event time. */
  readonly inactivityGapMs: number
}

/**
 * Returns windows of a fixed length that do not overlap, for `windowedBy`.
 *
 * @example
 * grouped.windowedBy(tumbling({ sizeMs: 60_000, graceMs: 10_000 })).count()
 */
export function tumbling(options: TumblingOptions): TimeWindowsSpec {
  const { sizeMs, graceMs } = checked('tumbling', options, NUMBERS.tumbling)
  checkLength('tumbling', 'sizeMs', sizeMs, 1)
  checkGrace('tumbling', graceMs)
  return Object.freeze({ type: 'time', sizeMs, advanceMs: sizeMs, graceMs })
}

/**
 * Returns windows of a fixed length that overlap: one starts every `advanceMs`, and a record belongs to each window that
 * contains its timestamp.
 *
 * @example
 * grouped.windowedBy(hopping({ sizeMs: 60_000, advanceMs: 10_000, graceMs: 0 })).count()
 */
export function hopping(options: HoppingOptions): TimeWindowsSpec {
  const { sizeMs, advanceMs, graceMs } = checked('hopping', options, NUMBERS.hopping)
  checkLength('hopping', 'sizeMs', sizeMs, 1)
  checkLength('hopping', 'advanceMs', advanceMs, 1)
  if (advanceMs > sizeMs) throw invalid('hopping', `advanceMs is ${advanceMs}, but must not exceed sizeMs, ${sizeMs}`)
  checkGrace('hopping', graceMs)
  return Object.freeze({ type: 'time', sizeMs, advanceMs, graceMs })
}

/**
 * Returns windows that follow the records: each set of records of a key that are at most `timeDifferenceMs` apart has one
 * window, which starts and ends at a record or just after one. Both ends are inclusive.
 *
 * @example
 * grouped.windowedBy(sliding({ timeDifferenceMs: 5 * 60_000, graceMs: 0 })).count()
 */
export function sliding(options: SlidingOptions): SlidingWindowsSpec {
  const { timeDifferenceMs, graceMs } = checked('sliding', options, NUMBERS.sliding)
  checkLength('sliding', 'timeDifferenceMs', timeDifferenceMs, 0)
  checkGrace('sliding', graceMs)
  return Object.freeze({ type: 'sliding', timeDifferenceMs, graceMs })
}

/**
 * Returns windows of activity: records of a key whose distance does not exceed the gap belong to one session.
 *
 * @example
 * clicks.windowedBy(sessions({ inactivityGapMs: 30 * 60_000, graceMs: 60_000 })).count()
 */
export function sessions(options: SessionsOptions): SessionWindowsSpec {
  const { inactivityGapMs, graceMs } = checked('sessions', options, NUMBERS.sessions)
  checkLength('sessions', 'inactivityGapMs', inactivityGapMs, 1)
  checkGrace('sessions', graceMs)
  return Object.freeze({ type: 'session', inactivityGapMs, graceMs })
}

/**
 * Returns one window that starts at `startMs` and never ends. Earlier records are dropped.
 * @param options `startMs`: milliseconds since the epoch.
 * @default 0
 */
export function unlimited(options: { readonly startMs?: number } = {}): UnlimitedWindowsSpec {
  const { startMs = 0 } = checked('unlimited', options, NUMBERS.unlimited)
  checkLength('unlimited', 'startMs', startMs, 0)
  return Object.freeze({ type: 'unlimited', startMs, sizeMs: Number.POSITIVE_INFINITY, graceMs: 0 })
}

const NUMBERS = {
  tumbling: { sizeMs: checkedInside, graceMs: checkedInside },
  hopping: { sizeMs: checkedInside, advanceMs: checkedInside, graceMs: checkedInside },
  sliding: { timeDifferenceMs: checkedInside, graceMs: checkedInside },
  sessions: { inactivityGapMs: checkedInside, graceMs: checkedInside },
  unlimited: { startMs: checkedInside },
} satisfies Record<string, Fields>

function checked<Options>(called: string, options: Options, fields: Fields): Options {
  checkCall(called, [['options', optionsOf(fields)]], [options])
  return options
}

function checkLength(operator: string, option: string, value: number, least: number): void {
  checkedNumber(operator, option, value, { from: least, of: 'milliseconds' })
}

function checkGrace(operator: string, graceMs: number): void {
  if (graceMs === undefined) {
    throw invalid(operator, 'graceMs is missing: say how long late records are waited for, 0 for not at all')
  }
  checkLength(operator, 'graceMs', graceMs, 0)
}

function invalid(operator: string, reason: string) {
  return millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
}
