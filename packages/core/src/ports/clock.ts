/** The source of time. Everything that waits or takes timestamps uses one, so that a test can control time. */
export interface Clock {
  /**
   * The time of day, in milliseconds since the epoch. It may jump in both directions, so nothing is measured with it: it stamps
   * records and decides what is compared with the timestamps of records.
   */
  now(): number
  /** Milliseconds since an arbitrary start. It never goes back: intervals, deadlines and limits are measured with it. */
  monotonic(): number
  /**
   * Resolves after `ms` milliseconds of `monotonic`, or as soon as `signal` is aborted (it does not reject). Any duration is
   * allowed, including Infinity.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
