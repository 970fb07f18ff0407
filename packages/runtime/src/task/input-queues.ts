import type { Clock, FetchedBatch } from '@millrace/core'
import type { PartitionQueue } from './partition-queue.ts'

/**
 * An empty partition whose end lies further on is waited for at least this long: its fetch is under way, or the broker does not
 * answer.
 */
const MISSING_DATA_PATIENCE_MS = 5_000

export interface InputQueuesOptions {
  readonly clock: Clock
  /** How long a task with an empty partition waits for it; negative: not at all. */
  readonly maxTaskIdleMs: number
}

/** The queues of a task's inputs, and whether a record may be taken from them now. */
export class InputQueues {
  readonly all: PartitionQueue[] = []
  readonly #options: InputQueuesOptions
  /** Since when some queues have records and others are empty. */
  #idleSince: number | undefined

  constructor(options: InputQueuesOptions) {
    this.#options = options
  }

  /** @returns the queue of the batch's partition, if it is an input of the task */
  enqueue(batch: FetchedBatch): PartitionQueue | undefined {
    const queue = this.all.find(({ topic, partition }) => topic === batch.topic && partition === batch.partition)
    queue?.add(batch)
    return queue
  }

  /** Something is buffered, and no partition has to be waited for whose records may belong before it. */
  canTake(): boolean {
    let buffered = false
    let empty = false
    let waits = false
    for (const queue of this.all) {
      if (queue.hasHead()) {
        buffered = true
      } else {
        empty = true
        waits ||= queue.awaitsFetch
      }
    }
    if (!buffered || !empty) {
      this.#idleSince = undefined
      return buffered
    }
    // A partition has run empty. If it has more, records that belong before the buffered ones are on their way.
    const { clock, maxTaskIdleMs } = this.#options
    const patience = maxTaskIdleMs < 0 ? 0 : maxTaskIdleMs + (waits ? MISSING_DATA_PATIENCE_MS : 0)
    const now = clock.monotonic()
    this.#idleSince ??= now
    return now - this.#idleSince >= patience
  }
}

/** The queue whose first record has the smallest timestamp; undefined if all are empty. */
export function oldestOf(queues: readonly PartitionQueue[]): PartitionQueue | undefined {
  if (queues.length === 1) return queues[0]
  let oldest: PartitionQueue | undefined
  for (const queue of queues) {
    if (queue.hasHead() && (oldest === undefined || queue.headTimestamp < oldest.headTimestamp)) oldest = queue
  }
  return oldest
}
