import type { MemoryCluster } from '@millrace/client-memory'
import { type FetchedBatch, millraceError, readyAgain, type RecordCursor, type Serde } from '@millrace/core'
import type { TestRecord } from './test-record.ts'

export interface OutputTopicOptions<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** What an output topic needs of its driver. */
export interface OutputTopicPort {
  readonly cluster: MemoryCluster
  readonly topic: string
  /** @throws MILLRACE_DRIVER_NOT_AWAITED while a call of the test runs */
  beforeRead(): void
}

/**
 * Reads a topic from its first record, committed transactions only. Each `TestOutputTopic` has its own position. Records of
 * one partition are in order; the order between partitions is not defined.
 */
export class TestOutputTopic<K, V> {
  readonly topic: string
  readonly #port: OutputTopicPort
  readonly #options: OutputTopicOptions<K, V>
  readonly #offsets: number[] = []
  readonly #found: RawRecord[] = []
  #next = 0

  /** @internal */
  constructor(port: OutputTopicPort, options: OutputTopicOptions<K, V>) {
    this.topic = port.topic
    this.#port = port
    this.#options = options
  }

  /**
   * The number of unread records.
   * @throws MILLRACE_DRIVER_NOT_AWAITED
   */
  get queueSize(): number {
    this.#fetch()
    return this.#found.length - this.#next
  }

  get isEmpty(): boolean {
    return this.queueSize === 0
  }

  /**
   * @throws MILLRACE_DRIVER_NO_RECORD, and MILLRACE_SERDE_DECODE, by which the record counts as read. MILLRACE_SERDE_NOT_READY, by which it
   * does not: wait for `readyAgain(error)` and call again.
   */
  readRecord(): TestRecord<K, V> {
    if (this.isEmpty) throw millraceError('MILLRACE_DRIVER_NO_RECORD', { topic: this.topic })
    const record = this.#found[this.#next++]!
    try {
      return this.#decoded(record)
    } catch (error) {
      if (readyAgain(error) !== undefined) this.#next -= 1
      throw error
    } finally {
      if (this.#next === this.#found.length) {
        this.#found.length = 0
        this.#next = 0
      }
    }
  }

  #decoded({ key, value, timestamp, headers, partition }: RawRecord): TestRecord<K, V> {
    const { topic } = this
    return {
      key: key === null ? null : this.#options.key.deserialize(key, topic, headers),
      value: value === null ? null : this.#options.value.deserialize(value, topic, headers),
      timestamp,
      headers,
      partition,
    }
  }

  /** @throws as `readRecord` */
  readKeyValue(): readonly [key: K | null, value: V | null] {
    const { key, value } = this.readRecord()
    return [key, value]
  }

  /** @throws as `readRecord` */
  readValue(): V | null {
    return this.readRecord().value
  }

  readRecordsToList(): TestRecord<K, V>[] {
    const { queueSize: length } = this
    const start = this.#next
    try {
      return Array.from({ length }, () => this.readRecord())
    } catch (error) {
      // The caller reads the whole list again.
      if (readyAgain(error) !== undefined) this.#next = start
      throw error
    }
  }

  readKeyValuesToList(): (readonly [key: K | null, value: V | null])[] {
    return this.readRecordsToList().map(({ key, value }) => [key, value])
  }

  readValuesToList(): (V | null)[] {
    return this.readRecordsToList().map(({ value }) => value)
  }

  /** Returns the latest value of each key. Keys are equal if their bytes are equal, so one object stands for each key. */
  readKeyValuesToMap(): Map<K, V | null> {
    const byBytes = new Map<string, readonly [key: K, value: V | null]>()
    while (!this.isEmpty) {
      const bytes = this.#found[this.#next]!.key
      if (bytes === null) throw millraceError('MILLRACE_DRIVER_KEY_MISSING', { topic: this.topic })
      const [key, value] = this.readKeyValue()
      const text = bytes.toString('latin1')
      byBytes.set(text, [byBytes.get(text)?.[0] ?? (key as K), value])
    }
    return new Map(byBytes.values())
  }

  #fetch(): void {
    const { cluster, topic, beforeRead } = this.#port
    beforeRead()
    const partitions = cluster.partitionCount(topic) ?? 0
    const batches: FetchedBatch[] = []
    for (let partition = 0; partition < partitions; partition++) {
      const log = cluster.log({ topic, partition })
      const offset = Math.max(this.#offsets[partition] ?? 0, log.startOffset)
      this.#offsets[partition] = log.fetch({ offset, maxBytes: Number.POSITIVE_INFINITY, committedOnly: true }, batches)
    }
    for (const batch of batches) {
      const cursor = batch.cursor()
      while (cursor.advance()) this.#found.push(rawRecord(cursor, batch.partition))
    }
  }
}

interface RawRecord extends Omit<TestRecord<unknown, unknown>, 'key' | 'value'> {
  readonly key: Buffer | null
  readonly value: Buffer | null
}

function rawRecord(cursor: RecordCursor, partition: number): RawRecord {
  const { keyStart, keyEnd, valueStart, valueEnd } = cursor
  return {
    key: keyStart < 0 ? null : cursor.keyBytes.subarray(keyStart, keyEnd),
    value: valueStart < 0 ? null : cursor.valueBytes.subarray(valueStart, valueEnd),
    timestamp: cursor.timestamp,
    headers: cursor.headers(),
    partition,
  }
}
