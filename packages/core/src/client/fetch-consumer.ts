import { millraceError } from '../errors/millrace-error.ts'
import type { Consumer, FetchedBatch, TopicPartition, TopicPartitionOffset } from '../ports/client.ts'
import type { PollLoop } from './poll-loop.ts'

/** Reads partitions ahead of a poll. It rings the loop when it has something to take. */
export interface RecordFetcher {
  /** Replaces the partitions, each with its position, and forgets an error that was not taken. */
  assign(positions: readonly TopicPartitionOffset[]): void
  /** Replaces the partitions. One that stays keeps its position, a new one waits for `seek`. */
  hold(partitions: readonly TopicPartition[]): void
  seek(position: TopicPartitionOffset): void
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** Returns what has been fetched. @throws the error of the last fetch, once */
  take(): Promise<readonly FetchedBatch[]>
  close(): void
}

export interface FetchConsumerOptions {
  readonly loop: PollLoop
  readonly fetcher: RecordFetcher
  /** Closes the connections of this consumer alone. @default there are none */
  readonly disconnect?: () => Promise<void>
  readonly closed: (part: object) => void
}

/** A consumer without a group, for clients that fetch over the network. */
export class FetchConsumer implements Consumer {
  readonly #with: FetchConsumerOptions
  #closed = false

  constructor(options: FetchConsumerOptions) {
    this.#with = options
  }

  async assign(positions: readonly TopicPartitionOffset[]): Promise<void> {
    this.#checkOpen('assign')
    this.#with.fetcher.assign(positions)
  }

  seek(position: TopicPartitionOffset): void {
    this.#with.fetcher.seek(position)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#with.fetcher.pause(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#with.fetcher.resume(partitions)
  }

  poll(maxWaitMs: number): Promise<readonly FetchedBatch[]> {
    const { loop, fetcher } = this.#with
    return loop.poll(maxWaitMs, async () => {
      this.#checkOpen('poll')
      return fetcher.take()
    })
  }

  wakeup(): void {
    this.#with.loop.wakeup()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { fetcher, loop, disconnect, closed } = this.#with
    fetcher.close()
    loop.ring()
    await disconnect?.()
    closed(this)
  }

  #checkOpen(operation: string): void {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'consumer' })
  }
}
