import {
  BatchCursor,
  controlBatch,
  fetchedBatch,
  millraceError,
  readBatchHeader,
  rewriteBaseOffset,
  skippedBatch,
  type Clock,
  type Crc32c,
  type FetchedBatch,
} from '@millrace/core'
import type { TopicConfig } from '../topics/topic-config.ts'
import { compactBatches } from './compaction.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { ProducerSequences } from './producer-sequences.ts'
import { expiredBatches } from './retention.ts'
import type { StoredBatch } from './stored-batch.ts'

export interface PartitionLogOptions {
  readonly topic: string
  readonly partition: number
  readonly config: TopicConfig
  readonly clock: Clock
  readonly crc: Crc32c
  readonly retentionCheckIntervalMs: number
  readonly autoCompactBytes: number
}

export interface FetchRequest {
  readonly offset: number
  readonly maxBytes: number
  readonly committedOnly: boolean
  /** Of the last batch before `offset`. @default not known */
  readonly lastEpoch?: number | undefined
}

/** Called for a consumer that waits for records. */
export type AppendListener = () => void

/** One partition: its batches, and what they mean for readers and for idempotent producers. */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  /** Appenders and fetchers that kept this log must look for the topic again. */
  deleted = false
  readonly listeners = new Set<AppendListener>()
  readonly #options: PartitionLogOptions
  #batches: StoredBatch[] = []
  #bytes = 0
  #startOffset = 0
  #endOffset = 0
  readonly #sequences = new ProducerSequences()
  readonly #epochs = new LeaderEpochs()
  /** First offset of each open transaction, by producer id. */
  readonly #openTransactions = new Map<number, number>()
  #nextRetentionCheck: number
  #bytesAfterCompaction = 0

  constructor(options: PartitionLogOptions) {
    this.topic = options.topic
    this.partition = options.partition
    this.#options = options
    this.#nextRetentionCheck = options.clock.monotonic() + options.retentionCheckIntervalMs
  }

  get startOffset(): number {
    this.#retainWhenDue()
    return this.#startOffset
  }

  /** With one replica, what is appended is replicated: the log's end is the high watermark. */
  get highWatermark(): number {
    return this.#endOffset
  }

  get lastStableOffset(): number {
    let stable = this.#endOffset
    for (const first of this.#openTransactions.values()) if (first < stable) stable = first
    return stable
  }

  get byteLength(): number {
    return this.#bytes
  }

  /** The stored batches, for tests and tools. */
  batches(): readonly StoredBatch[] {
    return this.#batches
  }

  /** Why the topic does not take a batch, as it is configured; undefined where it does. */
  refusalOf(batch: Buffer): string | undefined {
    const { maxMessageBytes, aheadMs, behindMs, stampsItself } = this.#options.config
    const header = readBatchHeader(batch, 0)
    if (header.byteLength > maxMessageBytes) {
      return `a batch of ${header.byteLength} bytes exceeds max.message.bytes ${maxMessageBytes}`
    }
    if (stampsItself || (aheadMs === Infinity && behindMs === Infinity)) return undefined
    const now = this.#options.clock.now()
    for (const cursor = new BatchCursor(batch, header); cursor.advance();) {
      if (cursor.timestamp > now + aheadMs) return 'a timestamp exceeds message.timestamp.after.max.ms'
      if (cursor.timestamp < now - behindMs) return 'a timestamp exceeds message.timestamp.before.max.ms'
    }
    return undefined
  }

  /**
   * Takes a finished batch over: `bytes` belongs to the log from here on, and gets its offsets in place.
   *
   * @returns the offset after the batch
   * @throws MILLRACE_PRODUCER_FENCED, MILLRACE_PRODUCE_FAILED, MILLRACE_TOPIC_MISSING
   */
  append(bytes: Buffer, transactionalId: string | undefined): number {
    if (this.deleted) throw millraceError('MILLRACE_TOPIC_MISSING', { topic: this.topic })
    const sent = readBatchHeader(bytes, 0)
    const refusal = this.refusalOf(bytes)
    if (refusal !== undefined) throw this.#failed(refusal)
    if (sent.producerId >= 0) {
      const answer = this.#sequences.check(sent)
      if (answer.kind === 'duplicate') return answer.lastOffset + 1
      if (answer.kind === 'fenced') {
        throw millraceError('MILLRACE_PRODUCER_FENCED', { transactionalId: transactionalId ?? `id ${sent.producerId}` })
      }
      if (answer.kind === 'out-of-order') {
        throw this.#failed(`sequence ${sent.baseSequence} arrived where ${answer.expected} was due`)
      }
    }
    if (sent.transactional && !this.#openTransactions.has(sent.producerId)) {
      this.#openTransactions.set(sent.producerId, this.#endOffset)
    }
    this.#store(bytes)
    if (sent.producerId >= 0) this.#sequences.appended(sent, this.#endOffset - 1)
    this.#compactWhenDue()
    this.#notify()
    return this.#endOffset
  }

  /** Whether the producer's transaction has no marker here yet. */
  hasOpenTransaction(producerId: number): boolean {
    return this.#openTransactions.has(producerId)
  }

  /** Producers whose transaction has no marker here yet. */
  get openProducers(): readonly number[] {
    return [...this.#openTransactions.keys()]
  }

  /** Ends a producer's transaction here with a control batch, which also fences the producer's older epochs. */
  endTransaction(producerId: number, producerEpoch: number, committed: boolean): void {
    const first = this.#openTransactions.get(producerId)
    this.#openTransactions.delete(producerId)
    this.#sequences.raiseEpoch(producerId, producerEpoch)
    if (!committed && first !== undefined) this.#markAborted(producerId, first)
    this.#store(
      controlBatch({
        type: committed ? 'commit' : 'abort',
        baseOffset: this.#endOffset,
        timestamp: this.#options.clock.now(),
        producerId,
        producerEpoch,
        crc: this.#options.crc,
      }),
    )
    this.#notify()
  }

  /**
   * Adds what follows `offset` to `into`, at least one batch if there is one. When nothing but control batches, aborted
   * transactions or gaps of compaction come last, a batch without records leads past them.
   *
   * @returns where to go on
   * @throws MILLRACE_OFFSET_OUT_OF_RANGE
   */
  fetch({ offset, maxBytes, committedOnly, lastEpoch }: FetchRequest, into: FetchedBatch[]): number {
    this.#retainWhenDue()
    const { topic, partition } = this
    const highWatermark = this.#endOffset
    const sameUntil = lastEpoch === undefined ? highWatermark : (this.endOfEpoch(lastEpoch) ?? -1)
    if (offset < this.#startOffset || offset > Math.min(sameUntil, highWatermark)) {
      throw millraceError('MILLRACE_OFFSET_OUT_OF_RANGE', {
        topic,
        partition,
        offset,
        earliest: this.#startOffset,
        latest: Math.min(sameUntil, highWatermark),
      })
    }
    if (offset === highWatermark) return offset
    const end = committedOnly ? this.lastStableOffset : highWatermark
    let next = offset
    let leaderEpoch = lastEpoch ?? 0
    let bytes = 0
    let skipped = false
    let index = this.#indexOf(offset)
    for (; index < this.#batches.length; index++) {
      const batch = this.#batches[index]!
      const { header } = batch
      if (header.baseOffset >= end || (bytes > 0 && bytes + header.byteLength > maxBytes)) break
      next = batch.lastOffset + 1
      leaderEpoch = header.partitionLeaderEpoch
      skipped = header.control || (committedOnly && batch.aborted)
      if (skipped) continue
      into.push(fetchedBatch({ topic, partition, bytes: batch.bytes, header, fromOffset: offset, highWatermark }))
      bytes += header.byteLength
    }
    if (index === this.#batches.length && next < end) {
      next = end
      skipped = true
    }
    if (skipped) into.push(skippedBatch({ topic, partition, nextOffset: next, highWatermark, leaderEpoch }))
    return next
  }

  /** The first record whose timestamp is no smaller, open transactions included; undefined when there is none. */
  offsetForTime(timestamp: number): number | undefined {
    const { topic, partition } = this
    for (const { bytes, header } of this.#batches) {
      if (header.control) continue
      const fetched = { topic, partition, bytes, header, fromOffset: this.startOffset, highWatermark: this.#endOffset }
      const cursor = fetchedBatch(fetched).cursor()
      while (cursor.advance()) if (cursor.timestamp >= timestamp) return cursor.offset
    }
    return undefined
  }

  /** @throws MILLRACE_OFFSET_OUT_OF_RANGE */
  deleteBefore(offset: number): void {
    if (offset > this.#endOffset) {
      const { topic, partition } = this
      const range = { earliest: this.#startOffset, latest: this.#endOffset }
      throw millraceError('MILLRACE_OFFSET_OUT_OF_RANGE', { topic, partition, offset, ...range })
    }
    if (offset <= this.#startOffset) return
    this.#startOffset = offset
    const keep = this.#batches.findIndex(batch => batch.lastOffset >= offset)
    this.#dropFirst(keep < 0 ? this.#batches.length : keep)
  }

  /** Where an epoch ends in this log; undefined for one that was never there. */
  endOfEpoch(epoch: number): number | undefined {
    return this.#epochs.endOf(epoch, this.#endOffset)
  }

  /** A replica that is behind becomes the leader: batches that reach to `offset` or past it are gone. */
  cut(offset: number): void {
    const kept = this.#batches.filter(batch => batch.lastOffset < offset)
    this.#dropLast(this.#batches.length - kept.length)
    this.#endOffset = Math.min(this.#endOffset, Math.max(this.#startOffset, (kept.at(-1)?.lastOffset ?? -1) + 1))
    this.#epochs.elect(this.#endOffset)
    for (const [producerId, first] of this.#openTransactions) {
      if (first >= this.#endOffset) this.#openTransactions.delete(producerId)
    }
    this.#notify()
  }

  /** The topic is gone: who waits for records is woken to see it. */
  delete(): void {
    this.deleted = true
    this.#batches = []
    this.#notify()
  }

  /** Deletes what the topic's retention does not keep. Runs by itself from time to time, as on a broker. */
  retain(): void {
    const { clock, retentionCheckIntervalMs } = this.#options
    this.#nextRetentionCheck = clock.monotonic() + retentionCheckIntervalMs
    const expired = expiredBatches(this.#batches, this.#options.config, clock.now(), this.lastStableOffset)
    if (expired === 0) return
    this.#startOffset = Math.max(this.#startOffset, this.#batches[expired - 1]!.lastOffset + 1)
    this.#dropFirst(expired)
  }

  /** Keeps the last record of each key, up to the last stable offset. Runs by itself when much has been appended. */
  compact(): void {
    this.#batches = compactBatches(this.#batches, {
      end: this.lastStableOffset,
      now: this.#options.clock.now(),
      deleteRetentionMs: this.#options.config.deleteRetentionMs,
      crc: this.#options.crc,
    })
    this.#bytes = this.#batches.reduce((sum, batch) => sum + batch.bytes.length, 0)
    this.#bytesAfterCompaction = this.#bytes
  }

  #store(bytes: Buffer): void {
    rewriteBaseOffset(bytes, this.#endOffset, this.#epochs.current)
    const header = readBatchHeader(bytes, 0)
    const lastOffset = header.baseOffset + header.lastOffsetDelta
    const appendedAt = this.#options.clock.now()
    this.#batches.push({ bytes, header, lastOffset, appendedAt, aborted: false, deleteHorizonMs: undefined })
    this.#endOffset = lastOffset + 1
    this.#bytes += bytes.length
  }

  #markAborted(producerId: number, first: number): void {
    for (let index = this.#indexOf(first); index < this.#batches.length; index++) {
      const batch = this.#batches[index]!
      if (batch.header.producerId === producerId && batch.header.transactional && !batch.header.control)
        batch.aborted = true
    }
  }

  #retainWhenDue(): void {
    const { config, clock } = this.#options
    if (
      config.deletes &&
      config.retentionMs + config.retentionBytes > -2 &&
      clock.monotonic() >= this.#nextRetentionCheck
    )
      this.retain()
  }

  #compactWhenDue(): void {
    if (!this.#options.config.compacts) return
    const dirty = this.#bytes - this.#bytesAfterCompaction
    if (dirty >= this.#options.autoCompactBytes && dirty >= this.#bytesAfterCompaction) this.compact()
  }

  #dropFirst(count: number): void {
    this.#dropped(this.#batches.splice(0, count))
  }

  #dropLast(count: number): void {
    this.#dropped(this.#batches.splice(this.#batches.length - count, count))
  }

  #dropped(batches: readonly StoredBatch[]): void {
    for (const batch of batches) this.#bytes -= batch.bytes.length
    this.#bytesAfterCompaction = Math.min(this.#bytesAfterCompaction, this.#bytes)
  }

  /** The first batch that reaches to `offset` or past it. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #notify(): void {
    for (const listener of this.listeners) listener()
  }

  #failed(reason: string) {
    return millraceError('MILLRACE_PRODUCE_FAILED', { topic: this.topic, partition: this.partition, reason })
  }
}
