import type { Clock } from '@millrace/core'

export interface Deadline {
  cancel(): void
}

/** Without a reason of its own, each abort would make an exception with a stack trace. */
const RESCHEDULED = 'rescheduled'

/**
 * What is due at which time. At most one sleep is open on the clock, and none while nothing is due, so that an idle cluster
 * keeps no process alive.
 */
export class Deadlines {
  readonly #clock: Clock
  /** Ordered by time, then by who came first. */
  readonly #due: Due[] = []
  #sleep: { readonly until: number; readonly abort: AbortController } | undefined
  #suspended = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs `action` when `delayMs` have passed. */
  after(delayMs: number, action: () => void): Deadline {
    const due: Due = { at: this.#clock.monotonic() + delayMs, action }
    let index = this.#due.length
    while (index > 0 && this.#due[index - 1]!.at > due.at) index--
    this.#due.splice(index, 0, due)
    this.#sleepUntilNext()
    return {
      cancel: () => {
        const at = this.#due.indexOf(due)
        if (at < 0) return
        this.#due.splice(at, 1)
        this.#sleepUntilNext()
      },
    }
  }

  /** Nobody is there to see what happens: nothing does, until `resume` catches up. */
  suspend(): void {
    this.#suspended = true
    this.#sleepUntilNext()
  }

  resume(): void {
    if (!this.#suspended) return
    this.#suspended = false
    this.#runDue()
  }

  #sleepUntilNext(): void {
    const next = this.#suspended ? undefined : this.#due[0]?.at
    if (next === this.#sleep?.until) return
    this.#sleep?.abort.abort(RESCHEDULED)
    this.#sleep = undefined
    if (next === undefined) return
    const sleep = { until: next, abort: new AbortController() }
    this.#sleep = sleep
    void this.#clock.sleep(Math.max(0, next - this.#clock.monotonic()), sleep.abort.signal).then(() => {
      if (this.#sleep !== sleep) return
      this.#sleep = undefined
      this.#runDue()
    })
  }

  #runDue(): void {
    for (let next = this.#due[0]; next !== undefined && next.at <= this.#clock.monotonic(); next = this.#due[0]) {
      this.#due.shift()
      next.action()
    }
    this.#sleepUntilNext()
  }
}

interface Due {
  readonly at: number
  readonly action: () => void
}
