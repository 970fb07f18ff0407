import type { Consumer, ConsumerOptions, FetchedBatch, TopicPartition, TopicPartitionOffset } from '@millrace/core'
import { type Connection, request } from './connection.ts'
import { PolledRecords } from './polled-records.ts'

/** A consumer outside any group. */
export class MemoryConsumer implements Consumer {
  readonly #connection: Connection
  readonly #records: PolledRecords

  constructor(connection: Connection, options: ConsumerOptions) {
    this.#connection = connection
    this.#records = new PolledRecords(connection, options, 'consumer')
  }

  assign(positions: readonly TopicPartitionOffset[]): Promise<void> {
    return request(this.#connection, () => {
      this.#records.checkOpen('assign')
      this.#records.fetcher.assign(positions)
    })
  }

  seek(position: TopicPartitionOffset): void {
    this.#records.seek(position)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#records.pause(partitions)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#records.resume(partitions)
  }

  poll(maxWaitMs: number): Promise<readonly FetchedBatch[]> {
    return this.#records.poll(maxWaitMs)
  }

  wakeup(): void {
    this.#records.wakeup()
  }

  async close(): Promise<void> {
    this.#records.close(this)
  }
}
