import { millraceError } from '../errors/millrace-error.ts'
import type { WindowsPort } from '../ports/windows.ts'

/**
 * The end of the window that starts at `start`.
 * @throws MILLRACE_WINDOWS_INVALID when no window does
 */
export function endOfWindow(windows: WindowsPort, start: number): number {
  const found = windows.windowsFor(start).find(window => window.start === start)
  if (found !== undefined) return found.end
  throw millraceError('MILLRACE_WINDOWS_INVALID', {
    windows: windows.name,
    reason: `a window starts at ${start}, but windowsFor(${start}) does not give it`,
  })
}
