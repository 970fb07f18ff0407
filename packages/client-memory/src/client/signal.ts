import type { Clock } from '@millrace/core'

/** Without a reason of its own, each abort would make an exception with a stack trace. */
const WOKEN = 'woken'

/** Lets one poll at a time wait until something happens or time passes. */
export class Signal {
  readonly #clock: Clock
  #wake: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Bound, so that it can be passed as a callback. */
  readonly notify = (): void => {
    this.#wake?.()
  }

  /** The caller has looked at everything and found nothing, in the same turn: no news can be missed in between. */
  async wait(maxWaitMs: number): Promise<void> {
    const abort = new AbortController()
    this.#wake = () => abort.abort(WOKEN)
    await this.#clock.sleep(maxWaitMs, abort.signal)
    this.#wake = undefined
  }
}
