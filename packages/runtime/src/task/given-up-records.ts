import type { TopicPartition } from '@millrace/core'

/** Why a record is left out. */
export interface GivenUpRecord {
  readonly node: string
  readonly reason: unknown
}

/**
 * Records that failed after their turn: the tasks have gone back to their last commit, and are not to process them again. Kept by
 * an instance for as long as the offsets behind them are not committed.
 */
export class GivenUpRecords {
  readonly #byPartition = new Map<string, Map<number, GivenUpRecord>>()
  /** Tasks that go through what they have done before with caches that are flushed after each record, by name. */
  readonly #careful = new Map<string, readonly PartitionPosition[]>()

  get any(): boolean {
    return this.#byPartition.size > 0
  }

  add({ topic, partition }: TopicPartition, offset: number, record: GivenUpRecord): void {
    const name = nameOf({ topic, partition })
    const ofPartition = this.#byPartition.get(name) ?? new Map<number, GivenUpRecord>()
    ofPartition.set(offset, record)
    this.#byPartition.set(name, ofPartition)
  }

  find(partition: TopicPartition, offset: number): GivenUpRecord | undefined {
    return this.#byPartition.get(nameOf(partition))?.get(offset)
  }

  /** Up to where a task flushes its caches after each record, so that a result that fails is found with the record that makes it. */
  carefulUntil(task: string): readonly PartitionPosition[] | undefined {
    return this.#careful.get(task)
  }

  beCareful(task: string, until: readonly PartitionPosition[]): void {
    this.#careful.set(task, until)
  }

  /** A task has committed these positions. */
  committed(task: string, positions: readonly PartitionPosition[]): void {
    for (const queue of positions) {
      const ofPartition = this.#byPartition.get(nameOf(queue))
      if (ofPartition === undefined) continue
      for (const offset of ofPartition.keys()) if (offset < queue.position) ofPartition.delete(offset)
      if (ofPartition.size === 0) this.#byPartition.delete(nameOf(queue))
    }
    const until = this.#careful.get(task)
    const reached = (to: PartitionPosition) =>
      positions.some(own => nameOf(own) === nameOf(to) && own.position >= to.position)
    if (until?.every(reached) === true) this.#careful.delete(task)
  }
}

interface PartitionPosition extends TopicPartition {
  readonly position: number
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
