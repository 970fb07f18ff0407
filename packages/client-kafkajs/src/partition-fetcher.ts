import {
  type PollLoop,
  isMillraceError,
  millraceError,
  type Clock,
  type FetchedBatch,
  type MillraceError,
  type TopicPartition,
  type TopicPartitionOffset,
  fetchedBatches,
  type RawFetchedPartition,
} from '@millrace/core'
import { decompressBatch } from './compression.ts'
import { byTopic, type ClusterLink } from './cluster-link.ts'
import { withDeadline } from './deadline.ts'
import { fetchPartitions } from './fetch-request.ts'
import { rootError, translateError } from './translate-error.ts'

export interface FetcherOptions {
  readonly link: ClusterLink
  readonly bell: PollLoop
  readonly clock: Clock
  /** For error messages. */
  readonly brokers: string
  readonly readCommitted: boolean
  readonly maxPartitionBytes: number
}

/** How long a broker may hold a fetch that has no records: also how long a new assignment may have to wait for it. */
const MAX_WAIT_MS = 200
/** The same while another partition of that broker lies unread: it should be fetched again soon after it is read. */
const SHORT_WAIT_MS = 20
const FIRST_BACKOFF_MS = 50
const LAST_BACKOFF_MS = 1_000
/**
 * Leaders move, and while a broker's death has not been noticed its partitions have none. The caller is told when it
 * takes longer than this; at once when no broker answers at all.
 */
const QUIET_MS = 10_000
/** Stands for the node of partitions whose leader is not known. */
const UNKNOWN_NODE = ''

interface Slot extends TopicPartition {
  /** Where the next fetch goes; undefined until somebody seeks. */
  position: number | undefined
  paused: boolean
  /** Fetched and not polled yet: one response at the most, so that an idle caller stops the fetching. */
  ready: readonly FetchedBatch[] | undefined
  fetching: boolean
  /** Counts seeks: an answer to what was asked before the last one is dropped. */
  version: number
  /** The last fetch gave nothing though there is something: it did not fit in beside the others, so it is fetched alone. */
  empty: boolean
  outOfRange: boolean
}

/**
 * Reads partitions ahead of their reader: one fetch at a time for each broker, one response for each partition.
 */
export class PartitionFetcher {
  readonly #options: FetcherOptions
  readonly #slots = new Map<string, Slot>()
  /** Nodes that are being asked, or left alone for a while after a failure. */
  readonly #busyNodes = new Set<string>()
  readonly #failures = new Map<string, Failures>()
  #error: MillraceError | undefined
  #closed = false

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** Replaces the partitions. One without an offset waits for `seek`. */
  assign(partitions: readonly (TopicPartition & { readonly offset?: number })[]): void {
    for (const slot of this.#slots.values()) slot.version = -1
    this.#slots.clear()
    for (const { topic, partition, offset } of partitions) {
      this.#slots.set(keyOf(topic, partition), newSlot(topic, partition, offset))
    }
    this.#error = undefined
    this.#pump()
  }

  /** From now on these: one that was there before goes on where it is, a new one waits for `seek`. */
  hold(partitions: readonly TopicPartition[]): void {
    const wanted = new Set(partitions.map(({ topic, partition }) => keyOf(topic, partition)))
    for (const [key, slot] of this.#slots) {
      if (wanted.has(key)) continue
      slot.version = -1
      this.#slots.delete(key)
    }
    for (const { topic, partition } of partitions) {
      const key = keyOf(topic, partition)
      if (!this.#slots.has(key)) this.#slots.set(key, newSlot(topic, partition, undefined))
    }
    this.#pump()
  }

  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const slot = this.#slots.get(keyOf(topic, partition))
    if (slot === undefined) return
    slot.position = offset
    slot.version++
    slot.ready = undefined
    slot.empty = false
    slot.outOfRange = false
    this.#pump()
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const slot of this.#find(partitions)) slot.paused = true
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const slot of this.#find(partitions)) slot.paused = false
    this.#options.bell.ring()
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
      throw error
    }
    const batches: FetchedBatch[] = []
    for (const slot of this.#slots.values()) {
      if (slot.ready === undefined || slot.paused) continue
      for (const batch of slot.ready) batches.push(batch)
      slot.ready = undefined
    }
    this.#pump()
    return batches
  }

  close(): void {
    this.#closed = true
    this.#slots.clear()
  }

