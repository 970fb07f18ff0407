import {
  isMillraceError,
  millraceError,
  type CommittedOffset,
  type GroupMetadata,
  type Producer,
  type ProducerOptions,
  type RecordBatchBuilder,
  type TopicAppender,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { PartitionLog } from '../log/partition-log.ts'
import type { ProducerIdentity } from '../transactions/transaction-coordinator.ts'
import { closedError, disconnectedError, request, type Connection } from './connection.ts'
import { fencedError } from './fenced-error.ts'
import { MemoryTopicAppender, type BatchSender, type PartitionAppender } from './topic-appender.ts'

/** 1 MiB less a batch's header. */
const DEFAULT_BATCH_BYTES = 1024 * 1024 - 61

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
  #closed = false

  constructor(connection: Connection, options: ProducerOptions) {
    this.#connection = connection
    this.#options = options
  }

  init(): Promise<void> {
    return request(this.#connection, () => {
      this.#checkNotClosed('init')
      const { transactionalId, transactionTimeoutMs = 60_000 } = this.#options
      const { transactions } = this.#connection.cluster
      this.#drop()
      this.#failure = undefined
      this.#transactionOpen = false
      this.#identity =
        transactionalId === undefined
          ? transactions.newProducer()
          : transactions.init(transactionalId, transactionTimeoutMs)
    })
  }

  topic(name: string): TopicAppender {
    const appender = this.#appenders.get(name) ?? new MemoryTopicAppender(name, this, this.#batchBytes)
    this.#appenders.set(name, appender)
    return appender
  }

  /** The log takes everything at once: there is nothing to wait for. */
  pending(): undefined {
    return undefined
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
    return request(this.#connection, () => {
      const id = this.#checkTransaction('sendOffsets')
      const { cluster, capabilities } = this.#connection
      this.#orFail(() => cluster.transactions.addGroup(id, this.#identity!, metadata.groupId))
      this.#coordinatorKnows = true
      const withMetadata = capabilities.transactions === 'group-metadata'
      const caller = {
        memberId: withMetadata ? metadata.memberId : '',
        generation: withMetadata ? metadata.generationId : -1,
        groupInstanceId: metadata.groupInstanceId,
      }
      const group = cluster.groups.group(metadata.groupId)
      const refusal = group.commitInTransaction(this.#identity!.producerId, caller, offsets)
      if (refusal !== undefined) throw fencedError(metadata, refusal)
    })
  }

  commit(): Promise<void> {
    return request(this.#connection, () => {
      this.#checkTransaction('commit')
      this.#flush()
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

  send(appender: PartitionAppender, builder: RecordBatchBuilder): void {
    if (this.#failure !== undefined || this.#connection.crashed) return
    const { transactionalId } = this.#options
    try {
      if (this.#connection.disconnected) throw disconnectedError()
      const log = this.#logOf(appender)
      const identity = this.#identity!
      if (transactionalId !== undefined && appender.transaction !== this.#transaction) {
        this.#connection.cluster.transactions.addPartition(transactionalId, identity, appender)
        appender.transaction = this.#transaction
        this.#coordinatorKnows = true
      }
      const batch = builder.finish({
        ...identity,
        baseSequence: appender.sequenceOf(identity),
        transactional: transactionalId !== undefined,
        crc: this.#connection.cluster.crc,
      })
      const copied = isWorthACopy(batch)
      appender.end = log.append(copied ? Buffer.from(batch) : batch, transactionalId)
      appender.nextSequence += builder.count
      if (copied) appender.reuse(builder)
    } catch (error) {
      this.#failure = error
    }
  }

  #logOf(appender: PartitionAppender): PartitionLog {
    if (appender.log?.deleted !== false) {
      appender.log = this.#connection.cluster.log(appender)
      appender.nextSequence = 0
    }
    return appender.log
  }

  #flush(): readonly TopicPartitionOffset[] {
    for (const appender of this.#written) appender.send()
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
  }

  #drop(): void {
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
    return this.#options.maxBatchBytes ?? DEFAULT_BATCH_BYTES
  }
}

/** Up to here a copy costs less than a new buffer for the next batch. */
const COPIED_BYTES = 4096

/** Whether the log should get a copy, so that it does not hold a large buffer for a small batch. */
function isWorthACopy(batch: Buffer): boolean {
  return batch.length <= COPIED_BYTES || batch.length * 2 < batch.buffer.byteLength
}
