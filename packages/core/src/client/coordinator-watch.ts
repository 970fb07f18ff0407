import type { Clock } from '../ports/clock.ts'

/** How often a coordinator is asked while a member waits for its group. */
const ASK_MS = 5_000

/**
 * Whether the coordinator of a group still answers while a member waits for an assignment. It is asked for the coordinator's place on
 * another connection than that of the join, which may wait for minutes and is not answered by a broker that is frozen or gone.
 */
export class CoordinatorWatch {
  readonly #clock: Clock
  readonly #ask: () => Promise<string>
  #asking = false
  #askedAt = Number.NEGATIVE_INFINITY
  /** Counts the times that a wait has begun: what was asked for an earlier one says nothing. */
  #wait = 0
  #waiting = false
  #place: string | undefined
  #moved = false
  #failure: { readonly error: unknown } | undefined

  /** @param ask gives the coordinator's place; it fails when the coordinator does not answer */
  constructor(clock: Clock, ask: () => Promise<string>) {
    this.#clock = clock
    this.#ask = ask
  }

  /**
   * To be called again and again.
   * @param waits whether the member waits
   * @returns true once when the coordinator is at another place than when the wait began
   * @throws the failure of the last question, until another one is answered
   */
  look(waits: boolean): boolean {
    if (waits !== this.#waiting) {
      this.#waiting = waits
      this.#wait++
      this.#place = undefined
      this.#moved = false
      this.#failure = undefined
      // A rebalance mostly takes no time.
      this.#askedAt = this.#clock.monotonic()
    }
    if (!waits) return false
    if (!this.#asking && this.#clock.monotonic() - this.#askedAt >= ASK_MS) void this.#look()
    if (this.#failure !== undefined) throw this.#failure.error
    const moved = this.#moved
    this.#moved = false
    return moved
  }

  async #look(): Promise<void> {
    const wait = this.#wait
    this.#asking = true
    try {
      const place = await this.#ask()
      if (wait !== this.#wait) return
      this.#moved ||= this.#place !== undefined && this.#place !== place
      this.#place = place
      this.#failure = undefined
    } catch (error) {
      if (wait === this.#wait) this.#failure = { error }
    } finally {
      this.#asking = false
      this.#askedAt = this.#clock.monotonic()
    }
  }
}
