import { millraceError, partitionForKey, type Plan, reasonOf, topicNaming } from '@millrace/core'
import type { GlobalStores } from '../globals/global-stores.ts'
import { type CheckedRequest, invalid, storeOf } from './query-request.ts'

export interface StorePartitionsOptions {
  readonly plan: () => Plan
  readonly applicationId: string
  readonly globals: Pick<GlobalStores, 'has'>
  /** Partition counts by real name. */
  readonly partitions: ReadonlyMap<string, number>
}

/** How many partitions stores have, from which topics, and which of them has a key. */
export class StorePartitions {
  readonly #with: StorePartitionsOptions

  constructor(options: StorePartitionsOptions) {
    this.#with = options
  }

  /**
   * The partition that has a key: by the bytes of the key, as the default partitioner has it, unless a function says otherwise.
   * @throws MILLRACE_QUERY_INVALID, MILLRACE_STORE_UNKNOWN
   */
  partitionOfKey(name: string, key: unknown, partitioner?: (key: never, partitions: number) => number): number {
    const { keySerde } = storeOf(this.#with.plan(), name)
    const count = this.partitionsOf(name)
    if (this.#with.globals.has(name)) return 0
    if (key === undefined || key === null) throw invalid(name, 'the key must not be null or undefined')
    if (partitioner !== undefined) {
      const chosen = partitioner(key as never, count)
      if (Number.isSafeInteger(chosen) && chosen >= 0 && chosen < count) return chosen
      throw invalid(name, `the partitioner gave ${String(chosen)}, and the store has ${count} partitions`)
    }
    let bytes: Uint8Array
    try {
      bytes = keySerde.serialize(key, name)
    } catch (error) {
      throw invalid(name, `its key cannot be encoded: ${reasonOf(error)}`, error)
    }
    return partitionForKey(Buffer.from(bytes), 0, bytes.length, count)
  }

  /** The number of partitions of a store: 1 for a global store, which is whole on each instance. */
  partitionsOf(store: string): number {
    const plan = this.#with.plan()
    if (this.#with.globals.has(store)) return 1
    const counts = this.inputTopics(plan, store).map(topic => this.#with.partitions.get(topic) ?? 0)
    return Math.max(0, ...counts)
  }

  /** Real names of the topics that the store's tasks read, or that fill the global store. */
  inputTopics(plan: Plan, store: string): readonly string[] {
    const global = plan.globals.find(one => one.store === store)
    if (global !== undefined) return [global.topic]
    const real = topicNaming(plan, this.#with.applicationId)
    const sub = plan.subTopologies.find(({ stores }) => stores.includes(store))
    return (sub?.sourceTopics ?? []).map(real)
  }

  /** A position in a topic that the tasks do not read would never be reached. */
  checkPosition({ store, position = [] }: CheckedRequest): void {
    const inputs = new Set(this.inputTopics(this.#with.plan(), store))
    const other = position.find(({ topic }) => !inputs.has(topic))
    if (other === undefined) return
    const names = [...inputs].map(topic => `"${topic}"`).join(', ')
    const reason = `the tasks of the store do not read it, they read ${names}; use "after" for what comes over other topics`
    throw millraceError('MILLRACE_QUERY_AFTER_IMPOSSIBLE', { store, topic: other.topic, reason })
  }
}
