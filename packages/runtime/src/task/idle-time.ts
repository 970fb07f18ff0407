import type { Clock, TopicPartition, TopicPartitionOffset } from '@millrace/core'
import type { PartitionQueue } from './partition-queue.ts'

/** While inputs are idle their ends are not looked at more often than this, whatever `emitIntervalMs` says. */
const LEAST_WAIT_MS = 100

export interface IdleTimeOptions {
  readonly clock: Clock
  /** So long nothing must have come. */
  readonly idleAdvanceMs: number
  /** How often at most time moves on. */
  readonly emitIntervalMs: number
  /** Where the partitions end, as the broker says now; undefined where it does not answer. */
  readonly endsOf: (partitions: readonly TopicPartition[]) => Promise<readonly TopicPartitionOffset[] | undefined>
}

/**
 * How stream time goes on while all inputs of a task have been read to their ends: as the wall clock does. That nothing has come
 * is the broker's to say: one that cannot be reached may have records that belong before.
 */
export class IdleTime {
  readonly #options: IdleTimeOptions
  /** Since when there has been nothing to read. */
  #since: number | undefined
  #looked = Number.NEGATIVE_INFINITY

  constructor(options: IdleTimeOptions) {
    this.#options = options
  }

  /** Something has come. */
  interrupt(): void {
    this.#since = undefined
  }

  /** When to look again, as the clock's `monotonic` counts; Infinity while records are awaited. */
  get nextDue(): number {
    if (this.#since === undefined) return Number.POSITIVE_INFINITY
    const { idleAdvanceMs, emitIntervalMs } = this.#options
    return Math.max(this.#since + idleAdvanceMs, this.#looked + Math.max(emitIntervalMs, LEAST_WAIT_MS))
  }

  /**
   * Up to where stream time has moved on, given what it was by records; undefined while it has not. It never passes the wall
   * clock, by which records to come are timed, unless records have done so.
   */
  async reached(streamTime: number, queues: readonly PartitionQueue[]): Promise<number | undefined> {
    const { clock, idleAdvanceMs, emitIntervalMs, endsOf } = this.#options
    if (queues.some(queue => queue.hasHead() || queue.awaitsFetch)) {
      this.interrupt()
      return undefined
    }
    const now = clock.monotonic()
    this.#since ??= now
    if (now - this.#since < idleAdvanceMs || now < this.#looked + emitIntervalMs) return undefined
    this.#looked = now
    const ends = await endsOf(queues)
    if (ends === undefined) return undefined
    for (const queue of queues) {
      const end = ends.find(({ topic, partition }) => topic === queue.topic && partition === queue.partition)
      if (end !== undefined) queue.end = Math.max(queue.end, end.offset)
    }
    if (queues.some(queue => queue.awaitsFetch)) {
      this.interrupt()
      return undefined
    }
    return Math.max(streamTime, Math.min(streamTime + now - this.#since, clock.now()))
  }
}
