/** Where time comes from. Everything that waits or stamps takes one, so that a test can own time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `ms`, or at once when `signal` is aborted (it does not reject). */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
