/** What one step of the test command found. Every check counts as one case, every test of vitest as one. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly SkippedCase[]
  /** The failed cases that the step could name; `failed` may be more. */
  readonly failures?: readonly FailedCase[]
}

export interface FailedCase {
  readonly name: string
  /** The first lines of its error. */
  readonly error: string
}

export interface SkippedCase {
  readonly name: string
  readonly reason: string
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((total, each) => total + each.passed, 0),
    failed: tallies.reduce((total, each) => total + each.failed, 0),
    skipped: tallies.flatMap(each => each.skipped),
    failures: tallies.flatMap(each => each.failures ?? []),
  }
}

/** The last line of the test command. */
export function summaryLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`
}

/**
 * The tally of a finished step, from its exit status and, where it wrote one, its own tally. A step that broke without
 * naming a failed case (it did not start, it was ended, an error outside any test) counts as one failure.
 */
export function tallyOf(status: number | null, own: Tally | undefined): Tally {
  const found = own ?? { passed: status === 0 ? 1 : 0, failed: 0, skipped: [] }
  return status !== 0 && found.failed === 0 ? { ...found, failed: 1 } : found
}

/** The environment variable with the file where a step leaves its tally, for the reporter in vitest's process. */
export const TALLY_FILE = 'MILLRACE_TALLY_FILE'
