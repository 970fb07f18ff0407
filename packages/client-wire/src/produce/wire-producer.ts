import {
  BATCH_HEADER_BYTES,
  checkRecordFits,
  millraceError,
  ProducerUse,
  PRODUCER_DEFAULTS,
  recordBatchBytesOfOne,
  type AppenderOptions,
  type Clock,
  type CommittedOffset,
  type GroupMetadata,
  type HangingTransactions,
  type Producer,
  type ProducerOptions,
  type TopicAppender,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { Cluster, Purpose } from '../cluster/cluster.ts'
import { checkCode, isKafkaError } from '../cluster/kafka-error.ts'
import { initProducerIdApi } from '../protocol/messages/init-producer-id.ts'
import { produceApi } from '../protocol/messages/produce.ts'
import { type ErrorContext, isProducerFenced, translateError } from '../translate-error.ts'
import { BatchSender, type ProducerIdentity } from './batch-sender.ts'
import { PartitionQueue } from './partition-queue.ts'
import { Transaction } from './transaction.ts'

/** More than a record takes besides key, value and headers. */
const RECORD_OVERHEAD_BYTES = 128
/** The most that the distances of time and offset from the first record take beyond a byte each. */
const DELTA_BYTES = 16
/** Another transaction would fail as this one. */
const FOR_GOOD: ReadonlySet<string> = new Set(['MILLRACE_GROUP_FENCED', 'MILLRACE_CLIENT_NOT_AUTHORIZED'])
/** A producer without transactions has none that could be over. */
const NO_TIMEOUT_MS = 0x7fff_ffff

export interface WireProducerContext {
  readonly hanging: HangingTransactions
  readonly cluster: Cluster
  readonly clock: Clock
  readonly brokers: string
  readonly purpose: Purpose
  readonly closed: (part: object) => void
}

/** Idempotent always, transactional with a `transactionalId`: `BatchSender` for the records, `Transaction` for the rest. */
export class WireProducer implements Producer {
  readonly #context: WireProducerContext
  readonly #options: ProducerOptions
  readonly #maxBatchBytes: number
  readonly #sender: BatchSender
  readonly #transaction: Transaction | undefined
  #identity: ProducerIdentity = { producerId: -1, producerEpoch: -1 }
  /** Why nothing more may be done with this producer. */
  readonly #use = new ProducerUse()

  constructor(context: WireProducerContext, options: ProducerOptions) {
    const { cluster, clock, hanging } = context
    const { transactionalId, transactionTimeoutMs: timeoutMs = PRODUCER_DEFAULTS.transactionTimeoutMs } = options
    this.#context = context
    this.#options = options
    this.#maxBatchBytes = options.maxBatchBytes ?? PRODUCER_DEFAULTS.maxBatchBytes
    const transaction =
      transactionalId === undefined
        ? undefined
        : new Transaction({ cluster, clock, hanging, transactionalId, timeoutMs })
    this.#transaction = transaction
    this.#sender = new BatchSender({
      ...context,
      compression: options.compression ?? 'none',
      maxBatchBytes: this.#maxBatchBytes,
      transactionalId,
      identity: () => transaction?.identity ?? this.#identity,
      maxVersion: () => transaction?.maxProduceVersion ?? produceApi.maxVersion,
      admit: partitions => transaction?.admit(partitions),
      permit: options.permit,
    })
  }

  async init(): Promise<void> {
    this.#use.check('init')
    try {
      if (this.#transaction === undefined) this.#identity = await this.#newIdentity()
      else await this.#transaction.begin(await this.#options.reach?.())
    } catch (error) {
      throw this.#translate(error, 'Initialising the producer')
    }
  }

  topic(name: string, options: AppenderOptions = {}): TopicAppender {
    const sender = this.#sender
    const limit = Math.min(options.maxBatchBytes ?? Infinity, this.#maxBatchBytes)
    const isLess = limit < this.#maxBatchBytes
    const { origin } = options
    const queues = sender.queuesOf(name)
    const append: TopicAppender['append'] = (
      partition,
      timestamp,
      keyBytes,
      keyStart,
      keyEnd,
      valueBytes,
      valueStart,
      valueEnd,
      headers,
    ) => {
      if (!this.#use.possible) this.#use.check('append')
      if (headers.length > 0 || keyEnd - keyStart + valueEnd - valueStart > limit - RECORD_OVERHEAD_BYTES) {
        checkRecordFits(name, limit, keyStart, keyEnd, valueStart, valueEnd, headers)
      }
      // What follows a failure is dropped: the next flush throws, and nothing after it is committed.
      if (sender.failure !== undefined) return
      let room = limit
      if (isLess) {
        const alone = recordBatchBytesOfOne(keyStart, keyEnd, valueStart, valueEnd, headers)
        room = limit - (alone - BATCH_HEADER_BYTES + DELTA_BYTES)
      }
      const queue = (queues[partition] ??= new PartitionQueue(name, partition))
      sender.append(
        queue,
        room,
        origin,
        timestamp,
        keyBytes,
        keyStart,
        keyEnd,
        valueBytes,
        valueStart,
        valueEnd,
        headers,
      )
    }
    const check: TopicAppender['check'] = (keyStart, keyEnd, valueStart, valueEnd, headers) =>
      checkRecordFits(name, limit, keyStart, keyEnd, valueStart, valueEnd, headers)
    return { topic: name, check, append }
  }

  pending(): Promise<void> | undefined {
    const missing = this.#use.closed ? undefined : this.#transaction?.markersMissing
    if (missing === undefined) return this.#sender.pending()
    return Promise.reject(missing.toAbortable(this.#options.transactionalId!))
  }

  async flush(): Promise<readonly TopicPartitionOffset[]> {
    this.#use.check('flush')
    return this.#sender.flush()
  }

  begin(): void {
    this.#use.check('begin')
    this.#transactional('begin')
  }

  async sendOffsets(offsets: readonly CommittedOffset[], group: GroupMetadata): Promise<void> {
    this.#use.check('sendOffsets')
    const [transaction, transactionalId] = this.#transactional('sendOffsets')
    if (offsets.length === 0) return
    try {
      await transaction.addOffsets(offsets, group)
    } catch (error) {
      const topics = [...new Set(offsets.map(({ topic }) => topic))].join(', ')
      const context = { groupId: group.groupId, topics, right: 'Read' }
      const translated = this.#translate(error, 'Adding offsets to the transaction', context)
      if (isProducerFenced(error) || FOR_GOOD.has(translated.code)) throw translated
      const reason = `Adding offsets: ${error instanceof Error ? error.message : String(error)}`
      throw millraceError('MILLRACE_TRANSACTION_ABORTABLE', { transactionalId, reason }, { cause: error })
    }
  }

  async commit(): Promise<void> {
    this.#use.check('commit')
    const [transaction, transactionalId] = this.#transactional('commit')
    await this.#sender.flush()
    try {
      await transaction.end(true)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (isKafkaError(error, 'TRANSACTION_ABORTABLE')) {
        throw millraceError('MILLRACE_TRANSACTION_ABORTABLE', { transactionalId, reason }, { cause: error })
      }
      throw this.#use.fail(
        isProducerFenced(error)
          ? this.#translate(error, 'Committing the transaction')
          : millraceError('MILLRACE_TRANSACTION_UNKNOWN', { transactionalId, reason }, { cause: error }),
      )
    }
    if (transaction.isV2 || transaction.raisesEpoch) this.#sender.resetSequences()
  }

  async abort(): Promise<void> {
    this.#use.check('abort')
    const [transaction] = this.#transactional('abort')
    const inDoubt = await this.#sender.drop()
    try {
      await transaction.end(false)
      // A batch of which nobody knows whether it arrived may have the sequence numbers that would come next, and the broker would
      // take the next batch for a copy of it. A new epoch counts from 0; by the newer rules there is one anyway.
      const raise = (inDoubt && !transaction.isV2) || transaction.raisesEpoch
      if (raise) await transaction.raiseEpoch()
      if (raise || transaction.isV2) this.#sender.resetSequences()
    } catch (error) {
      throw this.#use.fail(this.#translate(error, 'Aborting the transaction'))
    }
  }

  async close(): Promise<void> {
    if (this.#use.closed) return
    this.#use.close()
    this.#transaction?.close()
    this.#sender.close()
    this.#context.closed(this)
  }

  async #newIdentity(): Promise<ProducerIdentity> {
    const { cluster } = this.#context
    return cluster.retrying(async () => {
      const request = { transactionalId: null, transactionTimeoutMs: NO_TIMEOUT_MS }
      const { errorCode, producerId, producerEpoch } = await cluster.any(initProducerIdApi, request)
      checkCode(errorCode)
      return { producerId, producerEpoch }
    })
  }

  #transactional(feature: string): readonly [Transaction, string] {
    const { transactionalId } = this.#options
    if (this.#transaction !== undefined && transactionalId !== undefined) return [this.#transaction, transactionalId]
    throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', {
      client: 'kafka',
      feature: `${feature}() without a transactionalId`,
    })
  }

  #translate(error: unknown, operation: string, context: Partial<ErrorContext> = {}) {
    const { brokers, cluster } = this.#context
    const { transactionalId } = this.#options
    const { requestTimeoutMs, principal } = cluster
    return translateError(error, {
      ...context,
      operation,
      principal,
      brokers,
      requestTimeoutMs,
      ...(transactionalId !== undefined && { transactionalId }),
    })
  }
}
