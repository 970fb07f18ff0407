import type { Clock, Logger } from '@millrace/core'

/** What of a changelog partition there was to restore, and what is left. */
export interface Restorable {
  readonly from: number
  readonly to: number
  readonly position: number
}

const LINE_MS = 10_000

/** Says at intervals, in one line, how far restoring is. */
export class RestoreProgress {
  readonly #clock: Clock
  readonly #logger: Logger
  #lastLine: number
  #lastDone = 0

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
    this.#lastLine = clock.monotonic()
  }

  /** A line, when the interval is over. */
  tell(parts: readonly Restorable[]): void {
    const now = this.#clock.monotonic()
    const elapsedMs = now - this.#lastLine
    if (elapsedMs < LINE_MS) return
    const total = sum(parts, ({ from, to }) => to - from)
    const restored = sum(parts, ({ from, to, position }) => Math.min(position, to) - from)
    const partitions = parts.filter(({ position, to }) => position < to).length
    const perSecond = Math.round(((restored - this.#lastDone) * 1000) / elapsedMs)
    this.#lastLine = now
    this.#lastDone = restored
    this.#logger.info(
      { restored, total, partitions, perSecond },
      `restoring: ${restored} of ${total} records, ${partitions} of ${parts.length} partitions left, ${perSecond} records/s`,
    )
  }
}

function sum(parts: readonly Restorable[], of: (part: Restorable) => number): number {
  return parts.reduce((total, part) => total + Math.max(0, of(part)), 0)
}
