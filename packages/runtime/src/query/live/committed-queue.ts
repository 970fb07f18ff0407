import type { LivePosition } from './live-event.ts'

/** What one commit has changed of what is followed. */
export interface CommittedChange {
  readonly rows: readonly { readonly key: Buffer; readonly value: Buffer | null }[]
  readonly position: LivePosition
  /** The time that the store has reached; -1 if nothing in it expires by time. */
  readonly time: number
}

/** Who is told what was committed. */
export interface ChangeListener {
  committed(change: CommittedChange): void
  /** The store has been closed. */
  ended(): void
  /** More was committed than may be on the way to the listener. Nothing more is told. */
  tooMany(): void
}

/**
 * What was committed and the reader has not taken yet. If it is more than the limit, everything is dropped, because a part would be a gap. One
 * commit alone is never too much.
 */
export class CommittedQueue implements ChangeListener {
  readonly #limit: number
  readonly #onNews: () => void
  #changes: CommittedChange[] = []
  #rows = 0
  #isOver = false
  #isEnded = false

  constructor(limit: number, onNews: () => void) {
    this.#limit = limit
    this.#onNews = onNews
  }

  /** The reader was too slow. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** The store has been closed. What is in the queue was committed before. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  committed(change: CommittedChange): void {
    if (this.#isOver) return
    const { rows } = change
    if (this.#rows > 0 && this.#rows + rows.length > this.#limit) return this.tooMany()
    // Of commits that have only moved the time on, the last one says it all.
    if (rows.length === 0 && this.#changes.at(-1)?.rows.length === 0) this.#changes.pop()
    this.#changes.push(change)
    this.#rows += rows.length
    this.#onNews()
  }

  tooMany(): void {
    this.#isOver = true
    this.#changes = []
    this.#onNews()
  }

  ended(): void {
    this.#isEnded = true
    this.#onNews()
  }

  take(): CommittedChange | undefined {
    const change = this.#changes.shift()
    this.#rows -= change?.rows.length ?? 0
    return change
  }
}
