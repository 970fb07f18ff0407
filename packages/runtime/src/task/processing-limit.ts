import { type Clock, PROGRESS_OVERDUE, type ProgressSign } from '@millrace/core'

export interface ProcessingLimitOptions {
  readonly clock: Clock
  /** Infinity for as long as it takes. */
  readonly timeoutMs: number
  readonly progress: ProgressSign
}

/**
 * A tenth of the limit is the step in which time is counted: in looks and not by the clock, so that a process that was stopped as
 * a whole, or whose clock has jumped, does not take it for the time of a user function.
 */
const LOOKS = 10

/**
 * How long one record may take. For what waits, a look now and then at what is under way; nothing runs while nothing waits. What
 * does not let the thread go is seen by the thread that sends its heartbeats: see `ProgressSign`.
 */
export class ProcessingLimit {
  readonly #options: ProcessingLimitOptions
  readonly #calls = new Set<() => void>()
  readonly #end = new AbortController()
  /** Since the record at hand began to wait. */
  #looks = 0
  #looking = false

  constructor(options: ProcessingLimitOptions) {
    this.#options = options
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs
  }

  /** User functions that are waited for. */
  get waiting(): number {
    return this.#calls.size
  }

  get progress(): ProgressSign {
    return this.#options.progress
  }

  /** Notice has been taken of a thread that was blocked for too long. */
  over(): void {
    Atomics.store(this.#options.progress, PROGRESS_OVERDUE, 0)
  }

  /** Restarts the limit: the next record has the whole time. */
  restart(): void {
    this.#looks = 0
  }

  /** The outcome of `result`; rejects with `tooLong` when it does not come in time. */
  waitFor<T>(result: PromiseLike<T>, tooLong: () => Error): Promise<T> {
    if (this.#options.timeoutMs === Number.POSITIVE_INFINITY) return Promise.resolve(result)
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(tooLong())
      this.#calls.add(giveUp)
      Promise.resolve(result).then(
        value => {
          this.#calls.delete(giveUp)
          resolve(value)
        },
        (error: unknown) => {
          this.#calls.delete(giveUp)
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- as the user function has it
          reject(error)
        },
      )
      if (!this.#looking) void this.#look()
    })
  }

  close(): void {
    this.#end.abort()
  }

  async #look(): Promise<void> {
    const { clock, timeoutMs } = this.#options
    const { signal } = this.#end
    this.#looking = true
    while (this.#calls.size > 0 && !signal.aborted) {
      await clock.sleep(timeoutMs / LOOKS, signal)
      this.#looks++
      // The first look may have come at once.
      if (this.#looks <= LOOKS) continue
      for (const giveUp of this.#calls) {
        this.#calls.delete(giveUp)
        giveUp()
      }
    }
    this.#looking = false
  }
}