  /** Sends a fetch to every broker that leads a partition which wants one and that is not answering another. */
  #pump(): void {
    if (this.#closed) return
    const wanted = [...this.#slots.values()].filter(isWanted)
    if (wanted.length === 0) return
    const led = [...this.#options.link.leaders(wanted)]
    const reachable = led.reduce((sum, [, slots]) => sum + slots.length, 0)
    if (reachable < wanted.length && !this.#busyNodes.has(UNKNOWN_NODE)) void this.#findLeaders(wanted)
    for (const [nodeId, slots] of led) {
      if (this.#busyNodes.has(nodeId)) continue
      const empty = slots.find(slot => slot.empty)
      void this.#fetch(nodeId, empty === undefined ? slots : [empty])
    }
  }

  async #findLeaders(slots: readonly Slot[]): Promise<void> {
    const { link } = this.#options
    this.#busyNodes.add(UNKNOWN_NODE)
    try {
      await link.open([...byTopic(slots).keys()])
      // Some of a topic may be known while others have come to it since.
      if (ledCount(link.leaders(slots)) < slots.length) await link.refresh()
      if (link.leaders(slots).size === 0) throw unledError(slots)
      this.#failures.delete(UNKNOWN_NODE)
      if (ledCount(link.leaders(slots)) < slots.length) await this.#options.clock.sleep(MAX_WAIT_MS)
    } catch (error) {
      await this.#failed(UNKNOWN_NODE, error, sentNow(slots))
    } finally {
      this.#busyNodes.delete(UNKNOWN_NODE)
    }
    this.#pump()
  }

  async #fetch(nodeId: string, slots: readonly Slot[]): Promise<void> {
    const { link, bell, readCommitted, maxPartitionBytes } = this.#options
    this.#busyNodes.add(nodeId)
    const sent = sentNow(slots)
    for (const slot of slots) slot.fetching = true
    try {
      const answers = await link.ask(nodeId, async broker => {
        if (this.#closed) return []
        const alone = slots.length === 1 && slots[0]?.empty === true
        const maxWaitMs = alone ? 0 : this.#othersLieUnread(slots) ? SHORT_WAIT_MS : MAX_WAIT_MS
        const positions = sent.map(({ slot: { topic, partition }, position: offset }) => ({ topic, partition, offset }))
        return fetchPartitions(broker, positions, { readCommitted, maxPartitionBytes, maxWaitMs })
      })
      if (this.#closed) return
      this.#failures.delete(nodeId)
      for (const raw of answers) {
        const one = sent.find(({ slot }) => slot.topic === raw.topic && slot.partition === raw.partition)
        if (one !== undefined && one.slot.version === one.version) this.#arrived(one.slot, raw)
      }
    } catch (error) {
      await this.#failed(nodeId, error, sent)
    } finally {
      for (const { slot } of sent) slot.fetching = false
      this.#busyNodes.delete(nodeId)
    }
    if (slots.some(slot => slot.ready !== undefined || slot.outOfRange)) bell.ring()
    this.#pump()
  }

  #arrived(slot: Slot, raw: RawFetchedPartition): void {
    const position = slot.position ?? 0
    const batches = fetchedBatches(slot.topic, position, raw, decompressBatch)
    const next = batches.at(-1)?.nextOffset
    const { readCommitted } = this.#options
    const end = readCommitted && raw.lastStableOffset >= 0 ? raw.lastStableOffset : raw.highWatermark
    slot.empty = next === undefined && position < end && !slot.empty
    if (next === undefined || next <= position) return
    slot.position = next
    slot.ready = batches
  }

  /** Waits a little and looks for the leaders again; remembers the error for the next poll when that is no help. */
  async #failed(nodeId: string, error: unknown, sent: readonly Sent[]): Promise<void> {
    if (this.#closed) return
    const root = rootError(error)
    if (root.name === 'KafkaJSOffsetOutOfRange') {
      const { topic, partition } = root as Error & Partial<TopicPartition>
      const one = sent.find(({ slot }) => slot.topic === topic && slot.partition === partition)
      if (one !== undefined && one.slot.version === one.version) one.slot.outOfRange = true
      return
    }
    // Bytes that cannot be read are the same next time.
    if (isMillraceError(error, 'fatal', 'config')) this.#tell(error, topicsOf(sent))
    const { link, clock } = this.#options
    const { count, since } = this.#failures.get(nodeId) ?? { count: 0, since: clock.monotonic() }
    this.#failures.set(nodeId, { count: count + 1, since })
    try {
      const { host, port } = root as Error & { host?: string; port?: number }
      if (host !== undefined && port !== undefined) link.forgetBroker(host, port)
      await withDeadline(openAndRefresh(link), QUIET_MS, 'Asking for the leaders')
      if (clock.monotonic() - since >= QUIET_MS) this.#tell(error, topicsOf(sent))
    } catch (refreshError) {
      await this.#tellMissing(refreshError, sent)
    }
    await clock.sleep(Math.min(FIRST_BACKOFF_MS * 2 ** count, LAST_BACKOFF_MS))
  }

  /** A topic that is missing may be one that nobody reads any more: then it is only to be forgotten. */
  async #tellMissing(error: unknown, sent: readonly Sent[]): Promise<void> {
    if (rootError(error).type !== 'UNKNOWN_TOPIC_OR_PARTITION') return this.#tell(error, topicsOf(sent))
    try {
      const missing = new Set(await this.#options.link.missing(topicsOf(sent)))
      const current = topicsOf(sent)
      this.#tell(
        error,
        current.filter(topic => missing.has(topic)),
      )
    } catch (again) {
      this.#tell(again, topicsOf(sent))
    }
  }

  #tell(error: unknown, topics: readonly string[]): void {
    if (this.#closed || topics.length === 0) return
    const topic = topics.join(', ')
    this.#error = translateError(error, { operation: `Fetching from ${topic}`, brokers: this.#options.brokers, topic })
    this.#options.bell.ring()
  }

  async #throwOutOfRange(): Promise<void> {
    const slot = [...this.#slots.values()].find(each => each.outOfRange)
    if (slot === undefined) return
    const { topic, partition, position = 0 } = slot
    const { link, brokers } = this.#options
    try {
      const [earliest] = await link.logOffsets([slot], 'earliest')
      const [latest] = await link.logOffsets([slot], 'latest')
      throw millraceError('MILLRACE_OFFSET_OUT_OF_RANGE', {
        topic,
        partition,
        offset: position,
        earliest: earliest?.offset ?? -1,
        latest: latest?.offset ?? -1,
      })
    } catch (error) {
      throw translateError(error, { operation: `Asking for the offsets of ${topic}-${partition}`, brokers, topic })
    } finally {
      slot.outOfRange = false
      this.#pump()
    }
  }

  #othersLieUnread(fetched: readonly Slot[]): boolean {
    for (const slot of this.#slots.values()) {
      if (slot.ready !== undefined && !slot.paused && !fetched.includes(slot)) return true
    }
    return false
  }

  #find(partitions: readonly TopicPartition[]): Slot[] {
    return partitions.flatMap(({ topic, partition }) => this.#slots.get(keyOf(topic, partition)) ?? [])
  }
}

/** Of one node, since it last answered. */
interface Failures {
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly since: number
}

/** What was asked for, and of which version. */
interface Sent {
  readonly slot: Slot
  readonly version: number
  readonly position: number
}

function sentNow(slots: readonly Slot[]): Sent[] {
  return slots.map(slot => ({ slot, version: slot.version, position: slot.position ?? 0 }))
}

/** Of what is still asked for. */
function topicsOf(sent: readonly Sent[]): readonly string[] {
  return [...byTopic(sent.flatMap(({ slot, version }) => (slot.version === version ? [slot] : []))).keys()]
}

async function openAndRefresh(link: ClusterLink): Promise<void> {
  await link.open([])
  await link.refresh()
}

function isWanted(slot: Slot): boolean {
  return slot.position !== undefined && !slot.paused && !slot.fetching && slot.ready === undefined && !slot.outOfRange
}

function newSlot(topic: string, partition: number, position: number | undefined): Slot {
  return {
    topic,
    partition,
    position,
    paused: false,
    ready: undefined,
    fetching: false,
    version: 0,
    empty: false,
    outOfRange: false,
  }
}

function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

function unledError(slots: readonly Slot[]): Error {
  const names = slots.map(({ topic, partition }) => `${topic}-${partition}`).join(', ')
  return Object.assign(new Error(`${names} has no leader`), { name: 'KafkaJSMetadataNotLoaded' })
}

function ledCount(led: ReadonlyMap<string, readonly unknown[]>): number {
  let count = 0
  for (const slots of led.values()) count += slots.length
  return count
}
