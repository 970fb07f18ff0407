import { millraceError, type FetchedBatch, type TopicPartition, type TopicPartitionOffset } from '@millrace/core'
import type { PartitionLog } from '../log/partition-log.ts'
import type { MemoryCluster } from '../memory-cluster.ts'

export interface FetcherOptions {
  readonly cluster: MemoryCluster
  readonly committedOnly: boolean
  readonly maxPartitionBytes: number
  /** Called when an assigned partition has grown. */
  readonly notify: () => void
}

interface Position {
  readonly topic: string
  readonly partition: number
  log: PartitionLog | undefined
  /** Undefined until a seek: nothing is fetched. */
  offset: number | undefined
  /** Of the last batch before `offset`; undefined after a seek. */
  lastEpoch: number | undefined
  paused: boolean
}

/** The partitions that a consumer reads, and how far it has come in each. */
export class Fetcher {
  readonly #options: FetcherOptions
  #positions: readonly Position[] = []
  /** Where the next fetch starts: at a partition that failed, so that the others do not hide its error. */
  #first = 0

  constructor(options: FetcherOptions) {
    this.#options = options
  }

  /** Replaces the partitions. One without an offset waits for its seek. */
  assign(partitions: readonly (TopicPartition & { readonly offset?: number })[]): void {
    for (const { log } of this.#positions) log?.listeners.delete(this.#options.notify)
    this.#first = 0
    this.#positions = partitions.map(({ topic, partition, offset }) => {
      const log = this.#options.cluster.findLog(topic, partition)
      log?.listeners.add(this.#options.notify)
      return { topic, partition, log, offset, lastEpoch: undefined, paused: false }
    })
  }

  /** From now on these: one that was there before goes on where it is, a new one waits for its seek. */
  hold(partitions: readonly TopicPartition[]): void {
    const kept = new Set(partitions.flatMap(partition => this.#find(partition) ?? []))
    for (const position of this.#positions) {
      if (!kept.has(position)) position.log?.listeners.delete(this.#options.notify)
    }
    this.#first = 0
    this.#positions = partitions.map(({ topic, partition }) => {
      const known = this.#find({ topic, partition })
      if (known !== undefined) return known
      const log = this.#options.cluster.findLog(topic, partition)
      log?.listeners.add(this.#options.notify)
      return { topic, partition, log, offset: undefined, lastEpoch: undefined, paused: false }
    })
  }

  /** @throws MILLRACE_CLIENT_REQUEST_FAILED when the partition is not assigned */
  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const position = this.#find({ topic, partition })
    if (position === undefined) {
      const reason = `${topic}-${partition} is not assigned to this consumer`
      throw millraceError('MILLRACE_CLIENT_REQUEST_FAILED', { operation: 'seek', reason })
    }
    position.offset = offset
    position.lastEpoch = undefined
  }

  setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const partition of partitions) {
      const position = this.#find(partition)
      if (position !== undefined) position.paused = paused
    }
  }

  /**
   * The available batches. A partition that fails does not hide what was found in those before it: its error comes with the next call.
   *
   * @throws MILLRACE_OFFSET_OUT_OF_RANGE, MILLRACE_TOPIC_MISSING
   */
  fetch(): FetchedBatch[] {
    const { maxPartitionBytes: maxBytes, committedOnly } = this.#options
    const batches: FetchedBatch[] = []
    const count = this.#positions.length
    const first = this.#first
    this.#first = 0
    for (let i = 0; i < count; i++) {
      const index = (first + i) % count
      const position = this.#positions[index]!
      if (position.paused || position.offset === undefined) continue
      try {
        const { offset, lastEpoch } = position
        const before = batches.length
        position.offset = this.#logOf(position).fetch({ offset, lastEpoch, maxBytes, committedOnly }, batches)
        if (batches.length > before) position.lastEpoch = batches.at(-1)!.leaderEpoch
      } catch (error) {
        if (batches.length === 0) throw error
        this.#first = index
        break
      }
    }
    return batches
  }

  #find({ topic, partition }: TopicPartition): Position | undefined {
    return this.#positions.find(position => position.partition === partition && position.topic === topic)
  }

  #logOf(position: Position): PartitionLog {
    if (position.log?.deleted === false) return position.log
    position.log = this.#options.cluster.log(position)
    position.log.listeners.add(this.#options.notify)
    return position.log
  }
}
