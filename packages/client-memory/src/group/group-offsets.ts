import type { CommittedOffset, TopicPartition } from '@millrace/core'

/** Told of what happens to a group's offsets. A producer id is that of the transaction that they belong to. */
export type OffsetsListener = (
  change: 'committed' | 'held' | 'dropped',
  offsets: readonly CommittedOffset[],
  producerId?: number,
) => void

/**
 * The committed offsets of one group, and those that wait for the end of a transaction: they count when it commits and
 * are dropped when it aborts.
 */
export class GroupOffsets {
  listener: OffsetsListener | undefined
  readonly #committed = new Map<string, CommittedOffset>()
  readonly #pending = new Map<number, Map<string, CommittedOffset>>()

  commit(offsets: readonly CommittedOffset[], producerId?: number): void {
    for (const offset of offsets) this.#committed.set(key(offset), offset)
    this.listener?.('committed', offsets, producerId)
  }

  addPending(producerId: number, offsets: readonly CommittedOffset[]): void {
    const pending = this.#pending.get(producerId) ?? new Map<string, CommittedOffset>()
    this.#pending.set(producerId, pending)
    for (const offset of offsets) pending.set(key(offset), offset)
    this.listener?.('held', offsets, producerId)
  }

  endTransaction(producerId: number, committed: boolean): void {
    const pending = this.#pending.get(producerId)
    this.#pending.delete(producerId)
    if (pending === undefined) return
    if (committed) this.commit([...pending.values()], producerId)
    else this.listener?.('dropped', [...pending.values()], producerId)
  }

  /** The producer whose transaction holds the partition's offset, if any does. */
  holder(partition: TopicPartition): number | undefined {
    for (const [producerId, pending] of this.#pending) if (pending.has(key(partition))) return producerId
    return undefined
  }

  isHeldBy(producerId: number, partition: TopicPartition): boolean {
    return this.#pending.get(producerId)?.has(key(partition)) === true
  }

  get(partitions: readonly TopicPartition[]): readonly CommittedOffset[] {
    return partitions.flatMap(partition => this.#committed.get(key(partition)) ?? [])
  }

  all(): readonly CommittedOffset[] {
    return [...this.#committed.values()]
  }

  dropTopic(topic: string): void {
    for (const [name, offset] of this.#committed) if (offset.topic === topic) this.#committed.delete(name)
  }
}

function key({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
