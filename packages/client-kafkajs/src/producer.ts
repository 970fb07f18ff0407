import {
  type HangingTransactions,
  checkRecordFits,
  MarkersMissing,
  millraceError,
  ProducerUse,
  PRODUCER_DEFAULTS,
  type Clock,
  type AppenderOptions,
  type CommittedOffset,
  type GroupMetadata,
  type Producer,
  type ProducerOptions,
  type TopicAppender,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { Producer as KafkajsProducer, ProducerBatch, RecordMetadata, Transaction } from 'kafkajs'
import { BatchSender, PermitTooOld } from './batch-sender.ts'
import { byTopic, ClusterLink } from './cluster-link.ts'
import { callTimeoutMs, CLOSE_MS, settledWithin, withDeadline } from './deadline.ts'
import { recordBytes } from './pending-batch.ts'
import type { OwnKafka, Surroundings } from './surroundings.ts'
import { isProducerFenced, protocolErrorType, rootError, translateError } from './translate-error.ts'

/** A broker answers so while it still writes the end of the last transaction of the same id. */
const STILL_ENDING = 'CONCURRENT_TRANSACTIONS'
const STILL_ENDING_RETRY_MS = 20
const ASK_AGAIN_MS = 200
/** How long after its last transaction a producer without another one looks whether the last one is over. */
const IDLE_LOOK_MS = 1000

interface HeldOffsets {
  readonly groupId: string
  readonly partitions: readonly TopicPartition[]
}

/** What the producers of a client have in common. */
export interface SharedByProducers {
  readonly hanging: HangingTransactions
  /** Topics that have refused something lately. */
  readonly suspects: Set<string>
}

/**
 * kafkajs' producer, idempotent or transactional. After a failure that leaves kafkajs' own count of sequence numbers or
 * its transaction state in doubt it refuses all further use, or takes a new producer id first.
 */
export class KafkajsProducerPort implements Producer {
  readonly #surroundings: Surroundings
  readonly #brokers: string
  readonly #clock: Clock
  readonly #options: ProducerOptions
  readonly #sender: BatchSender
  readonly #maxBatchBytes: number
  #live: LiveProducer | undefined
  #transaction: Promise<Transaction> | undefined
  readonly #hanging: HangingTransactions
  /** Of the transaction that is open. */
  #offsets: HeldOffsets | undefined
  /** Of the last one that was committed, until they are known to be stable. */
  #offsetsBefore: HeldOffsets | undefined
  /** Since when nothing was looked up about the last transaction, as the clock's `monotonic` counts. */
  #lookedAt = 0
  #markersMissing: MarkersMissing | undefined
  /** Why nothing more may be done with this producer. */
  readonly #use = new ProducerUse()

  constructor(surroundings: Surroundings, options: ProducerOptions, shared: SharedByProducers) {
    const { brokers, clock, requestTimeoutMs } = surroundings
    const { hanging, suspects } = shared
    this.#hanging = hanging
    this.#surroundings = surroundings
    this.#brokers = brokers
    this.#clock = clock
    this.#options = options
    this.#maxBatchBytes = options.maxBatchBytes ?? PRODUCER_DEFAULTS.maxBatchBytes
    this.#sender = new BatchSender({
      brokers,
      clock,
      compression: options.compression ?? 'none',
      maxBatchBytes: this.#maxBatchBytes,
      transactionalId: options.transactionalId,
      suspects,
      requestTimeoutMs,
      permit: options.permit,
      send: async batch => {
        if (options.transactionalId === undefined) return this.#send(batch)
        return (await this.#currentTransaction()).sendBatch(batch)
      },
    })
  }

  async init(): Promise<void> {
    this.#use.check('init')
    try {
      await this.#sender.drop()
      await this.#reconnect()
    } catch (error) {
      throw this.#translate(error, 'Initialising the producer')
    }
  }

  topic(name: string, options: AppenderOptions = {}): TopicAppender {
    const maxBatchBytes = Math.min(options.maxBatchBytes ?? Infinity, this.#maxBatchBytes)
    const { origin } = options
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
      this.#use.check('append')
      const bytes = recordBytes(name, maxBatchBytes, keyStart, keyEnd, valueStart, valueEnd, headers)
      // What follows a failure is dropped: the next flush throws, and nothing after it is committed.
      if (this.#sender.failure !== undefined) return
      const key = keyStart < 0 ? null : keyBytes.subarray(keyStart, keyEnd)
      const value = valueStart < 0 ? null : valueBytes.subarray(valueStart, valueEnd)
      const batch = this.#sender.batchFor(name, partition, bytes, maxBatchBytes)
      batch.append(bytes, timestamp, key, value, headers, origin?.())
    }
    const check: TopicAppender['check'] = (keyStart, keyEnd, valueStart, valueEnd, headers) =>
      checkRecordFits(name, maxBatchBytes, keyStart, keyEnd, valueStart, valueEnd, headers)
    return { topic: name, check, append }
  }

  pending(): Promise<void> | undefined {
    const missing = this.#use.closed ? undefined : this.#markersMissing
    if (missing !== undefined) return Promise.reject(missing.toAbortable(this.#options.transactionalId!))
    this.#lookWhenIdle()
    return this.#sender.pending()
  }

  /** The next transaction checks whether the last one is over. A producer that begins none checks it here. */
  #lookWhenIdle(): void {
    const before = this.#offsetsBefore
    const now = this.#clock.monotonic()
    if (before === undefined || this.#transaction !== undefined || now - this.#lookedAt < IDLE_LOOK_MS) return
    // For longer than it can take, so that there is one at a time.
    this.#lookedAt = now + 2 * this.#surroundings.requestTimeoutMs
    this.#untilOver(before).then(
      () => undefined,
      (error: unknown) => {
        this.#lookedAt = this.#clock.monotonic()
        if (error instanceof MarkersMissing && this.#offsetsBefore === before) this.#markersMissing = error
      },
    )
  }

  async flush(): Promise<readonly TopicPartitionOffset[]> {
    this.#use.check('flush')
    return this.#sender.flush()
  }

  begin(): void {
    this.#use.check('begin')
    this.#transactionalId('begin')
  }

  async sendOffsets(offsets: readonly CommittedOffset[], group: GroupMetadata): Promise<void> {
    this.#use.check('sendOffsets')
    const transactionalId = this.#transactionalId('sendOffsets')
    if (offsets.length === 0) return
    const topics = [...byTopic(offsets)].map(([topic, list]) => ({
      topic,
      partitions: list.map(({ partition, offset, metadata }) => ({
        partition,
        offset: String(offset),
        ...(metadata === undefined ? {} : { metadata }),
      })),
    }))
    try {
      const transaction = await this.#within(2, 'Beginning a transaction', () => this.#currentTransaction())
      const { groupId: consumerGroupId } = group
      await this.#within(2, 'Adding offsets to the transaction', () =>
        this.#whileStillEnding(() => transaction.sendOffsets({ consumerGroupId, topics })),
      )
      this.#offsets = { groupId: group.groupId, partitions: offsets }
    } catch (error) {
      if (isProducerFenced(error)) throw this.#translate(error, 'Adding offsets to the transaction')
      const reason = `Adding offsets: ${rootError(error).message}`
      throw millraceError('MILLRACE_TRANSACTION_ABORTABLE', { transactionalId, reason }, { cause: error })
    }
  }

  async commit(): Promise<void> {
    this.#use.check('commit')
    const transactionalId = this.#transactionalId('commit')
    await this.#sender.flush()
    const transaction = await this.#transaction
    if (transaction !== undefined) {
      try {
        await this.#within(2, 'Committing the transaction', () => transaction.commit())
      } catch (error) {
        throw this.#use.fail(
          isProducerFenced(error)
            ? this.#translate(error, 'Committing the transaction')
            : millraceError(
                'MILLRACE_TRANSACTION_UNKNOWN',
                { transactionalId, reason: rootError(error).message },
                { cause: error },
              ),
        )
      }
      this.#offsetsBefore = this.#offsets
      this.#lookedAt = this.#clock.monotonic()
    }
    this.#ended()
  }

  async abort(): Promise<void> {
    this.#use.check('abort')
    this.#transactionalId('abort')
    const failed = this.#sender.failure !== undefined
    await this.#sender.drop()
    const transaction = await this.#transaction?.catch(() => undefined)
    try {
      if (transaction !== undefined) {
        await this.#within(2, 'Aborting the transaction', () => transaction.abort())
      }
      this.#ended()
      // A batch whose outcome is unknown may hold the sequence numbers that kafkajs would use next, and the broker would
      // take the next batch for a copy of it. A new producer epoch counts from 0.
      if (failed) await this.#reconnect()
    } catch (error) {
      throw this.#use.fail(this.#translate(error, 'Aborting the transaction'))
    }
  }

  async close(): Promise<void> {
    if (this.#use.closed) return
    this.#use.close()
    this.#sender.close()
    await this.#disconnect()
    this.#surroundings.closed(this)
  }

  /** Also where kafkajs is in the middle of something: it would go on trying, and write what nobody wants to be written any more. */
  async #disconnect(): Promise<void> {
    const live = this.#live
    this.#live = undefined
    if (live === undefined) return
    live.ended = true
    await settledWithin(live.producer.disconnect(), CLOSE_MS)
    live.own.close()
  }

  async #connect(): Promise<void> {
    const { transactionalId, transactionTimeoutMs = PRODUCER_DEFAULTS.transactionTimeoutMs } = this.#options
    const own = this.#surroundings.ownKafka()
    own.mayProduce(() => this.#sender.isPermitted)
    const producer = own.kafka.producer({
      allowAutoTopicCreation: false,
      // With a transactional id, kafkajs would take a second producer id at connect that is never used.
      idempotent: transactionalId === undefined,
      maxInFlightRequests: 1,
      createPartitioner:
        () =>
        ({ message }) => {
          // Asked before each attempt.
          if (live.ended) throw Object.assign(new Error('the producer was closed'), { retriable: false })
          if (!this.#sender.isPermitted) throw new PermitTooOld()
          return message.partition ?? 0
        },
      retry: PRODUCER_RETRY,
      ...(transactionalId === undefined ? {} : { transactionalId, transactionTimeout: transactionTimeoutMs }),
    })
    const live: LiveProducer = { own, producer, ended: false }
    this.#live = live
    this.#markersMissing = undefined
    await this.#within(1, 'Connecting', () => producer.connect())
    if (transactionalId === undefined) return
    const reach = await this.#options.reach?.()
    const last = reach && (await this.#hanging.look(transactionalId, reach, transactionTimeoutMs))
    // kafkajs asks for the producer id, which is what fences, only when the first transaction begins.
    const begin = () => this.#within(1, 'Initialising the producer', () => producer.transaction())
    const first = await this.#whileStillEnding(begin, transactionTimeoutMs)
    await this.#within(1, 'Initialising the producer', () => first.abort())
    if (last === undefined) return
    await this.#hanging.complete(transactionalId, last, transactionTimeoutMs)
    this.#offsetsBefore = undefined
  }

  /**
   * kafkajs asks for every topic that it was ever asked to write to, and fails as a whole when one of them has been deleted since.
   * A producer that has not heard of it yet writes the others. (Within a transaction, the abort brings a new producer.)
   */
  async #send(batch: ProducerBatch): Promise<RecordMetadata[]> {
    try {
      return await this.#producer().sendBatch(batch)
    } catch (error) {
      if (protocolErrorType(error) !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error
      const missing = await this.#missing(batch)
      if (missing.length > 0)
        throw millraceError('MILLRACE_TOPIC_MISSING', { topic: missing.join(', ') }, { cause: error })
      await this.#reconnect()
      return await this.#producer().sendBatch(batch)
    }
  }

  async #missing({ topicMessages = [] }: ProducerBatch): Promise<readonly string[]> {
    const { kafka, requestTimeoutMs } = this.#surroundings
    const link = new ClusterLink(kafka, requestTimeoutMs)
    try {
      return await link.missing([...new Set(topicMessages.map(({ topic }) => topic))])
    } finally {
      await settledWithin(link.close(), CLOSE_MS)
    }
  }

  async #reconnect(): Promise<void> {
    await this.#disconnect()
    await this.#connect()
    // Closed meanwhile.
    if (this.#use.closed) await this.#disconnect()
  }

  #currentTransaction(): Promise<Transaction> {
    this.#transaction ??= this.#nextTransaction()
    return this.#transaction
  }

  /**
   * Where markers are missing of the transaction before, the end of this one would decide about its records: so nothing of this one
   * is sent.
   */
  async #nextTransaction(): Promise<Transaction> {
    if (this.#offsetsBefore !== undefined) await this.#untilOver(this.#offsetsBefore)
    return await this.#producer().transaction()
  }

  async #untilOver(before: HeldOffsets): Promise<void> {
    const transactionalId = this.#transactionalId('begin')
    const until = this.#clock.monotonic() + this.#surroundings.requestTimeoutMs
    const giveUp = () => {
      if (this.#clock.monotonic() >= until) throw stillEnding(transactionalId)
      return this.#use.closed
    }
    const { groupId, partitions } = before
    const stable = await this.#patiently(() => this.#hanging.untilStable(transactionalId, groupId, partitions, giveUp))
    if (!stable) throw new MarkersMissing()
    if (this.#offsetsBefore === before) this.#offsetsBefore = undefined
  }

  /** As long as kafkajs itself would try to send. */
  async #patiently<T>(work: () => Promise<T>): Promise<T> {
    const until = this.#clock.monotonic() + this.#surroundings.requestTimeoutMs
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const retriable = this.#translate(error, 'Asking for offsets').kind === 'retriable'
        if (!retriable || this.#use.closed || this.#clock.monotonic() >= until) throw error
        await this.#clock.sleep(ASK_AGAIN_MS)
      }
    }
  }

  #ended(): void {
    this.#transaction = undefined
    this.#offsets = undefined
  }

  /** Tries until the broker is done with the transaction before. */
  async #whileStillEnding<T>(work: () => Promise<T>, timeoutMs = this.#surroundings.requestTimeoutMs): Promise<T> {
    const until = this.#clock.monotonic() + timeoutMs
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (protocolErrorType(error) !== STILL_ENDING || this.#clock.monotonic() >= until || this.#use.closed)
          throw error
        await this.#clock.sleep(STILL_ENDING_RETRY_MS)
      }
    }
  }

  #producer(): KafkajsProducer {
    if (this.#live === undefined) throw new Error('init() was not called')
    return this.#live.producer
  }

  /** What kafkajs does of `requests` requests. @throws MILLRACE_CLIENT_TIMEOUT */
  #within<T>(requests: number, operation: string, work: () => Promise<T>): Promise<T> {
    return withDeadline(work(), requests * callTimeoutMs(this.#surroundings.requestTimeoutMs), operation)
  }

  #transactionalId(feature: string): string {
    const { transactionalId } = this.#options
    if (transactionalId !== undefined) return transactionalId
    throw millraceError('MILLRACE_CLIENT_UNSUPPORTED', {
      client: 'kafkajs',
      feature: `${feature}() without a transactionalId`,
    })
  }

  #translate(error: unknown, operation: string) {
    const { transactionalId } = this.#options
    return translateError(error, {
      operation,
      brokers: this.#brokers,
      ...(transactionalId === undefined ? {} : { transactionalId }),
    })
  }
}

/** kafkajs' producer of one identity. */
interface LiveProducer {
  readonly producer: KafkajsProducer
  readonly own: OwnKafka
  ended: boolean
}

function stillEnding(transactionalId: string) {
  const operation = `Beginning a transaction of "${transactionalId}"`
  return millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason: 'the transaction before it is still ending' })
}

/**
 * About twenty seconds: then the failure surfaces, and the owner of the producer starts again from the last commit. It has to be less than
 * a call may take, see `batch-sender.ts`.
 */
const PRODUCER_RETRY = { initialRetryTime: 50, maxRetryTime: 2_000, multiplier: 2, factor: 0.2, retries: 15 }
