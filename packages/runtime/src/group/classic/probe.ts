import type { Clock, GroupConsumer, Logger } from '@millrace/core'

/** How long until it is checked again whether a rebalance is over. */
const PROBE_AGAIN_MS = 1_000

/** Makes the group assign again after a while: warm-ups may have caught up, or tasks that this member waits for been given up. */
export class Probe {
  readonly #consumer: GroupConsumer
  readonly #clock: Clock
  readonly #logger: Logger
  #waiting = new AbortController()

  constructor(consumer: GroupConsumer, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#consumer = consumer
    this.#clock = clock
    this.#logger = logger
  }

  /** Replaces an earlier one. @param ms no probe if undefined */
  start(ms: number | undefined): void {
    this.#waiting.abort()
    this.#waiting = new AbortController()
    const { signal } = this.#waiting
    if (ms === undefined) return
    this.#run(ms, signal).catch((error: unknown) => this.#logger.warn({ error }, 'cannot check whether tasks can move'))
  }

  close(): void {
    this.#waiting.abort()
  }

  async #run(ms: number, signal: AbortSignal): Promise<void> {
    const [consumer, clock] = [this.#consumer, this.#clock]
    await clock.sleep(ms, signal)
    // A rebalance in progress ends this wait with an assignment of its own. It may also end without one.
    while (!signal.aborted && consumer.isRebalancing()) await clock.sleep(PROBE_AGAIN_MS, signal)
    if (!signal.aborted) consumer.requestRejoin('to see whether tasks can move now')
  }
}
