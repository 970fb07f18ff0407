import type { ConsumerOptions, FetchedBatch, TopicPartition, TopicPartitionOffset } from '@millrace/core'
import { awake, type Closeable, closedError, type Connection, disconnectedError, never, request } from './connection.ts'
import { Fetcher } from './fetcher.ts'
import { Signal } from './signal.ts'

const DEFAULT_PARTITION_BYTES = 1024 * 1024

/**
 * One step of a group member inside `poll`. Undefined if there is nothing to do; a promise of false if nothing was left to do.
 */
export type GroupStep = () => Promise<unknown> | undefined

/** What every consumer in memory does besides its group: it polls what its fetcher finds. */
export class PolledRecords {
  readonly fetcher: Fetcher
  readonly #connection: Connection
  readonly #object: 'consumer' | 'group consumer'
  readonly #signal: Signal
  #woken = false
  #closed = false

  constructor(connection: Connection, options: ConsumerOptions, object: 'consumer' | 'group consumer') {
    this.#connection = connection
    this.#object = object
    this.#signal = new Signal(connection.cluster.clock)
    this.fetcher = new Fetcher({
      cluster: connection.cluster,
      committedOnly: options.isolationLevel === 'read_committed',
      maxPartitionBytes: options.maxPartitionBytes ?? DEFAULT_PARTITION_BYTES,
      notify: this.#signal.notify,
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** There may be something new for a poll. Bound, so that it can be passed as a callback. */
  readonly notify = (): void => {
    this.#signal.notify()
  }

  seek(position: TopicPartitionOffset): void {
    this.fetcher.seek(position)
    this.notify()
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.fetcher.setPaused(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.fetcher.setPaused(partitions, false)
    this.notify()
  }

  wakeup(): void {
    this.#woken = true
    this.notify()
  }

  /** @param step taken before each look at the records, until it has nothing to do */
  poll(maxWaitMs: number, step: GroupStep = () => undefined): Promise<readonly FetchedBatch[]> {
    return request(this.#connection, () => this.#poll(maxWaitMs, step))
  }

  /** @throws MILLRACE_CLIENT_CLOSED */
  checkOpen(operation: string): void {
    if (this.#closed) throw closedError(this.#object, operation)
  }

  /** @returns false if it is closed already */
  close(consumer: Closeable): boolean {
    if (this.#closed) return false
    this.#closed = true
    this.#connection.forget(consumer)
    this.fetcher.assign([])
    this.notify()
    return true
  }

  async #poll(maxWaitMs: number, step: GroupStep): Promise<readonly FetchedBatch[]> {
    this.checkOpen('poll')
    const { clock } = this.#connection.cluster
    const end = clock.monotonic() + maxWaitMs
    for (;;) {
      if (this.#connection.standsStill !== undefined) await awake(this.#connection)
      if (this.#connection.crashed) return never()
      for (let taken = step(); taken !== undefined; taken = step()) if ((await taken) === false) break
      if (this.#connection.crashed) return never()
      if (this.#connection.disconnected) throw disconnectedError()
      const batches = this.fetcher.fetch()
      const left = end - clock.monotonic()
      if (batches.length > 0 || left <= 0 || this.#woken || this.#closed) {
        this.#woken = false
        return batches
      }
      await this.#signal.wait(left)
    }
  }
}
