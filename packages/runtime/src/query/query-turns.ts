import type { Clock } from '@millrace/core'

/** After a query another one is expected for so long. */
const EXPECTED_MS = 1_000
/** How long a task may process while queries are expected. */
const TURN_MS = 3

/**
 * While the stores are queried, the event loop has its turn after each short turn of a task, and not once in a round: only then a request
 * comes in and its answer goes out. Nothing is done where nobody asks.
 */
export class QueryTurns {
  readonly #clock: Clock
  readonly #eventLoop: (() => Promise<void>) | undefined
  #asked = Number.NEGATIVE_INFINITY

  /** @param eventLoop lets the event loop have its turn. Undefined where rounds are made one by one */
  constructor(clock: Clock, eventLoop: (() => Promise<void>) | undefined) {
    this.#clock = clock
    this.#eventLoop = eventLoop
  }

  /** A query has come. */
  asked(): void {
    this.#asked = this.#clock.monotonic()
  }

  /** Undefined: as long as usual. */
  get turnMs(): number | undefined {
    return this.#expected ? TURN_MS : undefined
  }

  async give(): Promise<void> {
    if (this.#expected) await this.#eventLoop!()
  }

  get #expected(): boolean {
    return this.#eventLoop !== undefined && this.#clock.monotonic() - this.#asked < EXPECTED_MS
  }
}
