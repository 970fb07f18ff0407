import type { MemoryCluster } from '@millrace/client-memory'
import type { TopicPartition, TopicPartitionOffset } from '@millrace/core'
import type { HistoryRecord } from '../history/history.ts'
import { APPLICATION_ID } from './process-world.ts'

/**
 * Follows a run under `at_most_once`: no record is processed twice, or before the offset after it is committed. Lost may be what was in flight,
 * committed by a member and not processed yet, when the member crashed or something that it did failed.
 */
export class OnceWatch {
  readonly #cluster: MemoryCluster
  readonly #violation: (text: string) => void
  readonly #processed = new Map<string, Set<number>>()
  readonly #mayBeLost = new Map<string, Set<number>>()
  /** By member, then by partition. */
  readonly #inFlight = new Map<string, Map<string, Set<number>>>()
  #over = false

  constructor(cluster: MemoryCluster, violation: (text: string) => void) {
    this.#cluster = cluster
    this.#violation = violation
  }

  /**
   * The member is about to commit these offsets.
   * @returns what is to be told if that fails: whether it may have been carried out all the same
   */
  commits(member: string, offsets: readonly TopicPartitionOffset[]): (carriedOut: 'no' | 'perhaps') => void {
    const added: { readonly name: string; readonly own: Set<number>; readonly offset: number }[] = []
    // Of several batches of a partition the last one counts.
    for (const at of new Map(offsets.map(one => [nameOf(one), one])).values()) {
      const [own, committed] = [this.#of(member, at), this.#committed(at)]
      for (let offset = committed; offset < at.offset; offset++) {
        if (own.has(offset)) continue
        own.add(offset)
        added.push({ name: nameOf(at), own, offset })
      }
      // It gives back what it has not begun.
      if (at.offset < committed) for (const offset of own) if (offset >= at.offset) own.delete(offset)
    }
    return carriedOut => {
      for (const { name, own, offset } of added) {
        if (!own.delete(offset) || carriedOut === 'no' || this.#over) continue
        setOf(this.#mayBeLost, name).add(offset)
      }
    }
  }

  sees(member: string, at: TopicPartitionOffset): void {
    const name = nameOf(at)
    const processed = setOf(this.#processed, name)
    if (processed.has(at.offset)) this.#violation(`duplicate: record ${at.offset} of ${name} was processed twice`)
    processed.add(at.offset)
    this.#of(member, at).delete(at.offset)
    if (this.#committed(at) <= at.offset)
      this.#violation(`record ${at.offset} of ${name} was processed before its offset was committed`)
  }

  /** What the member has in flight may be lost. */
  fails(member: string): void {
    if (this.#over) return
    for (const [name, offsets] of this.#inFlight.get(member) ?? []) {
      const lost = setOf(this.#mayBeLost, name)
      for (const offset of offsets) lost.add(offset)
    }
    this.#inFlight.delete(member)
  }

  /** The run is over: what fails from now on excuses nothing. */
  ends(): void {
    this.#over = true
  }

  allFail(): void {
    for (const member of this.#inFlight.keys()) this.fails(member)
  }

  /** Nobody has anything to process that is committed. */
  get idle(): boolean {
    return [...this.#inFlight.values()].every(own => [...own.values()].every(({ size }) => size === 0))
  }

  /** @returns what was lost though nothing had failed */
  violations(sources: readonly string[], records: readonly HistoryRecord[]): readonly string[] {
    return records
      .filter(({ topic, fate }) => fate === 'committed' && sources.includes(topic))
      .filter(record => record.offset < this.#committed(record) && !this.#has(this.#processed, record))
      .filter(record => !this.#has(this.#mayBeLost, record))
      .map(at => `lost write: record ${at.offset} of ${nameOf(at)} was never processed, and nothing had failed`)
  }

  #has(sets: ReadonlyMap<string, ReadonlySet<number>>, at: TopicPartitionOffset): boolean {
    return sets.get(nameOf(at))?.has(at.offset) === true
  }

  #of(member: string, at: TopicPartition): Set<number> {
    const own = this.#inFlight.get(member) ?? new Map<string, Set<number>>()
    this.#inFlight.set(member, own)
    return setOf(own, nameOf(at))
  }

  #committed({ topic, partition }: TopicPartition): number {
    const found = this.#cluster
      .committedOffsets(APPLICATION_ID)
      .find(one => one.topic === topic && one.partition === partition)
    return found?.offset ?? 0
  }
}

function setOf(sets: Map<string, Set<number>>, name: string): Set<number> {
  const found = sets.get(name) ?? new Set()
  sets.set(name, found)
  return found
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
