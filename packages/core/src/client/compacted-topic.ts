import { isMillraceError, millraceError } from '../errors/millrace-error.ts'
import type { Clock } from '../ports/clock.ts'
import type { Consumer, KafkaClient, Producer } from '../ports/client.ts'
import { NO_HEADERS } from '../record/headers.ts'

export interface CompactedTopicOptions {
  readonly client: KafkaClient
  readonly clock: Clock
  readonly topic: string
  /** Of a topic that is created. @default the broker's */
  readonly replicationFactor?: number
  /** Of a topic that is created, besides `cleanup.policy`. */
  readonly configs?: Readonly<Record<string, string>>
  /** With it there is one writer at a time: who opens the topic for writing fences the writer before. @default several may write */
  readonly transactionalId?: string
}

/** A record; a value of `null` deletes the key. */
export interface CompactedRecord {
  readonly key: Buffer
  readonly value: Buffer | null
}

const POLL_MS = 200
/** How long the topic's end may take to arrive, in milliseconds. */
const READ_LIMIT_MS = 60_000
const RETRY_MS = 200

/**
 * A topic of one partition that keeps the latest value of each key, as a map that survives restarts. What it is read into belongs to
 * the caller.
 */
export class CompactedTopic {
  readonly topic: string
  readonly #options: CompactedTopicOptions
  readonly #apply: (record: CompactedRecord) => void
  #consumer: Consumer | undefined
  #producer: Producer | undefined
  #position = 0
  /** Reads follow one another. */
  #reading: Promise<void> = Promise.resolve()

  /** @param apply is told each record once, in the order of the topic */
  constructor(options: CompactedTopicOptions, apply: (record: CompactedRecord) => void) {
    this.topic = options.topic
    this.#options = options
    this.#apply = apply
  }

  /**
   * Creates the topic unless it exists.
   * @throws MILLRACE_COMPACTED_TOPIC if it has more than one partition, or is not compacted
   */
  async create(): Promise<void> {
    const { client, topic, clock, replicationFactor, configs } = this.#options
    const admin = client.admin()
    let [found] = await patiently(clock, () => admin.describeTopics([topic]))
    if (found === undefined) {
      const named = { name: topic, partitions: 1, configs: { ...configs, 'cleanup.policy': 'compact' } }
      try {
        await admin.createTopics([{ ...named, ...(replicationFactor !== undefined && { replicationFactor }) }])
      } catch (error) {
        if (!isMillraceError(error) || error.code !== 'MILLRACE_TOPIC_EXISTS') throw error
      }
      ;[found] = await patiently(clock, () => admin.describeTopics([topic]))
    }
    if (found !== undefined && found.partitions !== 1)
      throw millraceError('MILLRACE_COMPACTED_TOPIC', { topic, reason: `it has ${found.partitions} partitions, not 1` })
    const policy = (await patiently(clock, () => admin.describeTopicConfigs(topic)))['cleanup.policy']
    if (policy !== undefined && policy !== 'compact')
      throw millraceError('MILLRACE_COMPACTED_TOPIC', {
        topic,
        reason: `its cleanup.policy is ${policy}: records expire`,
      })
  }

  /** Fences earlier writers, if there is a transactional id. What they have written is read by the next `catchUp`. */
  async openForWriting(): Promise<void> {
    await this.#producer?.close()
    this.#producer = undefined
    const { client, transactionalId, clock } = this.#options
    const producer = client.producer(transactionalId === undefined ? {} : { transactionalId })
    await patiently(clock, () => producer.init())
    this.#producer = producer
  }

  /** Reads what is in the topic by now. @throws MILLRACE_CLIENT_UNAVAILABLE when it does not arrive within a minute */
  catchUp(): Promise<void> {
    const result = this.#reading.then(() => this.#catchUp())
    this.#reading = result.catch(() => {})
    return result
  }

  /**
   * Writes the records, all or none where there is a transactional id.
   * @throws of kind `fenced` when another writer has opened the topic; after any failure it has to be opened for writing again
   */
  async write(records: readonly CompactedRecord[]): Promise<void> {
    const { transactionalId, clock } = this.#options
    if (this.#producer === undefined) await this.openForWriting()
    const producer = this.#producer!
    try {
      if (transactionalId !== undefined) producer.begin()
      const appender = producer.topic(this.topic)
      const none = Buffer.alloc(0)
      for (const { key, value } of records) {
        const [bytes, start, end] = value === null ? [none, -1, -1] : [value, 0, value.length]
        appender.append(0, clock.now(), key, 0, key.length, bytes, start, end, NO_HEADERS)
        await producer.pending()
      }
      await (transactionalId === undefined ? producer.flush() : producer.commit())
    } catch (error) {
      this.#producer = undefined
      await producer.close().catch(() => {})
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#reading
    await this.#consumer?.close()
    await this.#producer?.close()
  }

  async #catchUp(): Promise<void> {
    const { client, clock, topic } = this.#options
    const partition = { topic, partition: 0 }
    const admin = client.admin()
    const [end] = await patiently(clock, () => admin.latestOffsets([partition]))
    const consumer = (this.#consumer ??= client.consumer({ isolationLevel: 'read_committed' }))
    if (this.#position === 0) {
      const [first] = await patiently(clock, () => admin.earliestOffsets([partition]))
      this.#position = first!.offset
    }
    await consumer.assign([{ ...partition, offset: this.#position }])
    const limit = clock.monotonic() + READ_LIMIT_MS
    while (this.#position < end!.offset) {
      if (clock.monotonic() > limit)
        throw millraceError('MILLRACE_CLIENT_NOT_YET', {
          operation: `reading ${topic}`,
          reason: 'its end does not arrive',
        })
      for (const batch of await patiently(clock, () => consumer.poll(POLL_MS))) {
        const cursor = batch.cursor()
        while (cursor.advance()) {
          if (cursor.offset < this.#position || cursor.keyStart < 0) continue
          const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = cursor
          const value = valueStart < 0 ? null : Buffer.from(valueBytes.subarray(valueStart, valueEnd))
          this.#apply({ key: Buffer.from(keyBytes.subarray(keyStart, keyEnd)), value })
        }
        this.#position = Math.max(this.#position, batch.nextOffset)
      }
    }
  }
}

/** Tries again what fails in a way that passes, such as a topic without a leader yet. */
async function patiently<T>(clock: Clock, run: () => Promise<T>): Promise<T> {
  const limit = clock.monotonic() + READ_LIMIT_MS
  for (;;) {
    try {
      return await run()
    } catch (error) {
      const passes = isMillraceError(error, 'retriable') || isMissing(error)
      if (!passes || clock.monotonic() > limit) throw error
      await clock.sleep(RETRY_MS)
    }
  }
}

/** A topic that was created a moment ago is not known to all brokers. */
function isMissing(error: unknown): boolean {
  return isMillraceError(error) && error.code === 'MILLRACE_TOPIC_MISSING'
}
