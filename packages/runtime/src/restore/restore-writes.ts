import type { FetchedBatch, TopicPartition } from '@millrace/core'
import { ByteSink } from '@millrace/core'
import type { TaskStores } from '../state/task-stores/task-stores.ts'

/** The most records and bytes of one backend write. With ten times as many, they would leave the young generation of the heap. */
const RECORDS_PER_WRITE = 2_000
const BYTES_PER_WRITE = 1 << 20

/** A store and the changelog partition that it is filled from. */
export interface FilledStore extends TopicPartition {
  readonly stores: TaskStores
  readonly store: string
}

/**
 * Writes the records of a changelog into its store, each write with the position that it reaches. While the backend writes on its own
 * thread, the next records are read: there is one write at a time, and records for the next.
 */
export class RestoreWrites {
  /** Where to read on in the changelog. */
  position: number
  /** Records that the backend has. */
  written = 0
  readonly #into: FilledStore
  #keys: Uint8Array[] = []
  #values: (Uint8Array | null)[] = []
  #bytes = 0
  /** Stored values that are not a part of a batch's bytes. */
  #made = new ByteSink(0)
  /** Where the last write that was started leads to. */
  #started: number
  #writing: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(into: FilledStore, position: number) {
    this.#into = into
    this.position = position
    this.#started = position
  }

  /** Takes the records from the position on, and not beyond `to`. Some of them may be written. */
  async add(batch: FetchedBatch, to = Infinity): Promise<void> {
    const codec = this.#into.stores.codecs.get(this.#into.store)!
    const from = this.position
    const cursor = batch.cursor()
    const headers = () => cursor.headers()
    while (cursor.advance()) {
      if (cursor.offset >= to) break
      if (cursor.offset < from || cursor.keyStart < 0) continue
      const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, timestamp } = cursor
      this.#keys.push(codec.restoredKey(keyBytes, keyStart, keyEnd, timestamp))
      this.#values.push(
        valueStart < 0 ? null : codec.restoredValue(this.#made, valueBytes, valueStart, valueEnd, timestamp, headers),
      )
      this.#bytes += keyEnd - keyStart + Math.max(0, valueEnd - valueStart)
      if (this.#keys.length < RECORDS_PER_WRITE && this.#bytes < BYTES_PER_WRITE) continue
      this.position = cursor.offset + 1
      await this.write()
    }
    this.position = Math.max(from, Math.min(batch.nextOffset, to))
  }

  /** Waits for the write before, and starts to write the records that were gathered. */
  async write(): Promise<void> {
    await this.settle()
    if (this.#started === this.position) return
    const { stores, store, topic, partition } = this.#into
    const records = { keys: this.#keys, values: this.#values }
    this.#forget()
    this.#started = this.position
    this.#writing = stores.restore(store, records, { topic, partition, offset: this.position }).then(
      () => void (this.written += records.keys.length),
      (error: unknown) => void (this.#failure = { error }),
    )
  }

  /** Waits for the write that was started. */
  async settle(): Promise<void> {
    await this.#writing
    this.#writing = undefined
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** Writes all. */
  async finish(): Promise<void> {
    await this.write()
    await this.settle()
  }

  /** Leaves out what is not yet being written, and reads on elsewhere. */
  async restart(position: number): Promise<void> {
    this.#forget()
    await this.settle()
    this.position = position
    this.#started = position
  }

  #forget(): void {
    this.#keys = []
    this.#values = []
    this.#bytes = 0
    this.#made = new ByteSink(this.#made.position)
  }
}
