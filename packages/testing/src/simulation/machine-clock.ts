import type { Clock } from '@millrace/core'

/** The clock of one machine: time passes as everywhere, but the time of day may be set apart from that of the others. */
export class MachineClock implements Clock {
  readonly #clock: Clock
  #aheadMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now() + this.#aheadMs
  }

  monotonic(): number {
    return this.#clock.monotonic()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal)
  }

  /** Sets the time of day forward or back. */
  stepWallClock(byMs: number): void {
    this.#aheadMs += byMs
  }
}
