import { aFunction, checkedInside, optionsOf } from '../arguments/check.ts'
import { checkCall } from '../arguments/checked-methods.ts'
import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber, shownOption } from '../errors/number-option.ts'
import { reasonOf } from '../errors/thrown.ts'
import type { Window } from '../record/windowed.ts'
import type { CustomWindowsSpec } from './windows-spec.ts'
import type { WindowsPort } from '../ports/windows.ts'

export interface CustomWindowsOptions extends WindowsPort {
  /** The longest that a window can be, in milliseconds. Stores keep windows for this time and `graceMs`. */
  readonly maxSizeMs: number
  /** How long a window takes late records after its end, in milliseconds of stream time. */
  readonly graceMs: number
}

/**
 * Windows that a function of yours gives, for `windowedBy`. `windowsConformance` of `@millrace/testing` checks them.
 *
 * @example
 * const shifts = customWindows({
 *   name: 'shifts',
 *   maxSizeMs: 16 * HOUR,
 *   graceMs: HOUR,
 *   windowsFor(timestamp) {
 *     const day = Math.floor(timestamp / DAY) * DAY
 *     const start = timestamp - day < 8 * HOUR ? day : day + 8 * HOUR
 *     return [{ start, end: start === day ? day + 8 * HOUR : day + DAY }]
 *   },
 * })
 * grouped.windowedBy(shifts).count()
 */
export function customWindows(options: CustomWindowsOptions): CustomWindowsSpec {
  checkCall('customWindows', [['options', OPTIONS]], [options])
  const { name, maxSizeMs, graceMs } = options
  if (typeof name !== 'string' || name === '') throw invalid('name has to be a text that identifies the windows')
  checkedNumber('customWindows', 'maxSizeMs', maxSizeMs, { from: 1, of: 'milliseconds' })
  checkedNumber('customWindows', 'graceMs', graceMs, { from: 0, of: 'milliseconds' })
  const windowsFor: WindowsPort['windowsFor'] = timestamp => checked(options, timestamp, found(options, timestamp))
  return Object.freeze({ type: 'custom', name, sizeMs: maxSizeMs, graceMs, windowsFor })
}

function found(options: CustomWindowsOptions, timestamp: number): readonly Window[] {
  try {
    return options.windowsFor(timestamp)
  } catch (error) {
    const reason = `windowsFor(${timestamp}) failed: ${reasonOf(error)}`
    throw millraceError('MILLRACE_WINDOWS_INVALID', { windows: options.name, reason }, { cause: error })
  }
}

/**
 * A store keeps the start of a window only: one that breaks the contract would be counted twice, deleted too early, or never found again.
 * @throws MILLRACE_WINDOWS_INVALID for anything but a list of windows as `WindowsPort` promises them
 */
function checked(
  { name: windows, maxSizeMs }: CustomWindowsOptions,
  timestamp: number,
  given: readonly Window[],
): readonly Window[] {
  let reason: string | undefined
  try {
    reason =
      Array.isArray(given) && given.every(isWindow)
        ? misfit(given, timestamp, maxSizeMs)
        : `it returned ${shownOption(given)}, but it must return an array of { start, end } in milliseconds`
  } catch (cause) {
    const unreadable = `it returned an object that cannot be read (${reasonOf(cause)})`
    throw millraceError('MILLRACE_WINDOWS_INVALID', { windows, reason: unreadable }, { cause })
  }
  if (reason === undefined) return given
  throw millraceError('MILLRACE_WINDOWS_INVALID', { windows, reason })
}

function isWindow(given: unknown): boolean {
  const { start, end } = Object(given ?? {}) as Partial<Window>
  return typeof start === 'number' && typeof end === 'number' && !Number.isNaN(start) && !Number.isNaN(end)
}

/** What is wrong with windows; undefined if nothing is. */
function misfit(windows: readonly Window[], timestamp: number, maxSizeMs: number): string | undefined {
  const is = (what: string) => `windowsFor(${timestamp}) returned ${shownOption(windows)}, and ${what}`
  let before: Window | undefined
  for (const window of windows) {
    const { start, end } = window
    if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end)))
      return is(`the window from ${start} to ${end} is not one of whole milliseconds`)
    if (start < 0) return is(`the window from ${start} to ${end} starts before 0`)
    if (!(start <= timestamp && timestamp < end)) return is(`the window from ${start} to ${end} does not hold it`)
    if (end - start > maxSizeMs)
      return is(`the window from ${start} to ${end} is longer than maxSizeMs, which is ${maxSizeMs}`)
    if (before !== undefined && !(before.start < start && before.end <= end))
      return is(`the windows are not by ascending start, each with a start of its own and an end that is not earlier`)
    before = window
  }
  return undefined
}

const OPTIONS = optionsOf({
  name: checkedInside,
  windowsFor: aFunction,
  maxSizeMs: checkedInside,
  graceMs: checkedInside,
})

function invalid(reason: string): Error {
  return millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: 'customWindows', reason })
}
