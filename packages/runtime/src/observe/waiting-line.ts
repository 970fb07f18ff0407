import type { Clock, Logger } from '@millrace/core'

const AGAIN_MS = 60_000

/** A line about what is tried again and again: at once, then once a minute until it is over. */
export class WaitingLine {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #message: string
  #nextLine = -Infinity

  constructor(clock: Clock, logger: Logger, message: string) {
    this.#clock = clock
    this.#logger = logger
    this.#message = message
  }

  waits(error: unknown): void {
    const now = this.#clock.monotonic()
    if (now < this.#nextLine) return this.#logger.debug({ error }, this.#message)
    this.#nextLine = now + AGAIN_MS
    this.#logger.warn({ error }, this.#message)
  }

  over(): void {
    this.#nextLine = -Infinity
  }
}
