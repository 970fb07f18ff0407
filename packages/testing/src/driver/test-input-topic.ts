import {
  checkedConfigNumber,
  type Headers,
  NO_HEADERS,
  partitionForKey,
  type Serde,
  withRecordHeaders,
  anIterable,
  aRecord,
  type Check,
  checkArguments,
  checkedInside,
  mustBe,
  oneOf,
  optional,
  optionsOf,
  someHeaders,
} from '@millrace/core'
import type { InputRecord, PipeOptions } from './test-record.ts'

export interface InputTopicOptions<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
  /**
   * The timestamp of the first record without a given timestamp, in milliseconds since the epoch.
   * @default the wall clock of the driver
   */
  readonly startMs?: number
  /** How far each record without a given timestamp advances the time of the topic, in milliseconds. @default 0 */
  readonly autoAdvanceMs?: number
}

export interface PipeListOptions {
  /**
   * `once` writes all records before the first is processed, and commits after the last, as in production. `each` processes
   * and commits one record after the other.
   * @default as `commitEachRecord` of the driver
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

const VALUE = ['value', checkedInside] as const
const PIPE = optionsOf({ timestamp: checkedInside, headers: optional(someHeaders), partition: checkedInside })
const LIST = optionsOf({ commit: optional(oneOf('once', 'each')) })
const aPair: Check = (given, name) =>
  Array.isArray(given) && given.length === 2 ? undefined : mustBe(name, '[key, value]', given)

/** What an input topic needs of its driver. */
export interface InputTopicPort {
  readonly topic: string
  readonly partitions: number
  /** Appends the records and runs the topology until nothing is left to do. */
  pipe(call: string, records: readonly EncodedRecord[], commit: PipeListOptions['commit']): Promise<void>
}

/**
 * Writes to an input topic. Each call resolves when the topology has processed its records completely, and throws the errors
 * of the topology.
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

  /** Advances the time of the topic, in milliseconds. The wall clock of the driver does not change. */
  advanceTime(ms: number): void {
    this.#time += checkedConfigNumber('ms of advanceTime', ms, TIME)
  }

  /** Writes one record: a value, or a key and a value. */
  pipeInput(value: V | null): Promise<void>
  pipeInput(key: K | null, value: V | null, options?: PipeOptions): Promise<void>
  async pipeInput(...args: readonly unknown[]): Promise<void> {
    checkArguments('pipeInput', [VALUE, VALUE, ['options', optional(PIPE)]], args)
    const record =
      args.length === 1 ? { value: args[0] } : { key: args[0], value: args[1], ...(args[2] as PipeOptions | undefined) }
    // Without a wait where there is nothing to wait for: a call that was not awaited is noticed at once.
    if (this.#prepares) await this.#prepare()
    await this.#port.pipe('pipeInput', [this.#encode(record as InputRecord<K, V>)], undefined)
  }

  async pipeRecords(records: Iterable<InputRecord<K, V>>, options: PipeListOptions = {}): Promise<void> {
    checkArguments(
      'pipeRecords',
      [
        ['records', anIterable],
        ['options', LIST],
      ],
      [records, options],
    )
    if (this.#prepares) await this.#prepare()
    const encoded = Array.from(records, record => this.#encode(record))
    if (options.commit === 'once') return await this.#port.pipe('pipeRecords', encoded, 'once')
    for (const record of encoded) await this.#port.pipe('pipeRecords', [record], options.commit)
  }

  async pipeKeyValues(pairs: Iterable<readonly [K | null, V | null]>, options?: PipeListOptions): Promise<void> {
    checkArguments('pipeKeyValues', [['pairs', anIterable]], [pairs])
    await this.pipeRecords(
      Array.from(pairs, pair => {
        checkArguments('pipeKeyValues', [['a pair', aPair]], [pair])
        const [key, value] = pair
        return { key, value }
      }),
      options,
    )
  }

  async pipeValues(values: Iterable<V | null>, options?: PipeListOptions): Promise<void> {
    checkArguments('pipeValues', [['values', anIterable]], [values])
    await this.pipeRecords(
      Array.from(values, value => ({ value })),
      options,
    )
  }

  get #prepares(): boolean {
    return this.#options.key.prepare !== undefined || this.#options.value.prepare !== undefined
  }

  async #prepare(): Promise<void> {
    const { key, value } = this.#options
    await Promise.all([key, value].map(async serde => serde.prepare?.(this.topic, 'write')))
  }

  #encode(record: InputRecord<K, V>): EncodedRecord {
    checkArguments('a record to pipe', [['it', aRecord]], [record])
    const { key = null, value, timestamp, headers: given = NO_HEADERS, partition } = record
    let headers = given
    const encode = <T>(serde: Serde<T>, part: T | null): Uint8Array | null => {
      if (part === null) return null
      if (serde.serializeRecord === undefined) return serde.serialize(part, this.topic, headers)
      const written = serde.serializeRecord(part, this.topic)
      headers = withRecordHeaders(headers, serde.headerKeys, written.headers)
      return written.bytes
    }
    const keyBytes = encode(this.#options.key, key)
    const valueBytes = encode(this.#options.value, value)
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
