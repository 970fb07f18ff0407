import { isMillraceError } from '@millrace/core'
import type { ResolvedOptions } from '../config/options.ts'

/** Between two attempts at what the broker has refused. */
export const RETRY_MS = 500

/** Waits for a broker that does not answer, and says so: once when it begins, once when it is over. */
export class Patience {
  readonly #options: ResolvedOptions
  readonly #onWaiting: (cause: unknown) => void
  #waiting = false

  constructor(options: ResolvedOptions, onWaiting: (cause: unknown) => void) {
    this.#options = options
    this.#onWaiting = onWaiting
  }

  /** Runs what needs the broker again and again until it answers, or until `signal` is aborted. */
  async until<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await run()
        this.over()
        return result
      } catch (error) {
        if (!isMillraceError(error, 'retriable') || signal.aborted) throw error
        this.waitsFor(error)
        await this.#options.clock.sleep(RETRY_MS, signal)
        if (signal.aborted) throw error
      }
    }
  }

  waitsFor(cause: unknown): void {
    if (this.#waiting) return
    this.#waiting = true
    this.#options.logger.warn({ error: cause }, 'Kafka is not available; retrying')
    this.#onWaiting(cause)
  }

  over(): void {
    if (!this.#waiting) return
    this.#waiting = false
    this.#options.logger.info({}, 'Kafka answers again')
    this.#onWaiting(undefined)
  }
}
