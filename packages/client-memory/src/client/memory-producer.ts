import {
  BatchCursor,
  isMillraceError,
  MarkersMissing,
  millraceError,
  PRODUCER_DEFAULTS,
  readBatchHeader,
  RecordBatchBuilder,
  recordRefusedError,
  SendingPermission,
  type AppenderOptions,
  type CommittedOffset,
  type GroupMetadata,
  type Producer,
  type ProducerOptions,
  type TopicAppender,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { Caller } from '../group/group.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { ProducerIdentity } from '../transactions/marker-queue.ts'
import { closedError, disconnectedError, never, request, type Connection } from './connection.ts'
import { fencedError } from './fenced-error.ts'
import { initAndComplete } from './hanging-transactions.ts'
import { MemoryTopicAppender, type BatchSender, type PartitionAppender } from './topic-appender.ts'

/**
 * Full batches go to the log at once and without a copy: the log keeps the buffer that they were built in. Small ones are copied. What goes wrong is
 * kept for the next flush.
 */
export class MemoryProducer implements Producer, BatchSender {
  readonly #connection: Connection
  readonly #options: ProducerOptions
  readonly #appenders = new Map<string, MemoryTopicAppender>()
  /** Partitions written to since the last flush. */
  readonly #written = new Set<PartitionAppender>()
  #identity: ProducerIdentity | undefined
  /** Counts transactions, so that each partition knows whether it takes part in the present one. */
  #transaction = 0
  #transactionOpen = false
  /** Something was added to the open transaction, so that the coordinator must be told its end. */
  #coordinatorKnows = false
  #failure: unknown
  readonly #permission: SendingPermission
  #closed = false
  /** Of the open transaction. */
  #offsets: HeldOffsets | undefined
  /** Of the last transaction that was committed, until they are known to be stable. */
  #offsetsBefore: HeldOffsets | undefined
  /** Batches that wait for the end of the transaction before. */
  #heldBack: { readonly appender: PartitionAppender; readonly bytes: Buffer }[] = []

  constructor(connection: Connection, options: ProducerOptions) {
    this.#connection = connection
    this.#options = options
    this.#permission = new SendingPermission(options.permit, connection.cluster.clock)
  }

  init(): Promise<void> {
    return request(this.#connection, async () => {
      this.#checkNotClosed('init')
      const { transactionalId } = this.#options
      const { cluster } = this.#connection
      this.#drop()
      this.#failure = undefined
      this.#transactionOpen = false
      this.#offsetsBefore = undefined
      this.#identity =
        transactionalId === undefined ? cluster.transactions.newProducer() : await this.#newIdentity(transactionalId)
    })
  }

  /** Waits until the broker is done with the transaction before, as clients do that are answered CONCURRENT_TRANSACTIONS. */
  async #newIdentity(id: string): Promise<ProducerIdentity> {
    const { cluster } = this.#connection
    const { transactionTimeoutMs: timeoutMs = PRODUCER_DEFAULTS.transactionTimeoutMs, reach } = this.#options
    const reached = await reach?.()
    for (;;) {
      // Without leaders nothing can be completed, so nothing is begun: with the new epoch it would be forgotten how it ended.
      const identity = cluster.leaderless
        ? undefined
        : initAndComplete(cluster, { id, timeoutMs, ...(reached !== undefined && { reach: reached }) })
      if (identity !== undefined) return identity
      await this.#waitForBroker()
    }
  }

  /** For a moment. */
  async #waitForBroker(): Promise<void> {
    await this.#connection.cluster.clock.sleep(CONCURRENT_RETRY_MS)
    if (this.#connection.crashed) return never()
    if (this.#connection.disconnected) throw disconnectedError()
    this.#checkNotClosed('a request')
  }

  topic(name: string, options?: AppenderOptions): TopicAppender {
    const appender = this.#appenders.get(name) ?? new MemoryTopicAppender(name, this, this.#batchBytes)
    this.#appenders.set(name, appender)
    return options === undefined ? appender : appender.with(options)
  }

  /** The log takes everything at once: there is nothing to wait for. */
  pending(): Promise<void> | undefined {
    const { crashed, disconnected } = this.#connection
    if (this.#closed || crashed || disconnected || this.#lastIsOver()) return undefined
    if (this.#connection.cluster.transactions.isEnding(this.#options.transactionalId!)) return undefined
    return Promise.reject(this.#markersAreMissing())
  }

  flush(): Promise<readonly TopicPartitionOffset[]> {
    return request(this.#connection, () => {
      this.#checkNotClosed('flush')
      return this.#flush()
    })
  }

  begin(): void {
    this.#checkNotClosed('begin')
    if (isMillraceError(this.#failure, 'fenced')) throw this.#failure
    if (this.#identity === undefined || this.#options.transactionalId === undefined || this.#transactionOpen) {
      throw this.#misused(
        'begin',
        this.#transactionOpen ? 'a transaction is open' : 'the producer is not initialised for any',
      )
    }
    this.#transactionOpen = true
    this.#coordinatorKnows = false
    this.#transaction++
  }

  sendOffsets(offsets: readonly CommittedOffset[], metadata: GroupMetadata): Promise<void> {
    return request(this.#connection, async () => {
      const id = this.#checkTransaction('sendOffsets')
      const { cluster, capabilities } = this.#connection
      await this.#untilLastIsOver()
      this.#orFail(() => cluster.transactions.addGroup(id, this.#identity!, metadata.groupId))
      this.#coordinatorKnows = true
      const withMetadata = capabilities.transactions === 'group-metadata'
      const callerOf = ({ memberId, generationId, groupInstanceId }: GroupMetadata): Caller => ({
        memberId: withMetadata ? memberId : '',
        generation: withMetadata ? generationId : -1,
        groupInstanceId,
      })
      const { producerId } = this.#identity!
      const group = cluster.groups.group(metadata.groupId)
      let refusal = group.commitInTransaction(producerId, callerOf(metadata), offsets)
      if (refusal === 'STALE_MEMBER_EPOCH' && metadata.renew !== undefined)
        refusal = group.commitInTransaction(producerId, callerOf(await metadata.renew()), offsets)
      if (refusal !== undefined) throw fencedError(metadata, refusal)
      this.#offsets = { groupId: metadata.groupId, partitions: offsets }
    })
  }

  commit(): Promise<void> {
    return request(this.#connection, async () => {
      this.#checkTransaction('commit')
      await this.#flush()
      this.#end(true)
    })
  }

  abort(): Promise<void> {
    return request(this.#connection, () => {
      this.#checkTransaction('abort')
      this.#drop()
      if (isMillraceError(this.#failure, 'fenced')) throw this.#failure
      this.#failure = undefined
      this.#end(false)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#connection.forget(this)
    this.#drop()
  }

  openBatch(appender: PartitionAppender): void {
    if (this.#closed) throw closedError('producer', 'append')
    if (this.#identity === undefined) throw this.#misused('append', 'the producer is not initialised')
    if (this.#options.transactionalId !== undefined && !this.#transactionOpen) {
      throw this.#misused('append', 'no transaction is open')
    }
    this.#written.add(appender)
  }

  send(appender: PartitionAppender, builder: RecordBatchBuilder, origins: readonly unknown[]): void {
    if (this.#failure !== undefined || this.#connection.crashed) return
    try {
      if (this.#connection.disconnected) throw disconnectedError()
      // A log that was deleted begins its sequence again.
      const log = this.#logOf(appender)
      if (this.#deliver(appender, log, builder, origins)) appender.reuse(builder)
    } catch (error) {
      this.#failure = error
    }
  }

  #append(appender: PartitionAppender, bytes: Buffer): void {
    const { transactionalId } = this.#options
    const log = this.#logOf(appender)
    if (transactionalId !== undefined && appender.transaction !== this.#transaction) {
      this.#connection.cluster.transactions.addPartition(transactionalId, this.#identity!, appender)
      appender.transaction = this.#transaction
      this.#coordinatorKnows = true
    }
    appender.end = log.append(bytes, transactionalId)
    // Sent again with the sequence numbers that it has, a batch is acknowledged and not written twice.
    if (this.#connection.losesProduceAnswer()) appender.end = log.append(bytes, transactionalId)
  }

  /** Whether the transaction before has all its markers, as far as its offsets show. Until then nothing of this one is written. */
  #lastIsOver(): boolean {
    const { transactionalId } = this.#options
    const { transactions, groups } = this.#connection.cluster
    if (transactionalId !== undefined && transactions.isEnding(transactionalId)) return false
    const before = this.#offsetsBefore
    if (before === undefined) return true
    const { offsets } = groups.group(before.groupId)
    const { producerId } = this.#identity!
    if (before.partitions.some(partition => offsets.isHeldBy(producerId, partition))) return false
    this.#offsetsBefore = undefined
    return true
  }

  /** Then writes what was held back. @throws MILLRACE_TRANSACTION_ABORTABLE when the broker takes it for over, and it is not */
  async #untilLastIsOver(): Promise<void> {
    const transactionalId = this.#options.transactionalId!
    while (!this.#lastIsOver()) {
      if (!this.#connection.cluster.transactions.isEnding(transactionalId)) {
        throw this.#markersAreMissing()
      }
      await this.#waitForBroker()
    }
    const held = this.#heldBack
    this.#heldBack = []
    if (this.#failure !== undefined) return
    this.#orFail(() => {
      for (const { appender, bytes } of held) this.#append(appender, bytes)
    })
  }

  /** Nothing more can be sent with this identity. */
  #markersAreMissing(): unknown {
    this.#failure ??= new MarkersMissing().toAbortable(this.#options.transactionalId!)
    return this.#failure
  }

  /**
   * A batch that the log does not take is taken apart, down to the one record that it refuses.
   *
   * @returns whether the builder's buffer is free again
   */
  #deliver(
    appender: PartitionAppender,
    log: PartitionLog,
    builder: RecordBatchBuilder,
    origins: readonly unknown[],
  ): boolean {
    const { count } = builder
    const identity = this.#identity!
    const batch = builder.finish({
      ...identity,
      baseSequence: appender.sequenceOf(identity),
      transactional: this.#options.transactionalId !== undefined,
      crc: this.#connection.cluster.crc,
    })
    const refusal = log.refusalOf(batch)
    if (refusal === undefined) {
      const copied = isWorthACopy(batch)
      const bytes = copied ? Buffer.from(batch) : batch
      appender.nextSequence += count
      // In order: what was held back comes first, also where the transaction before has ended since.
      if (this.#heldBack.length === 0 && this.#lastIsOver()) this.#append(appender, bytes)
      else this.#heldBack.push({ appender, bytes })
      return copied
    }
    const { topic, partition } = appender
    if (count === 1) throw recordRefusedError({ topic, partition, origin: origins[0] }, refusal)
    let from = 0
    for (const half of halvesOf(batch, count)) {
      this.#deliver(appender, log, half, origins.slice(from, from + half.count))
      from += half.count
    }
    return false
  }

  #logOf(appender: PartitionAppender): PartitionLog {
    if (appender.log?.deleted !== false) {
      appender.log = this.#connection.cluster.log(appender)
      appender.nextSequence = 0
    }
    return appender.log
  }

  /** A full batch goes into the log at once, whatever the permit says: there is nobody to wait. */
  async #permitted(): Promise<void> {
    while (!this.#permission.isFresh) {
      try {
        await this.#permission.ask()
      } catch (error) {
        if (!isMillraceError(error) || error.code !== 'MILLRACE_GROUP_REBALANCING') throw error
        await this.#connection.cluster.clock.sleep(CONCURRENT_RETRY_MS)
      }
    }
  }

  async #flush(): Promise<readonly TopicPartitionOffset[]> {
    await this.#permitted()
    for (const appender of this.#written) appender.send()
    if (this.#heldBack.length > 0) await this.#untilLastIsOver()
    if (this.#failure !== undefined) throw this.#failure
    const ends = [...this.#written].map(({ topic, partition, end }) => ({ topic, partition, offset: end }))
    this.#written.clear()
    return ends
  }

  #end(committed: boolean): void {
    const known = this.#coordinatorKnows
    if (known) {
      const id = this.#options.transactionalId!
      this.#orFail(() => this.#connection.cluster.transactions.end(id, this.#identity!, committed))
    }
    this.#transactionOpen = false
    // A transaction that the broker knows nothing of says nothing about the one before.
    if (known) this.#offsetsBefore = committed ? this.#offsets : undefined
    this.#offsets = undefined
  }

  #drop(): void {
    this.#heldBack = []
    for (const appender of this.#written) appender.drop()
    this.#written.clear()
  }

  /** Being fenced is for good: every later call must say so. */
  #orFail(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#failure = error
      throw error
    }
  }

  #checkNotClosed(operation: string): void {
    if (this.#closed) throw closedError('producer', operation)
  }

  #checkTransaction(operation: string): string {
    this.#checkNotClosed(operation)
    const { transactionalId } = this.#options
    if (!this.#transactionOpen || transactionalId === undefined)
      throw this.#misused(operation, 'no transaction is open')
    return transactionalId
  }

  #misused(operation: string, reason: string) {
    return millraceError('MILLRACE_CLIENT_REQUEST_FAILED', { operation, reason })
  }

  get #batchBytes(): number {
    return this.#options.maxBatchBytes ?? PRODUCER_DEFAULTS.maxBatchBytes
  }
}

interface HeldOffsets {
  readonly groupId: string
  readonly partitions: readonly TopicPartition[]
}

/** As the Java client and kafkajs wait. */
const CONCURRENT_RETRY_MS = 20

/** Up to here a copy costs less than a new buffer for the next batch. */
const COPIED_BYTES = 4096

/** Whether the log should get a copy, so that it does not hold a large buffer for a small batch. */
function isWorthACopy(batch: Buffer): boolean {
  return batch.length <= COPIED_BYTES || batch.length * 2 < batch.buffer.byteLength
}

/** Two batches with half of the records each. */
function halvesOf(batch: Buffer, count: number): readonly RecordBatchBuilder[] {
  const cursor = new BatchCursor(batch, readBatchHeader(batch, 0))
  const middle = count >>> 1
  return [middle, count - middle].map(size => {
    const half = new RecordBatchBuilder({ maxBytes: batch.length })
    for (let n = 0; n < size && cursor.advance(); n++) {
      const { timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor
      half.append(timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, cursor.headers())
    }
    return half
  })
}
