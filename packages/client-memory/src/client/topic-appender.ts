import {
  type AppenderOptions,
  checkRecordFits,
  RecordBatchBuilder,
  recordBatchBytesOfOne,
  type Headers,
  type TopicAppender,
} from '@millrace/core'
import type { PartitionLog } from '../log/partition-log.ts'
import type { ProducerIdentity } from '../transactions/marker-queue.ts'

/** What becomes of the batches that an appender fills. */
export interface BatchSender {
  /** A partition begins a batch: whether it may is checked here, once a batch. */
  openBatch(appender: PartitionAppender): void
  send(appender: PartitionAppender, builder: RecordBatchBuilder, origins: readonly unknown[]): void
}

export class MemoryTopicAppender implements TopicAppender {
  readonly topic: string
  readonly #sender: BatchSender
  readonly #maxBytes: number
  readonly #partitions: (PartitionAppender | undefined)[] = []

  constructor(topic: string, sender: BatchSender, maxBytes: number) {
    this.topic = topic
    this.#sender = sender
    this.#maxBytes = maxBytes
  }

  check(keyStart: number, keyEnd: number, valueStart: number, valueEnd: number, headers: Headers): void {
    checkRecordFits(this.topic, this.#maxBytes, keyStart, keyEnd, valueStart, valueEnd, headers)
  }

  append(
    partition: number,
    timestamp: number,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
    headers: Headers,
    origin?: unknown,
  ): void {
    const appender = this.#appender(partition)
    const { builder } = appender
    if (builder?.append(timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers) === true) {
      appender.origins.push(origin)
      return
    }
    checkRecordFits(this.topic, this.#maxBytes, keyStart, keyEnd, valueStart, valueEnd, headers)
    appender.send()
    appender.open().append(timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers)
    appender.origins.push(origin)
  }

  /** The same way into the topic, for records that are made of something, and where the topic takes smaller batches. */
  with({ origin, maxBatchBytes = this.#maxBytes }: AppenderOptions): TopicAppender {
    const limit = Math.min(maxBatchBytes, this.#maxBytes)
    return {
      topic: this.topic,
      check: (keyStart, keyEnd, valueStart, valueEnd, headers) =>
        checkRecordFits(this.topic, limit, keyStart, keyEnd, valueStart, valueEnd, headers),
      append: (partition, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers) => {
        if (limit < this.#maxBytes) {
          checkRecordFits(this.topic, limit, keyStart, keyEnd, valueStart, valueEnd, headers)
          const appender = this.#appender(partition)
          const bytes = recordBatchBytesOfOne(keyStart, keyEnd, valueStart, valueEnd, headers)
          if ((appender.builder?.byteLength ?? 0) + bytes > limit) appender.send()
        }
        const made = origin?.()
        this.append(partition, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers, made)
      },
    }
  }

  #appender(partition: number): PartitionAppender {
    this.#partitions[partition] ??= new PartitionAppender(this.topic, partition, this.#sender, this.#maxBytes)
    return this.#partitions[partition]
  }
}

/** One partition as a producer sees it. */
export class PartitionAppender {
  readonly topic: string
  readonly partition: number
  /** The batch under construction. */
  builder: RecordBatchBuilder | undefined
  /** What each record of it is made of. */
  origins: unknown[] = []
  log: PartitionLog | undefined
  /** The transaction that the partition was last added to. */
  transaction = 0
  nextSequence = 0
  /** The offset after the last record sent. */
  end = 0
  readonly #sender: BatchSender
  readonly #maxBytes: number
  #identity: ProducerIdentity | undefined
  #spare: RecordBatchBuilder | undefined
  /** What the next batch will probably need. */
  #expectedBytes = 512

  constructor(topic: string, partition: number, sender: BatchSender, maxBytes: number) {
    this.topic = topic
    this.partition = partition
    this.#sender = sender
    this.#maxBytes = maxBytes
  }

  open(): RecordBatchBuilder {
    this.#sender.openBatch(this)
    const options = { maxBytes: this.#maxBytes, initialBytes: this.#expectedBytes }
    const builder = this.#spare ?? new RecordBatchBuilder(options)
    this.#spare = undefined
    this.builder = builder
    return builder
  }

  /** The log did not take its buffer. */
  reuse(builder: RecordBatchBuilder): void {
    builder.reset()
    this.#spare = builder
  }

  send(): void {
    const { builder, origins } = this
    if (builder === undefined) return
    this.builder = undefined
    this.origins = []
    this.#expectedBytes = Math.min(this.#maxBytes, Math.max(512, builder.byteLength + (builder.byteLength >>> 3)))
    this.#sender.send(this, builder, origins)
  }

  drop(): void {
    this.builder = undefined
    this.origins = []
  }

  /** The sequence starts again with each producer id and epoch. */
  sequenceOf(identity: ProducerIdentity): number {
    if (this.#identity !== identity) {
      this.#identity = identity
      this.nextSequence = 0
    }
    return this.nextSequence
  }
}
