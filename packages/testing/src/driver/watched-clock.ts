import type { Clock, ManualClock } from '@millrace/core'

/** The driver's clock as instances have it: it knows how many of them wait for time to pass. */
export class WatchedClock implements Clock {
  readonly #clock: ManualClock
  /** Sleeps under way. */
  sleeping = 0

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeping++
    try {
      await this.#clock.sleep(ms, signal)
    } finally {
      this.sleeping--
    }
  }
}
