import type { Clock } from '../ports/clock.ts'

/** Wakes the waiting caller. A ring without a waiting caller is kept for the next one. */
export class Doorbell {
  readonly #clock: Clock
  #rung = false
  #waiting: AbortController | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  ring(): void {
    this.#rung = true
    this.#waiting?.abort()
  }

  /** Resolves at the next ring, or after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.#rung) {
      this.#waiting = new AbortController()
      await this.#clock.sleep(ms, this.#waiting.signal)
      this.#waiting = undefined
    }
    this.#rung = false
  }
}
