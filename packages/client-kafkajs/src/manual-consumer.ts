import {
  millraceError,
  type Clock,
  type Consumer,
  type ConsumerOptions,
  type FetchedBatch,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { Kafka } from 'kafkajs'
import { ClusterLink } from './cluster-link.ts'
import { settledWithin } from './deadline.ts'
import { Doorbell } from './doorbell.ts'
import { PartitionFetcher } from './partition-fetcher.ts'

/** How long closing waits for requests that are under way. */
export const CLOSE_MS = 3_000

/** A consumer without a group: it fetches through `ClusterLink`, so that Kafka knows nothing of it. */
export class ManualConsumer implements Consumer {
  readonly #link: ClusterLink
  readonly #bell: Doorbell
  readonly #fetcher: PartitionFetcher
  readonly #clock: Clock
  #woken = false
  #closed = false

  constructor(kafka: Kafka, brokers: string, clock: Clock, options: ConsumerOptions) {
    this.#clock = clock
    this.#link = new ClusterLink(kafka)
    this.#bell = new Doorbell(clock)
    this.#fetcher = new PartitionFetcher({
      link: this.#link,
      bell: this.#bell,
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
    const until = this.#clock.monotonic() + maxWaitMs
    for (;;) {
      this.#checkOpen('poll')
      const batches = await this.#fetcher.take()
      const rest = until - this.#clock.monotonic()
      if (batches.length > 0 || rest <= 0 || this.#woken) {
        this.#woken = false
        return batches
      }
      await this.#bell.wait(rest)
    }
  }

  wakeup(): void {
    this.#woken = true
    this.#bell.ring()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#fetcher.close()
    this.#bell.ring()
    await settledWithin(this.#link.close(), CLOSE_MS)
  }

  #checkOpen(operation: string): void {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'consumer' })
  }
}
