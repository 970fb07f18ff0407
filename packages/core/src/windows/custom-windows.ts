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
  const windowsFor: WindowsPort['windowsFor'] = timestamp => checked(name, found(options, timestamp))
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

/** @throws MILLRACE_WINDOWS_INVALID for anything but a list of windows */
function checked(windows: string, given: readonly Window[]): readonly Window[] {
  try {
    if (Array.isArray(given) && given.every(isWindow)) return given
  } catch (cause) {
    const reason = `it returned an object that cannot be read (${reasonOf(cause)})`
    throw millraceError('MILLRACE_WINDOWS_INVALID', { windows, reason }, { cause })
  }
  throw millraceError('MILLRACE_WINDOWS_INVALID', {
    windows,
    reason: `it returned ${shownOption(given)}, but it must return an array of { start, end } in milliseconds`,
  })
}

function isWindow(given: unknown): boolean {
  const { start, end } = Object(given ?? {}) as Partial<Window>
  return Number.isFinite(start) && typeof end === 'number' && !Number.isNaN(end)
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
