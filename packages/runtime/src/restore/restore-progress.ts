import type { Clock, Logger } from '@millrace/core'

/** What of a changelog partition there was to restore, and what is left. */
export interface Restorable {
  readonly from: number
  readonly to: number
  readonly position: number
}

/** A restore that is over sooner says so only at its end. */
const FIRST_LINE_MS = 1_000
const LINE_MS = 10_000

/** Says at intervals, in one line, how far restoring is. */
export class RestoreProgress {
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #startedAt: number
  #lastLine: number
  #nextLine: number
  #lastDone = 0

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock
    this.#logger = logger
    this.#startedAt = clock.monotonic()
    this.#lastLine = this.#startedAt
    this.#nextLine = this.#startedAt + FIRST_LINE_MS
  }

  /** A line, when the interval is over. */
  tell(parts: readonly Restorable[]): void {
    const now = this.#clock.monotonic()
    const elapsedMs = now - this.#lastLine
    if (now < this.#nextLine) return
    this.#nextLine = now + LINE_MS
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

  /** One line for all that was restored, however many stores and partitions it belongs to. */
  end(parts: readonly { readonly restored: number }[]): void {
    const milliseconds = this.#clock.monotonic() - this.#startedAt
    const filled = parts.filter(({ restored }) => restored > 0)
    if (filled.length === 0) return
    const restored = filled.reduce((total, part) => total + part.restored, 0)
    this.#logger.info(
      { restored, partitions: filled.length, milliseconds },
      `restored ${restored} records of ${filled.length} changelog ${filled.length === 1 ? 'partition' : 'partitions'} in ${milliseconds} ms`,
    )
  }
}

function sum(parts: readonly Restorable[], of: (part: Restorable) => number): number {
  return parts.reduce((total, part) => total + Math.max(0, of(part)), 0)
}
