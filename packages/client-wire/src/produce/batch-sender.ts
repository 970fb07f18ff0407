import { compress } from '@millrace/compression'
import {
  isMillraceError,
  millraceError,
  RecordBatchBuilder,
  recordRefusedError,
  SendingPermission,
  type BatchCompression,
  type Clock,
  type CompressionCodec,
  type Headers,
  type MillraceError,
  type SendPermit,
  type TopicPartitionOffset,
} from '@millrace/core'
import { byTopic } from '../cluster/by-topic.ts'
import type { Cluster, Purpose } from '../cluster/cluster.ts'
import type { Connection } from '../net/connection.ts'
import { KafkaError, type KafkaErrorName } from '../cluster/kafka-error.ts'
import { KAFKA_ERRORS } from '../protocol/error-codes.ts'
import { produceApi, type ProduceResponse } from '../protocol/messages/produce.ts'
import { type Batch, type PartitionQueue, splitBatch } from './partition-queue.ts'
import { ProduceConnections } from './produce-connections.ts'
import { mayTryAgain, produceFailure, refusesRecords, retryDelayMs } from './produce-failure.ts'
import { batchAnswers, produceRequest } from './produce-request.ts'

/** Who the broker takes this producer for. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

export interface BatchSenderOptions {
  readonly cluster: Cluster
  readonly clock: Clock
  /** For error messages. */
  readonly brokers: string
  /** Of its connections, which nobody else has. */
  readonly purpose: Purpose
  readonly compression: CompressionCodec
  readonly maxBatchBytes: number
  readonly transactionalId: string | undefined
  readonly identity: () => ProducerIdentity
  /** The version of Produce that the transaction's rules allow at most. */
  readonly maxVersion: () => number
  /**
   * Makes partitions part of the transaction. Undefined when they are; else they are asked for again after the promise.
   * What it rejects with fails the transaction.
   */
  readonly admit: (partitions: readonly PartitionQueue[]) => Promise<void> | undefined
  readonly permit: SendPermit | undefined
}

/** Appending stops above this many bytes that the brokers have not acknowledged. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024
/** The most bytes of one request, over all partitions; a single batch may be larger. */
const MAX_REQUEST_BYTES = 4 * 1024 * 1024
/** How long a batch that does not fill up waits for more records, in milliseconds. As the `linger.ms` of Kafka's own producer. */
const LINGER_MS = 5
/** The wait after a search for leaders that has failed. */
const LEADER_RETRY_MS = 20
/** The wait where the group cannot say yet whether it still counts this member. */
const PERMIT_RETRY_MS = 50
/** Builders that are used again, so that a batch costs no allocation. */
const MAX_SPARE_BUILDERS = 64

/**
 * Collects records by partition and sends full batches behind the appender's back, up to five requests at a time to each
 * broker. A batch keeps its sequence numbers over all attempts, so that a broker writes it once. A partition begins with one batch at a
 * time, and after a failure goes on so, in order.
 */
export class BatchSender {
  readonly #options: BatchSenderOptions
  readonly #queues = new Map<string, (PartitionQueue | undefined)[]>()
  readonly #active = new Set<PartitionQueue>()
  readonly #connections: ProduceConnections
  readonly #spare: RecordBatchBuilder[] = []
  readonly #compression: BatchCompression | undefined
  #written = new Map<PartitionQueue, TopicPartitionOffset>()
  #pendingBytes = 0
  #roomWaiters: (() => void)[] = []
  #idleWaiters: (() => void)[] = []
  #admitting = false
  #findingLeaders = false
  readonly #permission: SendingPermission
  #askingPermit = false
  #timer: NodeJS.Timeout | undefined
  #lingering: NodeJS.Timeout | undefined
  #closed = false
  failure: MillraceError | undefined

  constructor(options: BatchSenderOptions) {
    this.#options = options
    this.#permission = new SendingPermission(options.permit, options.clock)
    this.#connections = new ProduceConnections(options.cluster, options.purpose)
    const { compression: codec } = options
    if (codec !== 'none') this.#compression = { codec, compress: records => compress(codec, records) }
  }

  /** By partition. The list grows with the partitions that are written to. */
  queuesOf(topic: string): (PartitionQueue | undefined)[] {
    let ofTopic = this.#queues.get(topic)
    if (ofTopic === undefined) this.#queues.set(topic, (ofTopic = []))
    return ofTopic
  }

