import {
  ByteSink,
  type Admin,
  type Clock,
  type Consumer,
  type FetchedBatch,
  type GlobalPlan,
  type Logger,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@millrace/core'
import type { RestoreEvent, RestoreListener } from '../observe/restore-listener.ts'
import type { TaskStores } from '../state/task-stores/task-stores.ts'

export interface GlobalTopic extends GlobalPlan {
  readonly partitions: number
  /** Its bytes are the store's: they are copied, not processed. */
  readonly copied: boolean
}

interface Part extends TopicPartition {
  readonly global: GlobalTopic
  readonly from: number
  readonly to: number
  readonly startedAt: number
  position: number
  restored: number
  ended: boolean
}

const POLL_MS = 100

interface RestoreOptions {
  readonly topics: readonly GlobalTopic[]
  readonly stores: TaskStores
  readonly consumer: Consumer
  readonly admin: Admin
  readonly clock: Clock
  readonly logger: Logger
  readonly listener: RestoreListener
}

/** How far each partition of the global topics has been taken over, and how far it must be before tasks may run. */
export class GlobalRestore {
  readonly #options: RestoreOptions
  #parts: readonly Part[] = []

  constructor(options: RestoreOptions) {
    this.#options = options
  }

  get positions(): readonly TopicPartitionOffset[] {
    return this.#parts.map(({ topic, partition, position }) => ({ topic, partition, offset: position }))
  }

  get unfinished(): readonly TopicPartition[] {
    return this.#parts.filter(({ position, to }) => position < to)
  }

  positionOf(of: TopicPartition): number {
    return this.#find(of)?.position ?? 0
  }

  /** After what lies before the position has been written. */
  advance({ topic, partition, offset }: TopicPartitionOffset, records: number): void {
    const part = this.#find({ topic, partition })
    if (part === undefined) return
    part.position = Math.max(part.position, offset)
    part.restored += records
    if (!part.ended && part.position >= part.to) this.#end(part)
  }

  /** Finds where to go on, and copies the tables, all their partitions through one consumer. */
  async copyTables(signal: AbortSignal): Promise<void> {
    const { consumer, listener } = this.#options
    this.#parts = await this.#plan()
    for (const part of this.#parts) listener.onRestoreStart(this.#event(part))
    for (const part of this.#parts) if (part.position >= part.to) this.#end(part)
    const open = () => this.#parts.filter(({ global, position, to }) => global.copied && position < to)
    if (open().length === 0) return
    await consumer.assign(open().map(({ topic, partition, position }) => ({ topic, partition, offset: position })))
    while (open().length > 0) {
      signal.throwIfAborted()
      for (const batch of await consumer.poll(POLL_MS)) await this.#copy(batch)
    }
  }

  async #plan(): Promise<readonly Part[]> {
    const { topics, stores, admin, clock, logger } = this.#options
    const partitions = topics.flatMap(({ topic, partitions: count }) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition })),
    )
    const [stored, earliest, latest] = await Promise.all([
      stores.positions(),
      admin.earliestOffsets(partitions),
      admin.latestOffsets(partitions),
    ])
    const parts: Part[] = []
    for (const global of topics) {
      const own = partitions.filter(({ topic }) => topic === global.topic)
      const places = own.map(place => {
        const position = at(stored, place)
        return { ...place, position, first: at(earliest, place) ?? 0, to: at(latest, place) ?? 0 }
      })
      const known = places.some(({ position }) => position !== undefined)
      const lost = places.find(
        ({ position, first, to }) => position !== undefined && (position < first || position > to),
      )
      if (lost !== undefined) {
        const { topic, partition, position, first, to } = lost
        const fields = { store: global.store, topic, partition, position, earliest: first, latest: to }
        logger.warn(
          fields,
          'the topic no longer contains the position of the global store: reading it from the beginning',
        )
      }
      if (!known || lost !== undefined) {
        const offsets = places.map(({ topic, partition, first }) => ({ topic, partition, offset: first }))
        await stores.clear(global.store, offsets)
      }
      for (const { topic, partition, position, first, to } of places) {
        const from = lost === undefined ? (position ?? first) : first
        const startedAt = clock.monotonic()
        parts.push({ global, topic, partition, from, to, startedAt, position: from, restored: 0, ended: false })
      }
    }
    return parts
  }

  async #copy(batch: FetchedBatch): Promise<void> {
    const { stores, listener } = this.#options
    const part = this.#find(batch)
    if (part === undefined) return
    const codec = stores.codecs.get(part.global.store)!
    const keys: Uint8Array[] = []
    const values: (Uint8Array | null)[] = []
    const made = new ByteSink()
    const cursor = batch.cursor()
    while (cursor.advance()) {
      if (cursor.offset < part.position || cursor.keyStart < 0) continue
      const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, timestamp } = cursor
      keys.push(codec.restoredKey(keyBytes, keyStart, keyEnd, timestamp))
      values.push(valueStart < 0 ? null : codec.restoredValue(made, valueBytes, valueStart, valueEnd, timestamp))
    }
    const { topic, partition } = part
    await stores.restore(part.global.store, { keys, values }, { topic, partition, offset: batch.nextOffset })
    this.advance({ topic, partition, offset: batch.nextOffset }, keys.length)
    if (!part.ended) listener.onRestoreProgress(this.#event(part))
  }

  #end(part: Part): void {
    part.ended = true
    const event = this.#event(part)
    const { store, topic, partition, from, to, restored, milliseconds } = event
    const { logger } = this.#options
    const level = restored > 0 ? 'info' : 'debug'
    logger[level](
      { store, topic, partition, from, to, restored, milliseconds },
      `restored ${restored} records of the global store ${store} in ${milliseconds} ms`,
    )
    this.#options.listener.onRestoreEnd(event)
  }

  #event({ global, topic, partition, from, to, restored, startedAt }: Part): RestoreEvent {
    const milliseconds = this.#options.clock.monotonic() - startedAt
    return { task: 'global', store: global.store, topic, partition, from, to, restored, milliseconds }
  }

  #find({ topic, partition }: TopicPartition): Part | undefined {
    return this.#parts.find(part => part.topic === topic && part.partition === partition)
  }
}

function at(offsets: readonly TopicPartitionOffset[], { topic, partition }: TopicPartition): number | undefined {
  return offsets.find(offset => offset.topic === topic && offset.partition === partition)?.offset
}
