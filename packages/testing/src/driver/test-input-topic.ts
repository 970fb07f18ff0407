import { checkedConfigNumber, type Headers, NO_HEADERS, partitionForKey, type Serde } from '@millrace/core'
import type { InputRecord, PipeOptions } from './test-record.ts'

export interface InputTopicOptions<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /** Timestamp of the first record that is given none, in milliseconds since the epoch. @default the driver's wall clock */
  readonly startMs?: number
  /** How far each such record moves the topic's time on. @default 0 */
  readonly autoAdvanceMs?: number
}

export interface PipeListOptions {
  /**
   * `once`: all records are there before the first is processed, and the commit comes when all are, as in production. `each`:
   * one after the other, each with its commits.
   * @default as the driver's `commitEachRecord` says
   */
  readonly commit?: 'once' | 'each'
}

export interface EncodedRecord {
  readonly partition: number
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Headers
}

/** Negative ones too: what a topology does about them is worth a test. */
const TIME = { from: Number.MIN_SAFE_INTEGER, of: 'milliseconds' }

/** What an input topic needs of its driver. */
export interface InputTopicPort {
  readonly topic: string
  readonly partitions: number
  /** Appends the records and runs the topology until nothing is left to do. */
  pipe(call: string, records: readonly EncodedRecord[], commit: PipeListOptions['commit']): Promise<void>
}

/**
 * The way into a topic. Each call resolves when the topology has done all that follows from its records, and throws what
 * the topology throws.
 */
export class TestInputTopic<K, V> {
  readonly topic: string
  readonly #port: InputTopicPort
  readonly #options: InputTopicOptions<K, V>
  #time: number
  #next = 0

  /** @internal */
  constructor(port: InputTopicPort, options: InputTopicOptions<K, V>, nowMs: number) {
    this.topic = port.topic
    this.#port = port
    this.#options = options
    const { startMs, autoAdvanceMs } = options
    if (startMs !== undefined) checkedConfigNumber('startMs', startMs, TIME)
    if (autoAdvanceMs !== undefined) checkedConfigNumber('autoAdvanceMs', autoAdvanceMs, TIME)
    this.#time = startMs ?? nowMs
  }

  /** Moves the topic's own time on; the driver's wall clock stays. */
  advanceTime(ms: number): void {
    this.#time += checkedConfigNumber('ms of advanceTime', ms, TIME)
  }

  /** One record; of its value alone, or of key and value. */
  pipeInput(value: V | null): Promise<void>
  pipeInput(key: K | null, value: V | null, options?: PipeOptions): Promise<void>
  async pipeInput(...args: readonly unknown[]): Promise<void> {
    const record =
      args.length === 1 ? { value: args[0] } : { key: args[0], value: args[1], ...(args[2] as PipeOptions | undefined) }
    await this.#port.pipe('pipeInput', [this.#encode(record as InputRecord<K, V>)], undefined)
  }

  async pipeRecords(records: Iterable<InputRecord<K, V>>, options: PipeListOptions = {}): Promise<void> {
    const encoded = Array.from(records, record => this.#encode(record))
    if (options.commit === 'once') return await this.#port.pipe('pipeRecords', encoded, 'once')
    for (const record of encoded) await this.#port.pipe('pipeRecords', [record], options.commit)
  }

  pipeKeyValues(pairs: Iterable<readonly [K | null, V | null]>, options?: PipeListOptions): Promise<void> {
    return this.pipeRecords(
      Array.from(pairs, ([key, value]) => ({ key, value })),
      options,
    )
  }

  pipeValues(values: Iterable<V | null>, options?: PipeListOptions): Promise<void> {
    return this.pipeRecords(
      Array.from(values, value => ({ value })),
      options,
    )
  }

  #encode({ key = null, value, timestamp, headers = NO_HEADERS, partition }: InputRecord<K, V>): EncodedRecord {
    const { topic } = this
    const keyBytes = key === null ? null : this.#options.key.serialize(key, topic, headers)
    const valueBytes = value === null ? null : this.#options.value.serialize(value, topic, headers)
    const at = timestamp === undefined ? this.#time : checkedConfigNumber('timestamp', timestamp, TIME)
    if (partition !== undefined) checkedConfigNumber('partition', partition, { from: 0, to: this.#port.partitions - 1 })
    if (timestamp === undefined) this.#time += this.#options.autoAdvanceMs ?? 0
    return {
      partition: partition ?? this.#partitionOf(keyBytes),
      timestamp: at,
      key: keyBytes,
      value: valueBytes,
      headers,
    }
  }

  #partitionOf(key: Uint8Array | null): number {
    const { partitions } = this.#port
    return key === null ? this.#next++ % partitions : partitionForKey(key, 0, key.length, partitions)
  }
}
