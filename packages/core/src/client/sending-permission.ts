import { LONG_AGO, longestSince, momentOf } from '../clock/elapsed.ts'
import type { Clock } from '../ports/clock.ts'
import type { SendPermit } from '../ports/client.ts'

/** What a producer knows of its permit, for all clients: whether the last answer is fresh enough to send. */
export class SendingPermission {
  readonly #permit: SendPermit | undefined
  readonly #clock: Clock
  /** When the question was asked to which the answer was yes: the process may have stood still before it saw the answer. */
  #grantedAt = LONG_AGO

  /** @param permit without one it may always send */
  constructor(permit: SendPermit | undefined, clock: Clock) {
    this.#permit = permit
    this.#clock = clock
  }

  get isFresh(): boolean {
    return this.#permit === undefined || longestSince(this.#grantedAt, this.#clock) <= this.#permit.forMs
  }

  /** Asks once. The answer may be too old by the time it is seen: look at `isFresh` again. @throws as `SendPermit.ask` */
  async ask(): Promise<void> {
    const asked = momentOf(this.#clock)
    await this.#permit?.ask()
    this.#grantedAt = asked
  }
}
