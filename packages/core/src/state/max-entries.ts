import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'

/** Limits the number of entries of a key-value store. */
export interface MaxEntriesSettings {
  /**
   * Keeps at most this many entries of each partition, in memory. A further entry evicts the least recently read or written
   * one. Operators below are not notified, and the changelog still contains the entry (as in Kafka Streams with
   * `Stores.lruMap`). For a table this requires a named store.
   * @default unlimited
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
