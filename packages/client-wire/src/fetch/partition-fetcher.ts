import {
  millraceError,
  type Clock,
  type FetchedBatch,
  type MillraceError,
  type PollLoop,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { logOffsets, READ_EARLIEST, READ_LATEST } from '../admin/log-offsets.ts'
import { byTopic } from '../cluster/by-topic.ts'
import type { Cluster, Purpose } from '../cluster/cluster.ts'
import { errorNameOf, KafkaError, type KafkaErrorName } from '../cluster/kafka-error.ts'
import { NO_TOPIC_ID } from '../cluster/metadata.ts'
import { KAFKA_ERRORS } from '../protocol/error-codes.ts'
import { fetchApi, type FetchResponse, type FetchResponsePartitionData } from '../protocol/messages/fetch.ts'
import { WireError } from '../protocol/wire-error.ts'
import { translateError } from '../translate-error.ts'
import { type FetchPosition, FetchSession } from './fetch-session.ts'
import { bytesOf, fetchedRecords } from './fetched-records.ts'
import { keyOf, moveSlot, newSlot, type Slot, takeBuffered } from './slot.ts'

export interface FetcherOptions {
  readonly cluster: Cluster
  readonly loop: PollLoop
  readonly clock: Clock
  /** For error messages. */
  readonly brokers: string
  /** Of its connections, which nobody else has: a fetch waits there. */
  readonly purpose: Purpose
  readonly readCommitted: boolean
  readonly maxPartitionBytes: number
  /** Where this process is, so that a replica there is read instead of the leader (KIP-392). */
  readonly rack: string
}

/** How long a broker may hold a fetch that has no records: also how long a new assignment may have to wait for it. */
const MAX_WAIT_MS = 250
/** The same while another partition of that broker lies unread: it should be fetched again soon after it is read. */
const SHORT_WAIT_MS = 20
/** The most bytes of one answer, over all partitions. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024
/** Above this many bytes that nobody has polled, nothing is fetched. */
const MAX_BUFFERED_BYTES = 64 * 1024 * 1024
/** The leaders are looked up at once if the last look-up is older than this. */
const CALM_MS = 3_000
/** How long a replica is read before its leader is asked again, as by Kafka's own consumer (`metadata.max.age.ms`). */
const NEAR_REPLICA_MS = 300_000
const FIRST_BACKOFF_MS = 30
const LAST_BACKOFF_MS = 1_000
/**
 * Leaders move, and while a broker's death has not been noticed its partitions have none. The caller is told when it
 * takes longer than this; at once when no broker answers at all.
 */
const QUIET_MS = 10_000
/** A broker may not have heard yet of a topic that is new. */
const QUIET_MISSING_MS = 1_500

/** What an answer can say of a partition that another broker will serve, or the same one later. */
const MOVED: ReadonlySet<KafkaErrorName> = new Set<KafkaErrorName>([
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'KAFKA_STORAGE_ERROR',
  'OFFSET_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
])

interface Asked {
  readonly slot: Slot
  readonly version: number
  readonly position: FetchPosition
}

/**
 * Reads partitions ahead of their reader: one fetch is on its way to each broker as long as what was fetched before is not more
 * than a poll takes.
 */
export class PartitionFetcher {
  readonly #options: FetcherOptions
  readonly #slots = new Map<string, Slot>()
  readonly #sessions = new Map<number, FetchSession>()
  readonly #busy = new Set<number>()
  #findingLeaders = false
  /** How often leaders were looked for in a row, and when last. */
  #attempts = 0
  #lookedAt = Number.NEGATIVE_INFINITY
  #error: MillraceError | undefined
  #turn = 0
  #closed = false

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** Replaces the partitions, each with its position. */
  assign(positions: readonly TopicPartitionOffset[]): void {
    for (const slot of this.#slots.values()) slot.version = -1
    this.#slots.clear()
    for (const { topic, partition, offset } of positions) {
      this.#slots.set(keyOf({ topic, partition }), newSlot(topic, partition, offset))
    }
    this.#error = undefined
    this.#pump()
  }

  /** From now on these: one that was there before goes on where it is, a new one waits for `seek`. */
  hold(partitions: readonly TopicPartition[]): void {
    const wanted = new Set(partitions.map(keyOf))
    for (const [key, slot] of this.#slots) {
      if (wanted.has(key)) continue
      slot.version = -1
      this.#slots.delete(key)
    }
    for (const each of partitions) {
      if (!this.#slots.has(keyOf(each))) {
        this.#slots.set(keyOf(each), newSlot(each.topic, each.partition, undefined))
      }
    }
    this.#pump()
  }

  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const slot = this.#slots.get(keyOf({ topic, partition }))
    if (slot === undefined) return
    moveSlot(slot, offset)
    this.#pump()
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const slot of this.#find(partitions)) slot.paused = true
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const slot of this.#find(partitions)) slot.paused = false
    this.#options.loop.ring()
    this.#pump()
  }

  /**
   * What is there, and starts fetching what comes after it.
   *
   * @throws the error of the last fetch, once
   */
  async take(): Promise<readonly FetchedBatch[]> {
    await this.#throwOutOfRange()
    const error = this.#error
    if (error !== undefined) {
      this.#error = undefined
      this.#pump()
      throw error
    }
    const batches: FetchedBatch[] = []
    for (const slot of this.#slots.values()) {
      if (slot.buffered.length === 0 || slot.paused) continue
      for (const batch of takeBuffered(slot, this.#options.maxPartitionBytes)) batches.push(batch)
    }
    this.#pump()
    return batches
  }

  close(): void {
    this.#closed = true
    this.#slots.clear()
    this.#options.cluster.release(this.#options.purpose)
  }

  /** Sends a fetch to every broker from which a partition is wanted and that is not answering another. */
  #pump(): void {
    if (this.#closed || this.#error !== undefined) return
    const byNode = new Map<number, Slot[]>()
    let lost = false
    if (this.#bufferedBytes() < MAX_BUFFERED_BYTES) {
      for (const slot of this.#inTurn()) {
        if (!this.#isWanted(slot)) continue
        const node = slot.stale ? undefined : this.#nodeOf(slot)
        if (node === undefined) lost = true
        else byNode.set(node, [...(byNode.get(node) ?? []), slot])
      }
    }
    for (const [node, slots] of byNode) if (!this.#busy.has(node)) void this.#fetch(node, slots)
    if (lost && !this.#findingLeaders) void this.#findLeaders()
  }

  /** The slots, beginning with another one each time, so that none is always the last of an answer that is full before. */
  *#inTurn(): Iterable<Slot> {
    const slots = [...this.#slots.values()]
    this.#turn = (this.#turn + 1) % Math.max(1, slots.length)
    for (let i = 0; i < slots.length; i++) yield slots[(this.#turn + i) % slots.length]!
  }

  #isWanted(slot: Slot): boolean {
    if (slot.position === undefined || slot.paused || slot.fetching || slot.outOfRange !== undefined) return false
    return slot.bufferedBytes < this.#options.maxPartitionBytes
  }

  #nodeOf(slot: Slot): number | undefined {
    const { clock, cluster } = this.#options
    const { metadata } = cluster
    if (slot.nearReplica !== undefined && clock.monotonic() >= slot.nearReplicaUntil) slot.nearReplica = undefined
    if (slot.nearReplica !== undefined && metadata.brokers.has(slot.nearReplica)) return slot.nearReplica
    const leader = metadata.leader(slot.topic, slot.partition)?.leader
    return leader !== undefined && metadata.brokers.has(leader) ? leader : undefined
  }

  #bufferedBytes(): number {
    let bytes = 0
    for (const slot of this.#slots.values()) bytes += slot.bufferedBytes
    return bytes
  }

  async #findLeaders(): Promise<void> {
    const { cluster, clock } = this.#options
    this.#findingLeaders = true
    const lost = () => [...this.#slots.values()].filter(slot => slot.stale || this.#nodeOf(slot) === undefined)
    try {
      if (clock.monotonic() - this.#lookedAt > CALM_MS) this.#attempts = 0
      else await clock.sleep(Math.min(FIRST_BACKOFF_MS * 2 ** this.#attempts++, LAST_BACKOFF_MS))
      this.#lookedAt = clock.monotonic()
      const slots = lost()
      const failed = await cluster.refresh([...byTopic(slots).keys()])
      for (const slot of slots) slot.stale = false
      const missing = lost()
      if (missing.length === 0) return
      const name = missing.map(({ topic }) => failed.get(topic)).find(each => each !== undefined)
      const error = new KafkaError(KAFKA_ERRORS[name ?? 'LEADER_NOT_AVAILABLE'].code)
      const quietMs = error.type === 'UNKNOWN_TOPIC_OR_PARTITION' ? QUIET_MISSING_MS : QUIET_MS
      const topics = missing.filter(({ topic }) => name === undefined || failed.get(topic) === name)
      this.#trouble(error, topics, error.retriable ? quietMs : 0)
    } catch (error) {
      this.#trouble(error, lost(), 0)
    } finally {
      this.#findingLeaders = false
      this.#pump()
    }
  }

  async #fetch(node: number, slots: readonly Slot[]): Promise<void> {
    const { cluster, purpose, loop } = this.#options
    this.#busy.add(node)
    let session = this.#sessions.get(node)
    if (session === undefined) this.#sessions.set(node, (session = new FetchSession()))
    const asked = this.#ask(slots)
    for (const slot of slots) slot.fetching = true
    try {
      const connection = await cluster.connection(node, purpose)
      // Where a topic has no id, as before Kafka 2.8's metadata format, the older version names it.
      const byName = asked.some(({ position }) => position.topicId === NO_TOPIC_ID)
      const version = connection.versionOf(fetchApi, byName ? 12 : fetchApi.maxVersion)
      const maxWaitMs = this.#othersLieUnread(slots) ? SHORT_WAIT_MS : MAX_WAIT_MS
      const { readCommitted, rack } = this.#options
      const request = {
        maxWaitMs,
        minBytes: 1,
        maxBytes: MAX_RESPONSE_BYTES,
        isolationLevel: readCommitted ? 1 : 0,
        rackId: rack,
        ...session.next(asked.map(({ position }) => position)),
      }
      const answer = await connection.send(fetchApi, request, { version, timeoutMs: cluster.requestTimeoutMs })
      this.#answered(node, session, answer, asked)
    } catch (error) {
      session.reset()
      this.#failed(error, asked)
    } finally {
      for (const { slot } of asked) slot.fetching = false
      this.#busy.delete(node)
    }
    if (slots.some(slot => slot.buffered.length > 0 || slot.outOfRange !== undefined)) loop.ring()
    this.#pump()
  }

  #ask(slots: readonly Slot[]): Asked[] {
    const { cluster, maxPartitionBytes } = this.#options
    return slots.map(slot => {
      const { topic, partition, position: offset = 0, lastEpoch } = slot
      const topicId = cluster.metadata.topic(topic)?.id ?? NO_TOPIC_ID
      const leaderEpoch = cluster.metadata.leader(topic, partition)?.leaderEpoch ?? -1
      const position = { topic, topicId, partition, offset, leaderEpoch, lastEpoch, maxBytes: maxPartitionBytes }
      return { slot, version: slot.version, position }
    })
  }

  #answered(node: number, session: FetchSession, answer: FetchResponse, asked: readonly Asked[]): void {
    const error = errorNameOf(answer.errorCode)
    if (error !== undefined) {
      session.reset()
      // The broker has dropped the session, or knows a topic by another id: ask for all again.
      if (error === 'FETCH_SESSION_ID_NOT_FOUND' || error === 'INVALID_FETCH_SESSION_EPOCH') return
      if (error === 'FETCH_SESSION_TOPIC_ID_ERROR') return this.#markStale(asked)
      throw new KafkaError(answer.errorCode)
    }
    session.answered(answer.sessionId)
    for (const { slot } of asked) slot.troubledSince = undefined
    const byKey = new Map(asked.map(each => [keyOf(each.slot), each]))
    const total = answer.responses.reduce((sum, { partitions }) => sum + bytesOf(partitions), 0)
    for (const topic of answer.responses) {
      const name = topic.topic === '' ? session.nameOf(topic.topicId) : topic.topic
      if (name === undefined) continue
      for (const partition of topic.partitions) {
        const one = byKey.get(`${name}/${partition.partitionIndex}`)
        if (one !== undefined && one.slot.version === one.version) this.#arrived(node, one, partition, answer, total)
      }
    }
  }

  #arrived(
    node: number,
    { slot, position }: Asked,
    data: FetchResponsePartitionData,
    { nodeEndpoints }: FetchResponse,
    total: number,
  ): void {
    const { cluster } = this.#options
    const error = errorNameOf(data.errorCode)
    if (error === 'OFFSET_OUT_OF_RANGE') {
      // A follower may lag behind: only the leader knows.
      if (slot.nearReplica === node) slot.nearReplica = undefined
      else slot.outOfRange = 'unknown'
      return
    }
    if (error !== undefined && MOVED.has(error)) {
      slot.nearReplica = undefined
      const { topic, partition } = slot
      slot.stale = !cluster.learnLeader(topic, partition, data.currentLeader, nodeEndpoints)
      return this.#trouble(new KafkaError(data.errorCode), [slot], QUIET_MS)
    }
    if (error !== undefined) return this.#trouble(new KafkaError(data.errorCode), [slot], 0)
    if (data.divergingEpoch.endOffset >= 0) {
      slot.outOfRange = data.divergingEpoch.endOffset
      return
    }
    if (data.preferredReadReplica >= 0) {
      slot.nearReplica = data.preferredReadReplica
      slot.nearReplicaUntil = this.#options.clock.monotonic() + NEAR_REPLICA_MS
    }
    try {
      const { readCommitted } = this.#options
      const fetched = fetchedRecords(slot, position.offset, data, { readCommitted, answerBytes: total })
      if (fetched === undefined) return
      slot.position = fetched.nextOffset
      slot.lastEpoch = fetched.lastEpoch
      for (const batch of fetched.batches) {
        slot.buffered.push(batch)
        slot.bufferedBytes += batch.byteLength
      }
    } catch (error) {
      this.#trouble(error, [slot], 0)
    }
  }

  #failed(error: unknown, asked: readonly Asked[]): void {
    if (this.#closed) return
    this.#markStale(asked)
    const isPassing = error instanceof KafkaError ? error.retriable : error instanceof WireError
    const isRefusal = error instanceof WireError && (error.reason === 'refused' || error.reason === 'unsupported')
    const slots = asked.map(({ slot }) => slot)
    this.#trouble(error, slots, isPassing && !isRefusal ? QUIET_MS : 0)
  }

  #markStale(asked: readonly Asked[]): void {
    for (const { slot } of asked) {
      slot.stale = true
      slot.nearReplica = undefined
    }
  }

  /** Remembers the error for the next poll when it has lasted for longer than `quietMs`. */
  #trouble(error: unknown, slots: readonly Slot[], quietMs: number): void {
    const { clock, loop } = this.#options
    const current = slots.filter(slot => this.#slots.get(keyOf(slot)) === slot)
    if (this.#closed || current.length === 0) return
    const now = clock.monotonic()
    for (const slot of current) slot.troubledSince ??= now
    if (current.every(({ troubledSince = now }) => now - troubledSince < quietMs)) return
    const topic = [...byTopic(current).keys()].join(', ')
    this.#error = this.#translate(error, `Fetching from ${topic}`, topic)
    loop.ring()
  }

  #translate(error: unknown, operation: string, topic: string) {
    const { brokers, cluster } = this.#options
    const { requestTimeoutMs, principal } = cluster
    return translateError(error, { operation, brokers, requestTimeoutMs, principal, right: 'Read', topic })
  }

  async #throwOutOfRange(): Promise<void> {
    const slot = [...this.#slots.values()].find(each => each.outOfRange !== undefined)
    if (slot === undefined) return
    const { topic, partition, position = 0, outOfRange } = slot
    const { cluster } = this.#options
    try {
      const end = async (timestamp: number): Promise<number> =>
        (await logOffsets(cluster, [{ topic, partition, timestamp }]))[0]?.offset ?? -1
      const earliest = await end(READ_EARLIEST)
      const latest = outOfRange === 'unknown' ? await end(READ_LATEST) : (outOfRange ?? -1)
      throw millraceError('MILLRACE_OFFSET_OUT_OF_RANGE', { topic, partition, offset: position, earliest, latest })
    } catch (error) {
      const operation = `Asking for the offsets of ${topic}-${partition}`
      throw this.#translate(error, operation, topic)
    } finally {
      slot.outOfRange = undefined
      slot.lastEpoch = -1
      this.#pump()
    }
  }

  #othersLieUnread(fetched: readonly Slot[]): boolean {
    for (const slot of this.#slots.values()) {
      if (slot.buffered.length > 0 && !slot.paused && !fetched.includes(slot)) return true
    }
    return false
  }

  #find(partitions: readonly TopicPartition[]): Slot[] {
    return partitions.flatMap(each => this.#slots.get(keyOf(each)) ?? [])
  }
}
