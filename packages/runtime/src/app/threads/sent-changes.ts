import type { ChangeListener, CommittedChange } from '../../query/live/committed-queue.ts'
import type { FollowNews } from './view-messages.ts'

/**
 * Sends what is committed to the main thread. If more is on the way than the limit, because the main thread is busy with something else, nothing
 * more is sent. One commit alone is never too much.
 */
export class SentChanges implements ChangeListener {
  readonly #limit: number
  readonly #send: (news: FollowNews) => void
  #onTheWay = 0
  #isOver = false

  constructor(limit: number, send: (news: FollowNews) => void) {
    this.#limit = limit
    this.#send = send
  }

  committed({ rows, position, time }: CommittedChange): void {
    if (this.#isOver) return
    const weight = rows.length + 1
    if (this.#onTheWay > 0 && this.#onTheWay + weight > this.#limit) return this.tooMany()
    this.#onTheWay += weight
    // Copies of their own: others may share the memory of these.
    const own = rows.map(({ key, value }) => ({ key: ownBytes(key), value: value === null ? null : ownBytes(value) }))
    this.#send({ is: 'committed', change: { rows: own, position, time }, weight })
  }

  ended(): void {
    this.#isOver = true
    this.#send({ is: 'ended' })
  }

  tooMany(): void {
    this.#isOver = true
    this.#send({ is: 'too-many' })
  }

  /** The main thread has what was sent. */
  taken(weight: number): void {
    this.#onTheWay -= weight
  }
}

/** Bytes whose memory is theirs alone, so that nothing else is copied to another thread with them. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes)
}
