import type { Consumer, ConsumerOptions, FetchedBatch, TopicPartition, TopicPartitionOffset } from '@millrace/core'
import { closedError, disconnectedError, NEVER, request, type Connection } from './connection.ts'
import { Fetcher } from './fetcher.ts'
import { Signal } from './signal.ts'

export const DEFAULT_PARTITION_BYTES = 1024 * 1024

/** A consumer outside any group. */
export class MemoryConsumer implements Consumer {
  readonly #connection: Connection
  readonly #signal: Signal
  readonly #fetcher: Fetcher
  #woken = false
  #closed = false

  constructor(connection: Connection, options: ConsumerOptions) {
    this.#connection = connection
    this.#signal = new Signal(connection.cluster.clock)
    this.#fetcher = new Fetcher({
      cluster: connection.cluster,
      committedOnly: options.isolationLevel === 'read_committed',
      maxPartitionBytes: options.maxPartitionBytes ?? DEFAULT_PARTITION_BYTES,
      notify: this.#signal.notify,
    })
  }

  assign(positions: readonly TopicPartitionOffset[]): Promise<void> {
    return request(this.#connection, () => {
      if (this.#closed) throw closedError('consumer', 'assign')
      this.#fetcher.assign(positions)
    })
  }

  seek(position: TopicPartitionOffset): void {
    this.#fetcher.seek(position)
    this.#signal.notify()
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.setPaused(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.setPaused(partitions, false)
    this.#signal.notify()
  }

  poll(maxWaitMs: number): Promise<readonly FetchedBatch[]> {
    return request(this.#connection, () => this.#poll(maxWaitMs))
  }

  async #poll(maxWaitMs: number): Promise<readonly FetchedBatch[]> {
    const { clock } = this.#connection.cluster
    if (this.#closed) throw closedError('consumer', 'poll')
    const end = clock.monotonic() + maxWaitMs
    for (;;) {
      if (this.#connection.crashed) return NEVER
      if (this.#connection.disconnected) throw disconnectedError()
      const batches = this.#fetcher.fetch()
      const left = end - clock.monotonic()
      if (batches.length > 0 || left <= 0 || this.#woken || this.#closed) {
        this.#woken = false
        return batches
      }
      await this.#signal.wait(left)
    }
  }

  wakeup(): void {
    this.#woken = true
    this.#signal.notify()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#connection.forget(this)
    this.#fetcher.assign([])
    this.#signal.notify()
  }
}
