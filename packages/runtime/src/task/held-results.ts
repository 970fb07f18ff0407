import type { Clock } from '@millrace/core'
import type { PartitionQueue } from './partition-queue.ts'

/** Nobody wonders earlier. */
const LEAST_MS = 5_000
/** Of windows of a day, too, somebody who tries them out wants to know. */
const MOST_MS = 300_000

export interface HeldResultsOptions {
  readonly clock: Clock
  /** How long results may be kept back while records come. */
  readonly holdsBackMs: number
  /** The first operator that keeps results back. */
  readonly heldBy: () => Promise<string | undefined>
  readonly onHeld: (operator: string, idleMs: number) => void
}

/** Finds out, once in each pause, whether results wait for a record that does not come, where stream time moves on with records only. */
export class HeldResults {
  readonly #options: HeldResultsOptions
  readonly #patienceMs: number
  #since: number | undefined
  #asked = false

  constructor(options: HeldResultsOptions) {
    this.#options = options
    this.#patienceMs = Math.min(Math.max(options.holdsBackMs, LEAST_MS), MOST_MS)
  }

  async check(queues: readonly PartitionQueue[]): Promise<void> {
    const { clock, heldBy, onHeld } = this.#options
    if (queues.some(queue => queue.hasHead() || queue.awaitsFetch)) {
      this.#since = undefined
      this.#asked = false
      return
    }
    const now = clock.monotonic()
    this.#since ??= now
    const idleMs = now - this.#since
    if (this.#asked || idleMs < this.#patienceMs) return
    this.#asked = true
    const operator = await heldBy()
    if (operator !== undefined) onHeld(operator, idleMs)
  }
}
