/** How partitions share a budget of bytes for what is fetched of them and not yet written. */
export interface FetchShare {
  /** This many partitions are read at a time. */
  readonly partitions: number
  /** The most that is fetched of each at once. */
  readonly partitionBytes: number
}

/** Fetching less at once costs more in requests than it saves. */
const LEAST_BYTES = 64 << 10
const MOST_BYTES = 4 << 20
/** While one response is written, the next is read, and a client may fetch the one after it. */
const RESPONSES_HELD = 3

export function shareBudget(budgetBytes: number, partitions: number): FetchShare {
  const response = budgetBytes / RESPONSES_HELD
  const atOnce = Math.max(1, Math.min(partitions, Math.floor(response / LEAST_BYTES)))
  return { partitions: atOnce, partitionBytes: Math.max(1, Math.min(MOST_BYTES, Math.floor(response / atOnce))) }
}
