import type { HistoryRecord } from './history.ts'

/**
 * What can be wrong with a history.
 *
 * - `aborted read`: a record of a transaction that was aborted has been processed, or something has come of it.
 * - `lost write`: a committed offset is past a record of which nothing, or not everything, has come.
 * - `duplicate`: more has come of a record than should, under exactly-once.
 * - `non-monotonic commit`: a group has committed an offset, and then a smaller one of the same partition.
 * - `torn transaction`: one part of a transaction was committed and another was not.
 * - `order violated`: records of one key have come out in another order than they went in.
 * - `store differs from changelog`: a store has another content than its changelog up to the same position.
 */
export type AnomalyName =
  | 'aborted read'
  | 'lost write'
  | 'duplicate'
  | 'non-monotonic commit'
  | 'torn transaction'
  | 'order violated'
  | 'store differs from changelog'

export interface Anomaly {
  readonly name: AnomalyName
  /** What was found, with topics, partitions and offsets. */
  readonly what: string
}

export function anomalyText({ name, what }: Anomaly): string {
  return `${name}: ${what}`
}

/** Such as `lines-3 offset 17`. */
export function placeOf({ topic, partition, offset, transaction }: Omit<HistoryRecord, 'headers'>): string {
  return `${topic}-${partition} offset ${offset}${transaction === undefined ? '' : ` (${transaction})`}`
}

const SHOWN = 8

/** The places of some records, for a message. */
export function placesOf(records: readonly HistoryRecord[]): string {
  if (records.length === 0) return 'nowhere'
  const more = records.length > SHOWN ? ` and ${records.length - SHOWN} more` : ''
  return records.slice(0, SHOWN).map(placeOf).join(', ') + more
}
