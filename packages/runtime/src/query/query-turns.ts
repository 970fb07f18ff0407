import type { Clock } from '@millrace/core'

/** How long another query is expected after one. */
const EXPECTED_MS = 1_000
/** How long a task or a commit works before the event loop has its turn: at least and at most, and when no query came in the one before. */
const SHORTEST_MS = 1
const LONGEST_MS = 100
const QUIET_MS = 3
/** The length of the next turn of a task, as a share of the time that the event loop has taken. */
const SHARE_OF_TASKS = 1 / 2
/** How many further turns the event loop gets at most while reads of a backend are under way. */
const TURNS_FOR_READS = 16
const NEVER = Number.NEGATIVE_INFINITY

/**
 * While the stores are queried, the event loop has its turn after each short turn of a task and within the long work of a commit, and not
 * once in a round: only then a request comes in and its answer goes out. A turn is short while requests follow each other, and it grows with
 * what the event loop takes for them, so that many of them leave the tasks a third of the thread, until a turn is as long as where nobody
 * asks. There, nothing is done.
 */
export class QueryTurns {
  readonly #clock: Clock
  readonly #eventLoop: (() => Promise<void>) | undefined
  #asked = NEVER
  /** How many reads of a backend are under way. */
  #reading = 0
  #turnMs = QUIET_MS
  #turnBegan = NEVER

  /** @param eventLoop lets the event loop have its turn. Undefined where rounds are made one by one */
  constructor(clock: Clock, eventLoop: (() => Promise<void>) | undefined) {
    this.#clock = clock
    this.#eventLoop = eventLoop
  }

  /** A query has come. */
  asked(): void {
    if (this.#eventLoop !== undefined) this.#asked = this.#clock.monotonic()
  }

  /** What a read of a query gives is not kept waiting for one more turn of a task. */
  async reading<T>(read: () => Promise<T>): Promise<T> {
    this.#reading++
    try {
      return await read()
    } finally {
      this.#reading--
    }
  }

  /** How long a task may process. Undefined: as long as usual. */
  get turnMs(): number | undefined {
    return this.#expected ? this.#turnMs : undefined
  }

  /** A turn is over: the event loop has its own. */
  async give(): Promise<void> {
    if (!this.#expected) return
    const began = this.#clock.monotonic()
    await this.#eventLoop!()
    // What a thread has read comes back in a later turn of the event loop.
    for (let more = 0; this.#reading > 0 && more < TURNS_FOR_READS; more++) await this.#eventLoop!()
    this.#turnBegan = this.#clock.monotonic()
    const tookMs = this.#turnBegan - began
    const came = this.#asked >= began
    this.#turnMs = came ? Math.min(LONGEST_MS, Math.max(SHORTEST_MS, tookMs * SHARE_OF_TASKS)) : QUIET_MS
  }

  /** Asked in the middle of long work: gives the event loop its turn if this one is over. */
  readonly pause = (): Promise<void> | undefined => {
    if (!this.#expected || this.#clock.monotonic() - this.#turnBegan < this.#turnMs) return undefined
    return this.give()
  }

  get #expected(): boolean {
    if (this.#asked === NEVER) return false
    if (this.#clock.monotonic() - this.#asked < EXPECTED_MS) return true
    this.#asked = NEVER
    this.#turnMs = QUIET_MS
    return false
  }
}
