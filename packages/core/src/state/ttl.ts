import { millraceError } from '../errors/millrace-error.ts'
import { checkedNumber } from '../errors/number-option.ts'

/**
 * When entries of a key-value store expire. An expired entry is deleted, with a tombstone in the changelog and, for a table, a
 * deletion for the operators below, both with the time of expiry as timestamp. Kafka Streams has this for windows only.
 */
export interface TtlSettings {
  /**
   * How long an entry is kept after the timestamp of the record that last wrote it, in milliseconds. For a table this requires
   * a named store.
   * @default entries do not expire
   */
  readonly ttlMs?: number
  /**
   * The clock for the age of entries: `stream-time` is the highest timestamp of the task, so that the same input always gives
   * the same results; `wall-clock` is the clock of the machine, so that entries also expire without input.
   * @default 'stream-time'
   */
  readonly ttlBy?: 'stream-time' | 'wall-clock'
}

/**
 * The fields of a store's plan.
 * @throws MILLRACE_TOPOLOGY_OPTION_INVALID
 */
export function checkedTtl(options: TtlSettings, operator: string): TtlSettings {
  const { ttlMs, ttlBy } = options
  const invalid = (reason: string) => millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
  if (ttlBy !== undefined && ttlBy !== 'stream-time' && ttlBy !== 'wall-clock') {
    throw invalid(`ttlBy is stream-time or wall-clock, but it is ${String(ttlBy)}`)
  }
  if (ttlMs === undefined) {
    if (ttlBy !== undefined) throw invalid('ttlBy needs ttlMs')
    return {}
  }
  checkedNumber(operator, 'ttlMs', ttlMs, { from: 1, of: 'milliseconds' })
  return { ttlMs, ttlBy: ttlBy ?? 'stream-time' }
}

/** Why windows and versions have none. */
export const EXPIRE_BY_RETENTION = 'windows expire by retentionMs: leave ttlMs out'
export const EXPIRE_BY_HISTORY = 'versions expire by historyRetentionMs: leave ttlMs out'

/** @throws MILLRACE_TOPOLOGY_OPTION_INVALID for a store in which entries do not expire one by one */
export function refuseTtl(options: object, operator: string, reason: string): void {
  const { ttlMs, ttlBy } = options as TtlSettings
  if (ttlMs === undefined && ttlBy === undefined) return
  throw millraceError('MILLRACE_TOPOLOGY_OPTION_INVALID', { operator, reason })
}
