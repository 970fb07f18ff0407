/** Where time comes from. Everything that waits or stamps takes one, so that a test can own time. */
export interface Clock {
  /**
   * The time of day, in milliseconds since the epoch. It may jump in both directions, so nothing is measured with it: it stamps
   * records and decides what is compared with the timestamps of records.
   */
  now(): number
  /** Milliseconds since a moment that nobody knows. It never goes back: intervals, deadlines and limits are measured with it. */
  monotonic(): number
  /**
   * Resolves after `ms`, measured as `monotonic` does, or at once when `signal` is aborted (it does not reject). Any length, also
   * Infinity.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
