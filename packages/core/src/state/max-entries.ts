import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'

/** How many entries of a key-value store stay. */
export interface MaxEntriesSettings {
  /**
   * Keeps at most this many entries of each partition, in memory: when there is one more, the one that was read or written
   * least recently goes. Nobody below is told, and the changelog still has it (as in Kafka Streams, with `Stores.lruMap`). A
   * table needs a named store for it. @default all of them
   */
  readonly maxEntries?: number
}

/** Why a store with `maxEntries` has no `ttlMs`. */
export const BOUNDED_BY_NUMBER = 'entries go by their number: leave ttlMs out'

/**
 * The fields of a store's plan.
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID
 */
export function checkedMaxEntries(
  maxEntries: number,
  type: 'persistent' | 'memory' | undefined,
  operator: string,
): { readonly maxEntries: number; readonly type: 'memory' } {
  const invalid = (reason: string) => millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
  checkedNumber(operator, 'maxEntries', maxEntries, { from: 1 })
  if (type === 'persistent') throw invalid('a store with maxEntries is kept in memory')
  return { maxEntries, type: 'memory' }
}

/** @throws MILLRACE_TOPOLOGY_OPTION_INVALID for a store whose entries are not counted */
export function refuseMaxEntries(options: object, operator: string, reason: string): void {
  if ((options as MaxEntriesSettings).maxEntries === undefined) return
  throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
}
