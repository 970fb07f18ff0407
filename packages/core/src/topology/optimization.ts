import { millraceError } from '../errors/millrace-error.ts'

/**
 * What `build()` may do about the topology, under the names of Kafka Streams' `topology.optimization`:
 *
 * - `reuse.ktable.source.topics`: the store of a `table()` has no changelog of its own, for its topic serves as one
 * - `merge.repartition.topics`: repartition topics below one change of the key become one
 * - `single.store.self.join`: the join of a stream with itself keeps its records once
 *
 * Each changes internal topics, so a running application must keep to what it was started with.
 */
export type Optimization = (typeof OPTIMIZATIONS)[number]

const OPTIMIZATIONS = ['reuse.ktable.source.topics', 'merge.repartition.topics', 'single.store.self.join'] as const

export interface BuildOptions {
  /** @default 'none' */
  readonly optimization?: 'none' | 'all' | readonly Optimization[]
  /**
   * Refuse a topology in which a store or an internal topic has a generated name: its number changes with whatever is put in
   * front of it, and the state is then left behind. Kafka Streams' `ensure.explicit.internal.resource.naming` (KIP-1111).
   * @default false
   */
  readonly requireNames?: boolean
  /**
   * With `merge.repartition.topics`: take it that `process()` changes keys and `processValues()` changes values, so that
   * repartition topics below them stay below. Otherwise such a topic may move in front of them, as in Kafka Streams: it then
   * holds the values from before `processValues()`, for which its serde must do, and keys that `process()` goes on to change.
   * Kafka Streams' internal `__enable.process.processValue.fix__` (KAFKA-19668). Changes internal topics.
   * @default false
   */
  readonly repartitionAfterProcess?: boolean
}

/** @throws MILLRACE_TOPOLOGY_OPTION_INVALID */
export function chosenOptimizations({ optimization = 'none' }: BuildOptions): ReadonlySet<Optimization> {
  if (optimization === 'none') return new Set()
  if (optimization === 'all') return new Set(OPTIMIZATIONS)
  for (const name of optimization) {
    if (OPTIMIZATIONS.includes(name)) continue
    const reason = `unknown optimization "${name}"; known are ${OPTIMIZATIONS.join(', ')}`
    throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator: 'build', reason })
  }
  return new Set(optimization)
}
