import type { CompiledTopology, LookAhead } from './compile-topology.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { AheadReads } from '../state/buffer/task-buffer.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'

/** This many misses in one batch make reading ahead worth its second walk over the records. */
const WORTHWHILE_MISSES = 16
/** The most keys of one read. */
const KEYS_PER_READ = 20_000

/**
 * Reads together what the records of a batch will look up one by one. A backend that answers with promises makes a miss in
 * the write buffer dear (25 k/s one after another, 195 k/s in one read of many), so before a batch is processed its
 * keys are walked and those that the heap lacks are brought there. Where misses are rare that walk is left out.
 */
export class LookAheadReader {
  readonly #stores: TaskStores
  readonly #prepared = new WeakSet<object>()
  readonly #active = new Set<AheadReads>()

  constructor(stores: TaskStores) {
    this.#stores = stores
  }

  /** Whether the batch that is at the head has yet to be walked. Asked for each record. */
  wants(queue: PartitionQueue, topology: CompiledTopology): boolean {
    const batch = queue.batch
    const reads = topology.lookAhead.get(queue.source.node)
    if (batch === undefined || reads === undefined) return false
    for (const read of reads) if (this.#worthwhile(read)) return !this.#prepared.has(batch)
    return false
  }

  async prepare(queues: readonly PartitionQueue[], topology: CompiledTopology): Promise<void> {
    for (const queue of queues) {
      if (!queue.hasHead() || !this.wants(queue, topology)) continue
      const batch = queue.batch!
      this.#prepared.add(batch)
      for (const read of topology.lookAhead.get(queue.source.node) ?? []) {
        if (this.#worthwhile(read)) await this.#readAhead(queue, read)
      }
    }
  }

  /** Whether reads of the store have missed often enough lately. */
  #worthwhile(read: LookAhead): boolean {
    const reads = this.#readsOf(read)
    if (!reads.canMiss) return false
    if (reads.misses >= WORTHWHILE_MISSES) this.#active.add(reads)
    return this.#active.has(reads)
  }

  #readsOf({ store, prefixOf }: LookAhead): AheadReads {
    return prefixOf === undefined ? this.#stores.buffer(store) : this.#stores.prefixes(store)
  }

  async #readAhead(queue: PartitionQueue, read: LookAhead): Promise<void> {
    const reads = this.#readsOf(read)
    reads.misses = 0
    const { source, position } = queue
    const keys: unknown[] = []
    const slots: number[] = []
    const seen = new Set<unknown>()
    const cursor = queue.batch!.cursor()
    let walked = 0
    while (cursor.advance() && keys.length < KEYS_PER_READ) {
      if (cursor.offset < position || cursor.keyStart < 0) continue
      walked++
      let key: unknown
      let starts: readonly number[]
      try {
        key = source.readKey(cursor.keyBytes, cursor.keyStart, cursor.keyEnd)
        if (read.prefixOf !== undefined) key = read.prefixOf(key)
        starts = read.windowStarts?.(cursor.timestamp) ?? [0]
      } catch {
        // Functions of the user are called again when its turn comes, and the policy decides then.
        continue
      }
      for (const slot of starts) {
        if (!reads.lacks(key, slot)) continue
        const identity =
          read.windowStarts === undefined ? reads.mapKeyOf(key) : `${slot} ${String(reads.mapKeyOf(key))}`
        if (seen.has(identity)) continue
        seen.add(identity)
        keys.push(key)
        slots.push(slot)
      }
    }
    if (keys.length > 0) await reads.prefetch(keys, slots)
    if (keys.length < walked / 100) this.#active.delete(reads)
  }
}
