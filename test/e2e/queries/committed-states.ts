import type { ReadRecord } from '../../topic-io.ts'

/** A partition of a store by what its changelog says. */
export interface CommittedStates {
  /** Whether this was the state at the end of a transaction, or at the beginning. */
  has(state: string): boolean
  /** The state from the records before an offset. */
  at(position: number): string
}

/** Keys and values as one text, whatever their order was. */
export function stateText(rows: Iterable<readonly [string, string]>): string {
  return [...rows]
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ')
}

/** @param records committed ones of one partition, in their order. The end of a transaction takes an offset, so there is a gap behind it */
export function committedStates(records: readonly ReadRecord[]): CommittedStates {
  const rows = new Map<string, string>()
  const ends = new Set([''])
  const steps: { readonly offset: number; readonly state: string }[] = []
  let next = -1
  for (const { offset, key, value } of records) {
    if (offset !== next) ends.add(stateText(rows))
    if (value === null) rows.delete(String(key))
    else rows.set(String(key), String(value))
    next = offset + 1
    steps.push({ offset, state: stateText(rows) })
  }
  ends.add(stateText(rows))
  return {
    has: state => ends.has(state),
    at: position => steps.findLast(({ offset }) => offset < position)?.state ?? '',
  }
}
