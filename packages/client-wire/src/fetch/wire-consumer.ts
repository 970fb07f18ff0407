import {
  millraceError,
  PollLoop,
  type Consumer,
  type FetchedBatch,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import { type FetcherOptions, PartitionFetcher } from './partition-fetcher.ts'

/** A consumer without a group: Kafka knows nothing of it. */
export class WireConsumer implements Consumer {
  readonly #loop: PollLoop
  readonly #fetcher: PartitionFetcher
  readonly #whenClosed: (part: object) => void
  #closed = false

  constructor(options: Omit<FetcherOptions, 'loop'> & { readonly closed: (part: object) => void }) {
    this.#whenClosed = options.closed
    this.#loop = new PollLoop(options.clock)
    this.#fetcher = new PartitionFetcher({ ...options, loop: this.#loop })
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
    this.#whenClosed(this)
  }

  #checkOpen(operation: string): void {
    if (this.#closed) throw millraceError('MILLRACE_CLIENT_CLOSED', { operation, object: 'consumer' })
  }
}
