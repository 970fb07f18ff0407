import type { Admin, Clock, CommittedOffset, Logger, TopicPartition, TopicPartitionOffset } from '@millrace/core'

export interface RepartitionPurgeOptions {
  readonly admin: Pick<Admin, 'deleteRecords'>
  readonly clock: Clock
  readonly logger: Logger
  readonly intervalMs: number
  /**
   * What the group has committed, without offsets that wait for the end of a transaction. Under exactly-once: an acknowledged commit may
   * lose its markers (KAFKA-20734), and as long as they are missing its input must not be deleted. @default each commit counts
   */
  readonly stableOffsets?: (partitions: readonly TopicPartition[]) => Promise<readonly TopicPartitionOffset[]>
  /** Whether a topic, by its real name, holds nothing that anybody needs once it has been processed. */
  readonly isPurged: (topic: string) => boolean
}

/**
 * Deletes what has been processed from repartition topics, which nothing else shortens: they are kept without limit of time, since
 * a record that nobody has read yet must not go. Only what lies before a committed offset is deleted, so that no restart of any
 * instance looks for it; under exactly-once, before one whose transaction is over everywhere. It runs beside the loop; what fails is logged, and is deleted with the next purge.
 */
export class RepartitionPurge {
  readonly #with: RepartitionPurgeOptions
  /** By topic and partition: committed and not purged yet. */
  readonly #due = new Map<string, TopicPartitionOffset>()
  #last: number
  #underWay: Promise<void> | undefined
  #closed = false

  constructor(options: RepartitionPurgeOptions) {
    this.#with = options
    this.#last = options.clock.monotonic()
  }

  /** The offsets are committed: the owner of the partitions starts there. */
  committed(offsets: readonly CommittedOffset[]): void {
    for (const { topic, partition, offset } of offsets) {
      if (offset > 0 && this.#with.isPurged(topic)) this.#due.set(`${topic}-${partition}`, { topic, partition, offset })
    }
  }

  /** Begins a purge where the interval is over and the last one has ended. */
  purgeIfDue(): void {
    const { clock, intervalMs } = this.#with
    if (
      this.#closed ||
      this.#underWay !== undefined ||
      this.#due.size === 0 ||
      clock.monotonic() - this.#last < intervalMs
    )
      return
    this.#last = clock.monotonic()
    this.#underWay = this.#purge().finally(() => {
      this.#underWay = undefined
    })
  }

  /** What is under way is not waited for: it deletes what nobody needs, whenever the broker gets to it. */
  close(): void {
    this.#closed = true
  }

  async #purge(): Promise<void> {
    const { admin, logger } = this.#with
    let before: readonly (readonly [string, TopicPartitionOffset])[]
    try {
      before = await this.#deletable()
      if (before.length === 0) return
      await admin.deleteRecords(before.map(([, offset]) => offset))
    } catch (error) {
      if (!this.#closed) logger.warn({ error }, 'failed to purge the repartition topics: retrying at the next purge')
      return
    }
    // What was committed meanwhile is for the next one.
    for (const [key, offset] of before) if (this.#due.get(key) === offset) this.#due.delete(key)
  }

  async #deletable(): Promise<readonly (readonly [string, TopicPartitionOffset])[]> {
    const due = [...this.#due]
    const { stableOffsets } = this.#with
    if (stableOffsets === undefined) return due
    const stable = await stableOffsets(due.map(([, { topic, partition }]) => ({ topic, partition })))
    return due.filter(([, { topic, partition, offset }]) =>
      stable.some(one => one.topic === topic && one.partition === partition && one.offset >= offset),
    )
  }
}
