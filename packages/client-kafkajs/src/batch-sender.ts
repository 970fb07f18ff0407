import {
  isMillraceError,
  millraceError,
  recordRefusedError,
  SendingPermission,
  type Clock,
  type CompressionCodec,
  type MillraceError,
  type SendPermit,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { ProducerBatch, RecordMetadata } from 'kafkajs'
import { kafkajsCodec } from './compression.ts'
import { withDeadline } from './deadline.ts'
import { PendingBatch } from './pending-batch.ts'
import { isProducerFenced, protocolErrorType, rootError, translateError } from './translate-error.ts'

export interface BatchSenderOptions {
  readonly brokers: string
  readonly clock: Clock
  readonly compression: CompressionCodec
  readonly maxBatchBytes: number
  readonly transactionalId: string | undefined
  /** Topics that have refused something lately, of all producers of a client: their batches are sent one at a time. */
  readonly suspects: Set<string>
  readonly requestTimeoutMs: number
  readonly permit: SendPermit | undefined
  /** Sends through the producer or through its open transaction. */
  readonly send: (batch: ProducerBatch) => Promise<RecordMetadata[]>
}

/** Appending stops above this many bytes that the brokers have not acknowledged. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024
/** The most bytes of one request, over all partitions. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024
/** How long a request without a transaction is tried again while no broker takes it; longer than a broker takes to restart. */
const DELIVERY_MS = 60_000
const RETRY_MS = 200
/** One call of kafkajs may take as long as this many requests: the first one without an answer, and half of another. */
const CALL_REQUESTS = 1.5

/**
 * Collects records by partition and sends full batches behind the appender's back, one request at a time: kafkajs counts
 * sequence numbers when it sends, so a request that fails must not have another one under way beside it.
 */
export class BatchSender {
  readonly #options: BatchSenderOptions
  readonly #open = new Map<string, (PendingBatch | undefined)[]>()
  #full: PendingBatch[] = []
  #pendingBytes = 0
  #sending: Promise<void> | undefined
  #roomWaiters: (() => void)[] = []
  #closed = false
  readonly #permission: SendingPermission
  /** The end of what was written to each partition since the last flush. */
  #written = new Map<string, TopicPartitionOffset>()
  failure: MillraceError | undefined

  constructor(options: BatchSenderOptions) {
    this.#options = options
    this.#permission = new SendingPermission(options.permit, options.clock)
  }

  /** The open batch of a partition; a full one is on its way and another takes its place. */
  batchFor(topic: string, partition: number, bytes: number, maxBatchBytes = this.#options.maxBatchBytes): PendingBatch {
    const ofTopic = this.#open.get(topic) ?? []
    if (ofTopic.length === 0) this.#open.set(topic, ofTopic)
    let batch = ofTopic[partition]
    if (batch === undefined || !batch.hasRoom(bytes, maxBatchBytes)) {
      if (batch !== undefined) this.#full.push(batch)
      batch = new PendingBatch(topic, partition)
      ofTopic[partition] = batch
      if (this.#full.length > 0) this.#start()
    }
    this.#pendingBytes += bytes
    return batch
  }

  /** Undefined while there is room; then a promise for room, or for the failure that ends all waiting. */
  pending(): Promise<void> | undefined {
    if (this.#pendingBytes <= MAX_PENDING_BYTES || this.failure !== undefined) return undefined
    this.#seal()
    this.#start()
    return new Promise(resolve => this.#roomWaiters.push(resolve))
  }

  /**
   * Sends all and gives the end of each partition written since the last flush.
   *
   * @throws the failure of any batch so far
   */
  async flush(): Promise<readonly TopicPartitionOffset[]> {
    this.#seal()
    this.#start()
    await this.#sending
    if (this.failure !== undefined) throw this.failure
    const written = [...this.#written.values()]
    this.#written.clear()
    return written
  }

  /** Whether the last answer that it may send is not too old. */
  get isPermitted(): boolean {
    return this.#permission.isFresh
  }

  /** Drops what was not sent, waits for what is under way, and starts afresh. */
  async drop(): Promise<void> {
    this.#full = []
    this.#open.clear()
    await this.#sending
    this.#pendingBytes = 0
    this.#written.clear()
    this.failure = undefined
    this.#makeRoom()
  }

  close(): void {
    this.#closed = true
    this.#full = []
    this.#open.clear()
  }

  #seal(): void {
    for (const batches of this.#open.values()) {
      for (const batch of batches) if (batch !== undefined) this.#full.push(batch)
    }
    this.#open.clear()
  }

  #start(): void {
    if (this.#sending !== undefined || this.#full.length === 0) return
    this.#sending = this.#sendAll().finally(() => {
      this.#sending = undefined
    })
  }

  async #sendAll(): Promise<void> {
    while (this.#full.length > 0 && this.failure === undefined) {
      const request = this.#nextRequest()
      this.failure = await this.#deliver(request)
      if (this.failure !== undefined) this.#full = []
      for (const batch of request) this.#pendingBytes -= batch.byteLength
      this.#makeRoom()
    }
  }

  /**
   * Sends until all is acknowledged or there is no hope. kafkajs gives up a few seconds after the last broker went. What
   * it takes back it numbers as before, so that a broker knows a batch that it has; but of a call that fails it does not
   * tell which brokers have taken their share, and that would be numbered again and be doubled: so a transaction is given
   * up instead.
   */
  async #deliver(request: readonly PendingBatch[]): Promise<MillraceError | undefined> {
    const { clock, transactionalId, suspects } = this.#options
    const until = clock.monotonic() + DELIVERY_MS
    let missing = request
    while (missing.length > 0) {
      try {
        while (!this.isPermitted) await this.#permission.ask()
        missing = await this.#sendOnce(missing)
      } catch (error) {
        if (rootError(error) instanceof PermitTooOld) continue
        if (isRefusal(error)) {
          for (const { topic } of missing) suspects.add(topic)
          return await this.#deliverApart(missing, error)
        }
        const failure = this.#failureOf(error, missing[0])
        // kafkajs goes on with a call that has taken too long, and another one must not be under way beside it.
        const tooLong = isMillraceError(error) && error.code === 'MILLRACE_CLIENT_TIMEOUT'
        const hopeless = failure.kind !== 'retriable' || transactionalId !== undefined || tooLong || isOutOfStep(error)
        if (hopeless || this.#closed || clock.monotonic() >= until) return failure
        await clock.sleep(RETRY_MS)
      }
    }
    return undefined
  }

  /**
   * What a broker does not take as a whole: first each batch by itself, since the request may be refused for one of them, then in
   * halves, down to the one record that is refused. Of what a broker has taken already it knows that it is a copy.
   */
  async #deliverApart(refused: readonly PendingBatch[], error: unknown): Promise<MillraceError | undefined> {
    const [batch] = refused
    if (refused.length === 1 && batch!.messages.length === 1) {
      const { topic, partition, origins } = batch!
      return recordRefusedError({ topic, partition, origin: origins[0] }, rootError(error).message, { cause: error })
    }
    for (const part of refused.length === 1 ? batch!.halves() : refused) {
      const failure = await this.#deliver([part])
      if (failure !== undefined) return failure
    }
    return undefined
  }

  /**
   * The oldest full batch of each partition; in a transaction of one partition only. A retry of kafkajs is clean only where no other broker has
   * a share: it begins while another broker's answer is on its way, waits for that, and then sends this share again, under the next sequence
   * numbers.
   */
  #nextRequest(): PendingBatch[] {
    const request: PendingBatch[] = []
    const rest: PendingBatch[] = []
    const taken = new Set<string>()
    let bytes = 0
    const { suspects, transactionalId } = this.#options
    const single = transactionalId !== undefined
    for (const batch of this.#full) {
      const key = `${batch.topic}/${batch.partition}`
      const alone = single || suspects.has(batch.topic) || (request[0] !== undefined && suspects.has(request[0].topic))
      const fits = request.length === 0 || (!alone && bytes + batch.byteLength <= MAX_REQUEST_BYTES)
      if (fits && !taken.has(key)) {
        request.push(batch)
        bytes += batch.byteLength
      } else {
        rest.push(batch)
      }
      taken.add(key)
    }
    this.#full = rest
    return request
  }

  /**
   * One call of kafkajs, and which batches it left out: when a partition moves to a broker that has answered this call
   * already, kafkajs' retry forgets its records and reports success.
   */
  async #sendOnce(request: readonly PendingBatch[]): Promise<readonly PendingBatch[]> {
    const topicMessages = request.map(({ topic, messages }) => ({ topic, messages }))
    const { send, compression, requestTimeoutMs } = this.#options
    const { topic, partition } = request[0]!
    const batch = { acks: -1, timeout: requestTimeoutMs, compression: kafkajsCodec(compression), topicMessages }
    // kafkajs tries many times, each for as long as a request may take.
    const limitMs = CALL_REQUESTS * requestTimeoutMs
    const acknowledged = await withDeadline(send(batch), limitMs, `Producing to ${topic}-${partition}`)
    return request.filter(({ topic, partition, messages }) => {
      const answer = acknowledged.find(each => each.topicName === topic && each.partition === partition)
      if (answer === undefined) return true
      const offset = Number(answer.baseOffset ?? answer.offset) + messages.length
      this.#written.set(`${topic}/${partition}`, { topic, partition, offset })
      return false
    })
  }

  #failureOf(error: unknown, batch: PendingBatch | undefined): MillraceError {
    const { brokers, transactionalId } = this.#options
    const { topic, partition } = batch ?? { topic: 'unknown', partition: -1 }
    const operation = `Producing to ${topic}-${partition}`
    if (transactionalId === undefined && isMillraceError(error, 'fenced')) return error
    if (transactionalId !== undefined && !isProducerFenced(error)) {
      const reason = `${operation}: ${rootError(error).message}`
      return millraceError('MILLRACE_TRANSACTION_ABORTABLE', { transactionalId, reason }, { cause: error })
    }
    const context = { operation, brokers, topic, ...(transactionalId === undefined ? {} : { transactionalId }) }
    if (isOutOfStep(error))
      return millraceError('MILLRACE_CLIENT_NOT_YET', { operation, reason: rootError(error).message }, { cause: error })
    const translated = translateError(error, context)
    if (translated.code !== 'MILLRACE_CLIENT_REQUEST_FAILED') return translated
    const reason = rootError(error).message
    return millraceError('MILLRACE_PRODUCE_FAILED', { topic, partition, reason }, { cause: error })
  }

  #makeRoom(): void {
    if (this.#pendingBytes > MAX_PENDING_BYTES && this.failure === undefined) return
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const resolve of waiters) resolve()
  }
}

/** Ends a call of kafkajs whose process has stood still in the midst of it. */
export class PermitTooOld extends Error {
  /** kafkajs gives up then. */
  readonly retriable = false
  constructor() {
    super('the process has stood still: it is asked again whether it may send')
  }
}

/** What a broker says of a batch that it will never take as it is. */
const REFUSALS = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_TIMESTAMP', 'INVALID_RECORD'])

/**
 * The broker and kafkajs do not agree on what was sent: a retry of kafkajs gives records other sequence numbers. Another attempt does the same;
 * a new producer begins again.
 */
function isOutOfStep(error: unknown): boolean {
  return ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID'].includes(protocolErrorType(error) ?? '')
}

function isRefusal(error: unknown): boolean {
  return REFUSALS.has(protocolErrorType(error) ?? '')
}
