import { millraceError } from '../errors/millrace-error.ts'
import type { TimeWindowsSpec } from '../operators/spec.ts'

export interface TumblingOptions {
  /** Length of a window, in milliseconds. Windows are aligned to the epoch. */
  readonly sizeMs: number
  /**
   * How long a window takes late records after its end, in milliseconds of stream time. There is no default: a long grace
   * keeps state for long, a short one drops late records, and only you know which is right.
   */
  readonly graceMs: number
}

/**
 * Windows of a fixed length, one after the other, for `windowedBy`.
 *
 * @example
 * grouped.windowedBy(tumbling({ sizeMs: 60_000, graceMs: 10_000 })).count()
 */
export function tumbling(options: TumblingOptions): TimeWindowsSpec {
  const { sizeMs, graceMs } = options
  if (!(Number.isInteger(sizeMs) && sizeMs > 0))
    throw invalid(`sizeMs must be a positive whole number, but it is ${sizeMs}`)
  if (graceMs === undefined)
    throw invalid('graceMs is missing: say how long late records are waited for, 0 for not at all')
  if (!(Number.isInteger(graceMs) && graceMs >= 0)) {
    throw invalid(`graceMs must be a whole number, 0 or more, but it is ${graceMs}`)
  }
  return Object.freeze({ sizeMs, advanceMs: sizeMs, graceMs })
}

function invalid(reason: string) {
  return millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: 'tumbling', reason })
}