  /**
   * @param limit the most bytes of a batch that holds another record already
   * @param origin what the record is made of
   */
  append(
    queue: PartitionQueue,
    limit: number,
    origin: (() => unknown) | undefined,
    timestamp: number,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
    headers: Headers,
  ): void {
    let batch = queue.open ?? this.#openBatch(queue)
    const before = batch.builder.byteLength
    const hasRoom = before <= limit || batch.builder.count === 0
    const fits =
      hasRoom && batch.builder.append(timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers)
    if (!fits) {
      queue.seal()
      batch = this.#openBatch(queue)
      batch.builder.append(timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers)
    }
    this.#pendingBytes += fits ? batch.builder.byteLength - before : batch.builder.byteLength
    if (origin !== undefined) (batch.origins ??= [])[batch.builder.count - 1] = origin()
    if (!fits) this.#drain()
  }

  /** Undefined while there is room; then a promise for room, or for the failure that ends all waiting. */
  pending(): Promise<void> | undefined {
    if (this.#pendingBytes <= MAX_PENDING_BYTES || this.failure !== undefined) return undefined
    this.#sealAll()
    this.#drain()
    return new Promise(resolve => this.#roomWaiters.push(resolve))
  }

  /**
   * Sends all and gives the end of each partition written since the last flush.
   *
   * @throws the failure of any batch so far
   */
  async flush(): Promise<readonly TopicPartitionOffset[]> {
    this.#sealAll()
    this.#drain()
    while (this.failure === undefined && !this.#closed && !this.#isFlushed()) {
      await new Promise<void>(resolve => this.#idleWaiters.push(resolve))
    }
    if (this.failure !== undefined) throw this.failure
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation: 'flush', object: 'producer' })
    const written = [...this.#written.values()]
    this.#written = new Map()
    return written
  }

  /**
   * Drops what was not sent and waits for what was. True when sequence numbers were given to batches of which nobody knows
   * whether they arrived: then the producer needs another epoch.
   */
  async drop(): Promise<boolean> {
    let inDoubt = this.failure !== undefined
    this.failure ??= millraceError('MILLRACE_CLIENT_CLOSED', { operation: 'Producing', object: 'transaction' })
    for (const queue of this.#active) {
      if (queue.sealed.some(({ baseSequence }) => baseSequence !== undefined)) inDoubt = true
      queue.open = undefined
      queue.sealed = []
    }
    while ([...this.#active].some(({ inFlight }) => inFlight.length > 0)) {
      await new Promise<void>(resolve => this.#idleWaiters.push(resolve))
      for (const queue of this.#active) {
        if (queue.sealed.length > 0) inDoubt = true
        queue.sealed = []
      }
    }
    for (const queue of this.#active) queue.recovering = false
    this.#active.clear()
    this.#pendingBytes = 0
    this.#written = new Map()
    this.failure = undefined
    this.#makeRoom()
    return inDoubt
  }

  /** With another identity, sequence numbers begin again. Nothing may be under way. */
  resetSequences(): void {
    for (const ofTopic of this.#queues.values())
      for (const queue of ofTopic) if (queue !== undefined) queue.nextSequence = 0
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    clearTimeout(this.#lingering)
    this.#active.clear()
    this.#connections.close()
    this.#wakeAll()
  }

  fail(error: MillraceError): void {
    this.failure ??= error
    this.#makeRoom()
    this.#wakeAll()
  }

  #openBatch(queue: PartitionQueue): Batch {
    const builder = this.#spare.pop() ?? new RecordBatchBuilder({ maxBytes: this.#options.maxBatchBytes })
    const batch: Batch = {
      queue,
      builder,
      baseSequence: undefined,
      bytes: undefined,
      firstSentAt: undefined,
      origins: undefined,
    }
    queue.open = batch
    this.#active.add(queue)
    this.#linger()
    return batch
  }

  #sealAll(): void {
    for (const queue of this.#active) queue.seal()
  }

  /**
   * Sends what has not filled a batch, so that nobody waits for a commit to see it. While a partition waits for an answer its batch goes
   * on growing: a busy producer sends full batches.
   */
  #linger(): void {
    if (this.#lingering !== undefined || this.#closed) return
    this.#lingering = setTimeout(() => {
      this.#lingering = undefined
      let waits = false
      for (const queue of this.#active) {
        if (queue.open === undefined) continue
        if (queue.inFlight.length > 0 || queue.sealed.length > 0) waits = true
        else queue.seal()
      }
      this.#drain()
      if (waits) this.#linger()
    }, LINGER_MS)
  }

  /** Sends whatever may be sent now. */
  #drain(): void {
    if (this.#closed || this.failure !== undefined) return
    const { cluster, clock } = this.#options
    const { producerId } = this.#options.identity()
    const now = clock.monotonic()
    const byNode = new Map<number, PartitionQueue[]>()
    const lost: PartitionQueue[] = []
    let nextTry = Number.POSITIVE_INFINITY
    for (const queue of this.#active) {
      if (queue.sealed.length === 0 || queue.mustWait(producerId)) continue
      if (queue.notBefore > now) nextTry = Math.min(nextTry, queue.notBefore)
      else {
        const leader = queue.stale ? undefined : cluster.metadata.leader(queue.topic, queue.partition)?.leader
        if (leader === undefined || !cluster.metadata.brokers.has(leader)) lost.push(queue)
        else if (this.#connections.hasRoom(leader)) byNode.set(leader, [...(byNode.get(leader) ?? []), queue])
      }
    }
    if (lost.length > 0 && !this.#findingLeaders) void this.#findLeaders(lost)
    if (nextTry !== Number.POSITIVE_INFINITY) this.#drainIn(nextTry - now)
    const ready = [...byNode.values()].flat()
    if (ready.length === 0 || this.#admitting) return
    const admission = this.#options.admit(ready)
    if (admission !== undefined) return void this.#awaitAdmission(admission)
    if (!this.#permission.isFresh) return void this.#askPermit()
    for (const [node, queues] of byNode) this.#sendTo(node, queues)
  }

  async #awaitAdmission(admission: Promise<void>): Promise<void> {
    this.#admitting = true
    try {
      await admission
    } catch (error) {
      this.fail(produceFailure(error, undefined, this.#options))
    } finally {
      this.#admitting = false
    }
    this.#drain()
  }

  /** Asks whether it may send, and then sends. */
  async #askPermit(): Promise<void> {
    if (this.#askingPermit) return
    this.#askingPermit = true
    try {
      await this.#permission.ask()
    } catch (error) {
      if (isMillraceError(error) && error.code === 'MILLRACE_GROUP_REBALANCING') return this.#drainIn(PERMIT_RETRY_MS)
      this.fail(isMillraceError(error) ? error : produceFailure(error, undefined, this.#options))
    } finally {
      this.#askingPermit = false
    }
    this.#drain()
  }

  #drainIn(ms: number): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#drain()
    }, ms)
  }

  /** As many requests as may be in flight, each with one batch of a partition. */
  #sendTo(node: number, queues: readonly PartitionQueue[]): void {
    const connection = this.#connections.to(node)
    // A batch that waited for a connection here might be overtaken by the next one.
    if (connection === undefined) {
      if (!this.#connections.isConnecting(node)) void this.#connect(node, queues)
      return
    }
    if (connection.mutedMs > 0) return this.#drainIn(connection.mutedMs)
    const { producerId } = this.#options.identity()
    while (this.#connections.hasRoom(node)) {
      const request: Batch[] = []
      let bytes = 0
      for (const queue of queues) {
        const [batch] = queue.sealed
        if (batch === undefined || queue.mustWait(producerId)) continue
        const length = batch.builder.byteLength
        if (request.length > 0 && bytes + length > MAX_REQUEST_BYTES) continue
        bytes += length
        queue.sealed.shift()
        queue.inFlight.push(batch)
        request.push(batch)
      }
      if (request.length === 0) return
      void this.#send(node, connection, request)
    }
  }

  async #connect(node: number, queues: readonly PartitionQueue[]): Promise<void> {
    try {
      await this.#connections.connect(node)
    } catch (error) {
      for (const queue of queues) this.#unled(queue, error)
    }
    this.#drain()
  }

  async #send(node: number, connection: Connection, request: readonly Batch[]): Promise<void> {
    const { cluster, transactionalId, maxVersion } = this.#options
    this.#connections.sent(node)
    try {
      for (const batch of request) this.#finish(batch)
      const version = connection.versionOf(produceApi, maxVersion())
      const body = produceRequest(request, transactionalId, cluster.requestTimeoutMs)
      const timeoutMs = cluster.requestTimeoutMs + 5_000
      const answer = await connection.send(produceApi, body, { version, timeoutMs })
      this.#answered(request, answer)
    } catch (error) {
      for (const batch of request) this.#refused(batch, error)
    } finally {
      this.#connections.answered(node)
    }
    this.#settle()
  }

  /** Gives a batch its sequence numbers and its bytes, once. */
  #finish(batch: Batch): void {
    if (batch.bytes !== undefined) return
    const { queue, builder } = batch
    const { producerId, producerEpoch } = this.#options.identity()
    batch.baseSequence ??= queue.takeSequence(builder.count)
    batch.firstSentAt ??= this.#options.clock.monotonic()
    batch.bytes = builder.finish({
      producerId,
      producerEpoch,
      baseSequence: batch.baseSequence,
      transactional: this.#options.transactionalId !== undefined,
      ...(this.#compression && { compression: this.#compression }),
    })
  }

  #answered(request: readonly Batch[], response: ProduceResponse): void {
    for (const each of batchAnswers(request, response)) {
      const { batch } = each
      if ('baseOffset' in each) this.#acknowledged(batch, each.baseOffset)
      else {
        const { topic, partition } = batch.queue
        const leader = each.answer?.currentLeader
        const learned =
          leader !== undefined && this.#options.cluster.learnLeader(topic, partition, leader, response.nodeEndpoints)
        this.#refused(batch, each.error, learned, each.refusedIndex)
      }
    }
  }

  #acknowledged(batch: Batch, baseOffset: number): void {
    const { queue, builder } = batch
    queue.acknowledged(batch, this.#options.identity().producerId)
    this.#pendingBytes -= builder.byteLength
    if (baseOffset >= 0) {
      const { topic, partition } = queue
      this.#written.set(queue, { topic, partition, offset: baseOffset + builder.count })
    }
    if (this.#spare.length < MAX_SPARE_BUILDERS) {
      builder.reset()
      this.#spare.push(builder)
    }
  }

  /** Another attempt, two smaller ones, or the end. */
  #refused(batch: Batch, error: unknown, learned = false, index = -1): void {
    const { queue } = batch
    if (!queue.inFlight.includes(batch)) return
    queue.takeBack(batch)
    queue.recovering = true
    if (this.failure !== undefined) return
    if (refusesRecords(error)) return this.#apart(batch, error, index)
    if (!this.#mayTryAgain(batch, error)) {
      this.fail(produceFailure(error, queue, this.#options))
      return
    }
    const { clock } = this.#options
    queue.notBefore = clock.monotonic() + retryDelayMs(queue.attempts++)
    // Unless the answer has told the new leader.
    queue.stale = queue.attempts > 1 || !learned
  }

  /** A batch is halved until the one record is found that is refused, unless the broker names it. */
  #apart(batch: Batch, error: KafkaError, index: number): void {
    const { queue, builder, origins } = batch
    if (builder.count > 1 && index < 0) {
      const halves = splitBatch(batch, this.#options.maxBatchBytes)
      this.#pendingBytes += halves.reduce((sum, half) => sum + half.builder.byteLength, -builder.byteLength)
      queue.sealed.splice(queue.sealed.indexOf(batch), 1, ...halves)
      return
    }
    const { topic, partition } = queue
    const record = { topic, partition, origin: origins?.[Math.max(index, 0)] }
    this.fail(recordRefusedError(record, error.message, { cause: error }))
  }

  #mayTryAgain(batch: Batch, error: unknown): boolean {
    const { clock } = this.#options
    const age = clock.monotonic() - (batch.firstSentAt ?? clock.monotonic())
    return !this.#closed && mayTryAgain(batch, error, age)
  }

  async #findLeaders(queues: readonly PartitionQueue[]): Promise<void> {
    const { cluster, clock } = this.#options
    this.#findingLeaders = true
    let failure: unknown
    try {
      const failed = await cluster.refresh([...byTopic(queues).keys()])
      for (const queue of queues) {
        queue.stale = false
        if (cluster.metadata.leader(queue.topic, queue.partition) !== undefined) continue
        const name = failed.get(queue.topic) ?? missingPartition(cluster, queue)
        this.#unled(queue, new KafkaError(KAFKA_ERRORS[name].code))
      }
    } catch (error) {
      failure = error
    } finally {
      this.#findingLeaders = false
    }
    if (failure !== undefined) for (const queue of queues) this.#unled(queue, failure)
    if (queues.some(({ notBefore }) => notBefore > clock.monotonic())) this.#drainIn(LEADER_RETRY_MS)
    this.#drain()
  }

  /** Where there is no leader, or it cannot be reached: the oldest batch is as old as the search. */
  #unled(queue: PartitionQueue, error: unknown): void {
    const { clock } = this.#options
    const [batch] = queue.sealed
    if (batch === undefined || this.failure !== undefined) return
    batch.firstSentAt ??= clock.monotonic()
    queue.stale = true
    if (this.#mayTryAgain(batch, error)) {
      queue.notBefore = clock.monotonic() + retryDelayMs(queue.attempts++)
    } else this.fail(produceFailure(error, queue, this.#options))
  }

  #settle(): void {
    for (const queue of this.#active) if (queue.isIdle) this.#active.delete(queue)
    this.#makeRoom()
    this.#drain()
    if (this.failure !== undefined || this.#isFlushed()) this.#wakeAll()
  }

  /** What is appended meanwhile is for the next flush. */
  #isFlushed(): boolean {
    for (const { sealed, inFlight } of this.#active) if (sealed.length > 0 || inFlight.length > 0) return false
    return true
  }

  #makeRoom(): void {
    if (this.#pendingBytes > MAX_PENDING_BYTES && this.failure === undefined) return
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const resolve of waiters) resolve()
  }

  #wakeAll(): void {
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const resolve of waiters) resolve()
  }
}

function missingPartition(cluster: Cluster, { topic, partition }: PartitionQueue): KafkaErrorName {
  const there = cluster.metadata.topic(topic)?.partitions[partition] !== undefined
  return there ? 'LEADER_NOT_AVAILABLE' : 'UNKNOWN_TOPIC_OR_PARTITION'
}
