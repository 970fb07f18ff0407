import type { TopicPartition, TopicPartitionOffset } from '@millrace/core'

/**
 * Which input records each transaction stands for, and whether one is in two that were committed: then its results are there twice,
 * whatever the topology makes of it. What a process has seen of a partition since its last seek is in the transaction that commits
 * an offset past it.
 */
export class TransactionWatch {
  readonly #violation: (text: string) => void
  /** By process and partition. */
  readonly #seen = new Map<string, Set<number>>()
  /** By transactional id, of the transaction that is open. */
  readonly #open = new Map<string, Map<string, readonly number[]>>()
  readonly #committed = new Map<string, Set<number>>()

  constructor(violation: (text: string) => void) {
    this.#violation = violation
  }

  sees(process: string, at: TopicPartitionOffset): void {
    const key = seenKey(process, at)
    const seen = this.#seen.get(key) ?? new Set()
    this.#seen.set(key, seen)
    seen.add(at.offset)
  }

  /** The process goes on from elsewhere: what it has seen and not committed is dropped. */
  seeks(process: string, at: TopicPartition): void {
    this.#seen.delete(seenKey(process, at))
  }

  /** A producer of the id has nothing open when it begins. */
  begins(transactionalId: string): void {
    this.#open.delete(transactionalId)
  }

  /** The broker has taken the offsets into the open transaction. */
  sends(process: string, transactionalId: string, offsets: readonly TopicPartitionOffset[]): void {
    const open = this.#open.get(transactionalId) ?? new Map<string, readonly number[]>()
    this.#open.set(transactionalId, open)
    for (const at of offsets) {
      const seen = this.#seen.get(seenKey(process, at)) ?? new Set()
      const done = [...seen].filter(offset => offset < at.offset)
      for (const offset of done) seen.delete(offset)
      open.set(nameOf(at), [...(open.get(nameOf(at)) ?? []), ...done])
    }
  }

  ends(transactionalId: string, committed: boolean): void {
    const open = this.#open.get(transactionalId) ?? new Map<string, readonly number[]>()
    this.#open.delete(transactionalId)
    if (!committed) return
    for (const [name, offsets] of open) {
      const before = this.#committed.get(name) ?? new Set()
      this.#committed.set(name, before)
      const twice = offsets.filter(offset => before.has(offset))
      for (const offset of offsets) before.add(offset)
      if (twice.length > 0) {
        this.#violation(
          `duplicate: records ${twice.join(', ')} of ${name} were processed in two committed transactions`,
        )
      }
    }
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

function seenKey(process: string, at: TopicPartition): string {
  return `${process} ${nameOf(at)}`
}
