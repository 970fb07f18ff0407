import type { BatchHeader } from '@millrace/core'

/** A batch in a log: the bytes that a broker would store, and what has become of them. */
export interface StoredBatch {
  /** Starts at byte 0 of its own buffer or view. */
  readonly bytes: Buffer
  readonly header: BatchHeader
  readonly lastOffset: number
  /** Milliseconds since the epoch, of the cluster's clock. */
  readonly appendedAt: number
  /** Belongs to a transaction that was aborted: `read_committed` passes over it. */
  aborted: boolean
  /** When compaction may drop its tombstones: set by the first compaction that kept them. */
  deleteHorizonMs: number | undefined
}
