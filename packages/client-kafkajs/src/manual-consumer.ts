import {
  millraceError,
  PollLoop,
  type Consumer,
  type ConsumerOptions,
  type FetchedBatch,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { ClusterLink } from './cluster-link.ts'
import { settledWithin } from './deadline.ts'
import { PartitionFetcher } from './partition-fetcher.ts'
import type { Surroundings } from './surroundings.ts'

/** How long closing waits for requests that are under way. */
export const CLOSE_MS = 3_000

/** A consumer without a group: it fetches through `ClusterLink`, so that Kafka knows nothing of it. */
export class ManualConsumer implements Consumer {
  readonly #link: ClusterLink
  readonly #loop: PollLoop
  readonly #fetcher: PartitionFetcher
  readonly #whenClosed: (part: object) => void
  #closed = false

  constructor({ kafka, brokers, clock, requestTimeoutMs, closed }: Surroundings, options: ConsumerOptions) {
    this.#whenClosed = closed
    this.#link = new ClusterLink(kafka, requestTimeoutMs)
    this.#loop = new PollLoop(clock)
    this.#fetcher = new PartitionFetcher({
      link: this.#link,
      bell: this.#loop,
      clock,
      brokers,
      readCommitted: options.isolationLevel === 'read_committed',
      maxPartitionBytes: options.maxPartitionBytes ?? 1024 * 1024,
    })
  }

  async assign(positions: readonly TopicPartitionOffset[]): Promise<void> {
    this.#checkOpen('assign')
    this.#fetcher.assign(positions)
  }

  seek(position: TopicPartitionOffset): void {
    this.#fetcher.seek(position)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.resume(partitions)
  }

  async poll(maxWaitMs: number): Promise<readonly FetchedBatch[]> {
    return this.#loop.poll(maxWaitMs, async () => {
      this.#checkOpen('poll')
      return this.#fetcher.take()
    })
  }

  wakeup(): void {
    this.#loop.wakeup()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#fetcher.close()
    this.#loop.ring()
    await settledWithin(this.#link.close(), CLOSE_MS)
    this.#whenClosed(this)
  }

  #checkOpen(operation: string): void {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'consumer' })
  }
}
