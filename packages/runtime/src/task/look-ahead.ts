import type { FetchedBatch } from '@millrace/core'
import type { CompiledTopology, LookAhead } from './compile-topology.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { AheadReads } from '../state/buffer/task-buffer.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'

/** This many misses in one batch make reading ahead worth its second walk over the records. */
const WORTHWHILE_MISSES = 16
/** The most records and keys of one read. More would fill the heap with what is not used for long. */
const MOST_RECORDS = 4_096
const LEAST_RECORDS = 64
const KEYS_PER_READ = 20_000
const NO_WINDOW: readonly number[] = [0]

/**
 * Reads together what the next records will look up one by one. A backend that answers with promises makes a miss in
 * the write buffer dear (25 k/s one after another, 195 k/s in one read of many), so before records are processed their
 * keys are walked and those that the heap lacks are brought there. Where misses are rare that walk is left out.
 */
export class LookAheadReader {
  readonly #stores: TaskStores
  readonly #active = new Set<AheadReads>()
  /** Of a batch, the offset before which all has been walked, and how many evictions there had been. */
  readonly #walked = new WeakMap<FetchedBatch, { readonly end: number; readonly evictions: number }>()
  /** For how many records is read: fewer where entries are evicted before they are used. */
  #records = MOST_RECORDS

  constructor(stores: TaskStores) {
    this.#stores = stores
  }

  /** Whether the record at the head has yet to be walked. Asked for each record. */
  wants(queue: PartitionQueue, topology: CompiledTopology): boolean {
    const { batch } = queue
    const reads = topology.lookAhead.get(queue.source.node)
    if (batch === undefined || reads === undefined) return false
    for (const read of reads) {
      if (!this.#worthwhile(read)) continue
      const walked = this.#walked.get(batch)
      return walked === undefined || queue.position >= walked.end || walked.evictions !== this.#stores.evictions
    }
    return false
  }

  async prepare(queues: readonly PartitionQueue[], topology: CompiledTopology): Promise<void> {
    for (const queue of queues) {
      if (!queue.hasHead() || !this.wants(queue, topology)) continue
      const batch = queue.batch!
      const { evictions } = this.#stores
      const walked = this.#walked.get(batch)
      if (walked !== undefined) {
        const used = queue.position >= walked.end
        this.#records = used ? Math.min(MOST_RECORDS, 2 * this.#records) : Math.max(LEAST_RECORDS, this.#records / 2)
      }
      let end = Infinity
      for (const read of topology.lookAhead.get(queue.source.node) ?? []) {
        if (this.#worthwhile(read)) end = Math.min(end, await this.#readAhead(queue, read))
      }
      this.#walked.set(batch, { end, evictions })
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

  /** @returns the offset before which all of the batch has been walked */
  async #readAhead(queue: PartitionQueue, read: LookAhead): Promise<number> {
    const reads = this.#readsOf(read)
    reads.misses = 0
    const { source, position } = queue
    const keys: unknown[] = []
    const slots: number[] = []
    const seen = new Set<unknown>()
    const cursor = queue.batch!.cursor()
    let walked = 0
    let end = Infinity
    while (cursor.advance()) {
      if (cursor.offset < position) continue
      if (walked >= this.#records || keys.length >= KEYS_PER_READ) {
        end = cursor.offset
        break
      }
      walked++
      if (cursor.keyStart < 0) continue
      let key: unknown
      let starts: readonly number[]
      try {
        key = source.readKey(cursor.keyBytes, cursor.keyStart, cursor.keyEnd)
        if (read.prefixOf !== undefined) key = read.prefixOf(key)
        starts = read.windowStarts?.(cursor.timestamp) ?? NO_WINDOW
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
    return end
  }
}
