import type { CommittedRows, StoreFollower } from '../../state/task-stores/store-followers.ts'
import type { LivePosition } from './live-event.ts'

/** What one commit has changed of what is followed. */
export interface CommittedChange {
  readonly rows: readonly { readonly key: Buffer; readonly value: Buffer | null }[]
  readonly position: LivePosition
}

/**
 * What was committed and the reader has not taken yet. If it is more than the limit, everything is dropped, because a part would be a gap. One
 * commit alone is never too much.
 */
export class CommittedQueue implements StoreFollower {
  readonly #matches: (key: Uint8Array) => boolean
  readonly #limit: number
  readonly #onNews: () => void
  #changes: CommittedChange[] = []
  #rows = 0
  #isOver = false
  #isEnded = false

  constructor(matches: (key: Uint8Array) => boolean, limit: number, onNews: () => void) {
    this.#matches = matches
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

  committed({ keys, values, position }: CommittedRows): void {
    if (this.#isOver) return
    const rows = keys.flatMap((key, index) => {
      if (!this.#matches(key)) return []
      const value = values[index]!
      return [{ key: Buffer.from(key), value: value === null ? null : Buffer.from(value) }]
    })
    if (rows.length === 0) return
    if (this.#rows > 0 && this.#rows + rows.length > this.#limit) {
      this.#isOver = true
      this.#changes = []
    } else {
      this.#changes.push({ rows, position })
      this.#rows += rows.length
    }
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
