import {
  asError,
  type FetchedBatch,
  millraceError,
  type RecordCursor,
  shownOption,
  type TopicPartition,
} from '@millrace/core'
import type { CompiledSource } from './source.ts'

/**
 * Decides about a record whose timestamp is negative or could not be extracted: gives the one to take instead, or undefined
 * to leave the record out.
 */
export type BadTimestamp = (queue: PartitionQueue, cursor: RecordCursor, error: unknown) => number | undefined

/**
 * The fetched batches of one input partition, walked record by record. The head is the record that the cursor stands on;
 * its timestamp decides when the task takes it.
 */
export class PartitionQueue implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly source: CompiledSource
  /** Bytes of the batches that are waiting, the one under the cursor included. */
  bytes = 0
  /** Highest timestamp taken so far, -1 before the first. */
  partitionTime: number
  /** Offset after the last record taken: what a commit carries. */
  position: number
  /** The leader epoch of the batch that was opened last, and so no older than that of the record before `position`. */
  leaderEpoch: number | undefined
  /** Where the next fetched batch goes on. */
  fetched: number
  /** The partition's end as far as it is known. */
  end = -1
  headTimestamp = -1
  paused = false
  #batches: FetchedBatch[] = []
  #batch: FetchedBatch | undefined
  #cursor: RecordCursor | undefined
  #hasHead = false
  readonly #badTimestamp: BadTimestamp

  constructor(options: {
    readonly topic: string
    readonly partition: number
    readonly source: CompiledSource
    readonly position: number
    readonly leaderEpoch: number | undefined
    readonly partitionTime: number
    readonly end: number
    readonly badTimestamp: BadTimestamp
  }) {
    this.topic = options.topic
    this.partition = options.partition
    this.source = options.source
    this.position = options.position
    this.leaderEpoch = options.leaderEpoch
    this.fetched = options.position
    this.partitionTime = options.partitionTime
    this.end = options.end
    this.#badTimestamp = options.badTimestamp
  }

  add(batch: FetchedBatch): void {
    // What was fetched before a seek is not wanted any more.
    if (batch.nextOffset <= this.fetched) return
    this.fetched = batch.nextOffset
    this.end = Math.max(this.end, batch.highWatermark, batch.nextOffset)
    this.#batches.push(batch)
    this.bytes += batch.byteLength
  }

  /** How many records wait. */
  get buffered(): number {
    let records = 0
    for (const { recordCount } of this.#batches) records += recordCount
    const batch = this.#batch
    // Of the one under the cursor some may have been compacted away, or taken already.
    if (batch !== undefined) records += Math.min(batch.recordCount, batch.nextOffset - this.position)
    return records
  }

  get cursor(): RecordCursor {
    return this.#cursor!
  }

  /** The batch under the cursor, which has just been opened when `openedBatch` changes. */
  get batch(): FetchedBatch | undefined {
    return this.#batch
  }

  /** Moves to the next record that can be processed, unless the head is one already. False when there is none. */
  hasHead(): boolean {
    if (this.#hasHead) return true
    for (;;) {
      if (this.#cursor === undefined && !this.#openBatch()) return false
      const cursor = this.#cursor!
      if (!cursor.advance()) {
        this.#closeBatch()
        continue
      }
      if (cursor.offset < this.position) continue
      if (this.#stampHead(cursor)) {
        this.#hasHead = true
        return true
      }
      this.position = cursor.offset + 1
    }
  }

  /** Nothing waits any more: what was not taken is fetched again from `position`. */
  drop(): void {
    this.#batches = []
    this.#batch = undefined
    this.#cursor = undefined
    this.#hasHead = false
    this.bytes = 0
    this.fetched = this.position
  }

  /** The record that was taken last has not been there. */
  giveUp(partitionTime: number): void {
    this.partitionTime = partitionTime
  }

  /** Hands the head over; the caller processes what `cursor` shows. */
  take(): void {
    this.#hasHead = false
    this.position = this.#cursor!.offset + 1
    if (this.headTimestamp > this.partitionTime) this.partitionTime = this.headTimestamp
  }

  /** Nothing is buffered, but the partition has more. */
  get awaitsFetch(): boolean {
    return this.fetched < this.end
  }

  #openBatch(): boolean {
    const batch = this.#batches.shift()
    if (batch === undefined) return false
    this.#batch = batch
    this.leaderEpoch = batch.leaderEpoch
    this.#cursor = batch.cursor()
    return true
  }

  #closeBatch(): void {
    const batch = this.#batch!
    this.bytes -= batch.byteLength
    this.position = Math.max(this.position, batch.nextOffset)
    this.#batch = undefined
    this.#cursor = undefined
  }

  #stampHead(cursor: RecordCursor): boolean {
    const { timestampOf } = this.source
    let timestamp: number | undefined = cursor.timestamp
    let error: unknown
    if (timestampOf !== undefined) {
      try {
        timestamp = wholeNumber(timestampOf(cursor, this.partition, this.partitionTime))
      } catch (failure) {
        error = asError(failure)
        timestamp = -1
      }
    }
    if (!(timestamp >= 0 && timestamp <= Number.MAX_SAFE_INTEGER)) timestamp = this.#badTimestamp(this, cursor, error)
    if (timestamp === undefined) return false
    this.headTimestamp = timestamp
    return true
  }
}

/** @throws MILLRACE_TIMESTAMP_INVALID for what is no number, even if it could be made one */
function wholeNumber(timestamp: unknown): number {
  if (typeof timestamp === 'number') return Math.trunc(timestamp)
  throw millraceError('MILLRACE_TIMESTAMP_INVALID', { timestamp: shownOption(timestamp) })
}
