import type { FetchedBatch } from '../ports/client.ts'
import type { Clock } from '../ports/clock.ts'
import { Doorbell } from './doorbell.ts'

/** What `poll` and `wakeup` are in every client: takes what is there, and otherwise waits until something is or time is up. */
export class PollLoop {
  readonly #clock: Clock
  readonly #bell: Doorbell
  #woken = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#bell = new Doorbell(clock)
  }

  /** There may be something to take. */
  ring(): void {
    this.#bell.ring()
  }

  /** Makes a poll that waits, or the next one, return the available records. */
  wakeup(): void {
    this.#woken = true
    this.#bell.ring()
  }

  /** @param take gives what is there now; it is called again after each ring */
  async poll(maxWaitMs: number, take: () => Promise<readonly FetchedBatch[]>): Promise<readonly FetchedBatch[]> {
    const until = this.#clock.monotonic() + maxWaitMs
    for (;;) {
      const batches = await take()
      const rest = until - this.#clock.monotonic()
      if (batches.length > 0 || rest <= 0 || this.#woken) {
        this.#woken = false
        return batches
      }
      await this.#bell.wait(rest)
    }
  }
}
