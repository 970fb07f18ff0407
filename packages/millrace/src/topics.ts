import {
  checkedConfigNumber,
  isMillraceError,
  isPromise,
  NO_HEADERS,
  millraceError,
  partitionForKey,
  systemClock,
  whenReady,
  withRecordHeaders,
  type Admin,
  type ClientFactory,
  type Consumer,
  type FetchedBatch,
  type Headers,
  type KafkaClient,
  type Logger,
  type NewTopic,
  type Position,
  type Producer,
  type Serde,
  aFunction,
  aLogger,
  aNewTopic,
  anIterable,
  aRecord,
  aText,
  checkArguments,
  hasMethods,
  listOf,
  OF_AN_APPLICATION,
  oneOf,
  optional,
  optionsOf,
  topicSerdes,
  openClient,
} from '@millrace/core'
import { consoleLogger } from '@millrace/runtime'

/** The serdes of a topic. */
export interface TopicSerdes<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
}

export interface RecordToWrite<K, V> {
  /** @default null */
  readonly key?: K | null
  readonly value: V | null
  /** The timestamp, in milliseconds since the epoch. @default now */
  readonly timestamp?: number
  readonly headers?: Headers
}

export interface ReadRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly headers: Headers
  readonly partition: number
  readonly offset: number
}

export interface ReadOptions {
  /** `earliest` reads from the start of the topic, `latest` only records that arrive after the call. @default 'earliest' */
  readonly from?: 'earliest' | 'latest'
  /** Stops the iteration when aborted. */
  readonly signal?: AbortSignal
}

const CLIENT = ['client', aFunction] as const
const TOPIC = ['topic', aText] as const
const SERDES = ['serdes', topicSerdes] as const
const OPENING = optionsOf({ logger: optional(aLogger) }, OF_AN_APPLICATION)
const READING = optionsOf({
  from: optional(oneOf('earliest', 'latest')),
  signal: optional(hasMethods('an AbortSignal', 'addEventListener')),
})

/** How long a read waits at a time, so that it notices that it is to end. */
const POLL_MS = 200

/**
 * Opens plain access to topics for scripts, examples and tests: create, write and read them. It is not part of a topology and
 * not part of its transactions.
 *
 * @example
 * const topics = await openTopics(kafka({ brokers }))
 * await topics.create({ name: 'lines', partitions: 4 })
 * await topics.write('lines', { key: string(), value: string() }, [{ value: 'to be or not to be' }])
 * await topics.close()
 */
export async function openTopics(factory: ClientFactory, options: { readonly logger?: Logger } = {}): Promise<Topics> {
  const arguments_ = [CLIENT, ['options', OPENING]] as const
  checkArguments('openTopics', arguments_, [factory, options])
  const client = openClient(factory, {
    clientId: 'millrace-topics',
    clock: systemClock,
    logger: options.logger ?? consoleLogger(),
  })
  const producer = client.producer({})
  await producer.init()
  return new Topics(client, producer)
}

/**
 * Creates those of the topics that do not exist, as before the first start of an application. Existing ones stay as they are.
 *
 * @example
 * await createTopics(kafka({ brokers }), { name: 'lines', partitions: 4 }, { name: 'word-counts', partitions: 4 })
 */
export async function createTopics(client: ClientFactory, ...topics: readonly NewTopic[]): Promise<void> {
  checkArguments('createTopics', [CLIENT, ['topics', listOf(aNewTopic, 'topics')]], [client, topics])
  const opened = openClient(client, { clientId: 'millrace-topics', clock: systemClock, logger: consoleLogger() })
  const admin = opened.admin()
  try {
    await createMissing(admin, topics)
  } finally {
    await admin.close()
    await opened.close()
  }
}

/** Another process may create the same topic at the same time. */
async function createMissing(admin: Admin, topics: readonly NewTopic[]): Promise<void> {
  const there = new Set(await admin.listTopics())
  for (const topic of topics.filter(({ name }) => !there.has(name))) {
    try {
      await admin.createTopics([topic])
    } catch (error) {
      if (!isMillraceError(error) || error.code !== 'MILLRACE_TOPIC_EXISTS') throw error
    }
  }
}

export class Topics {
  readonly #client: KafkaClient
  readonly #admin: Admin
  readonly #producer: Producer
  readonly #partitions = new Map<string, number>()
  #next = 0

  /** @internal */
  constructor(client: KafkaClient, producer: Producer) {
    this.#client = client
    this.#admin = client.admin()
    this.#producer = producer
  }

  /** Creates the topics that do not exist. */
  async create(...topics: readonly NewTopic[]): Promise<void> {
    checkArguments('create', [['topics', listOf(aNewTopic, 'topics')]], [topics])
    await createMissing(this.#admin, topics)
  }

  /** Returns the names of all topics. */
  names(): Promise<readonly string[]> {
    return this.#admin.listTopics()
  }

  async delete(...names: readonly string[]): Promise<void> {
    checkArguments('delete', [['names', listOf(aText, 'names')]], [names])
    if (names.length > 0) await this.#admin.deleteTopics(names)
  }

  /**
   * Writes records. Resolves when all of them are acknowledged, with their position: a query can wait for it with `after`. Keys go to the same partitions as with Kafka's own producers;
   * records without a key are distributed round-robin.
   * @throws MILLRACE_TOPIC_MISSING, MILLRACE_SERDE_ENCODE
   */
  async write<K, V>(
    topic: string,
    serdes: TopicSerdes<K, V>,
    records: Iterable<RecordToWrite<K, V>>,
  ): Promise<Position> {
    const written = new Set<number>()
    checkArguments('write', [TOPIC, SERDES, ['records', anIterable]], [topic, serdes, records])
    const partitions = await this.#partitionsOf(topic)
    const appender = this.#producer.topic(topic)
    for (const record of records) {
      checkArguments('write', [['record', aRecord]], [record])
      const { key = null, value, timestamp = Date.now(), headers = NO_HEADERS } = record
      checkedConfigNumber('timestamp', timestamp, { from: 0, of: 'milliseconds' })
      const sent = { headers }
      const encodedKey = key === null ? NO_BYTES : whenReady(() => encoded(serdes.key, key, topic, sent))
      const keyBytes = isPromise(encodedKey) ? await encodedKey : encodedKey
      const encodedValue = value === null ? NO_BYTES : whenReady(() => encoded(serdes.value, value, topic, sent))
      const valueBytes = isPromise(encodedValue) ? await encodedValue : encodedValue
      const partition =
        key === null ? this.#next++ % partitions : partitionForKey(keyBytes, 0, keyBytes.length, partitions)
      const keyStart = key === null ? -1 : 0
      const valueStart = value === null ? -1 : 0
      const [keyEnd, valueEnd] = [keyBytes.length, valueBytes.length]
      written.add(partition)
      appender.append(partition, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, sent.headers)
      const full = this.#producer.pending()
      if (full !== undefined) await full
    }
    const acknowledged = await this.#producer.flush()
    return acknowledged
      .filter(next => next.topic === topic && written.has(next.partition))
      .map(({ partition, offset }) => ({ topic, partition, offset: offset - 1 }))
  }

  /**
   * Reads the committed records of a topic as they arrive. The iteration continues until you leave it or `signal` is aborted.
   * @throws MILLRACE_TOPIC_MISSING; while iterating, MILLRACE_SERDE_DECODE
   */
  async read<K, V>(
    topic: string,
    serdes: TopicSerdes<K, V>,
    options: ReadOptions = {},
  ): Promise<AsyncIterable<ReadRecord<K, V>>> {
    checkArguments('read', [TOPIC, SERDES, ['options', READING]], [topic, serdes, options])
    const { from = 'earliest', signal } = options
    const count = await this.#partitionsOf(topic)
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
    const offsets =
      from === 'earliest' ? this.#admin.earliestOffsets(partitions) : this.#admin.latestOffsets(partitions)
    const consumer = this.#client.consumer({ isolationLevel: 'read_committed' })
    await consumer.assign(await offsets)
    return records(consumer, serdes, signal)
  }

  async close(): Promise<void> {
    await this.#producer.close()
    await this.#client.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #partitionsOf(topic: string): Promise<number> {
    const known = this.#partitions.get(topic)
    if (known !== undefined) return known
    const [description] = await this.#admin.describeTopics([topic])
    if (description === undefined) throw millraceError('MILLRACE_TOPIC_MISSING', { topic })
    this.#partitions.set(topic, description.partitions)
    return description.partitions
  }
}

async function* records<K, V>(
  consumer: Consumer,
  serdes: TopicSerdes<K, V>,
  signal: AbortSignal | undefined,
): AsyncGenerator<ReadRecord<K, V>, void, undefined> {
  const wake = () => consumer.wakeup()
  signal?.addEventListener('abort', wake)
  try {
    while (signal?.aborted !== true) {
      for (const batch of await consumer.poll(POLL_MS)) yield* decoded(batch, serdes)
    }
  } finally {
    signal?.removeEventListener('abort', wake)
    await consumer.close()
  }
}

/** A promise where a serde must fetch something first. The cursor stays where it is until it is awaited. */
function* decoded<K, V>(
  batch: FetchedBatch,
  serdes: TopicSerdes<K, V>,
): Generator<ReadRecord<K, V> | Promise<ReadRecord<K, V>>> {
  const { topic, partition } = batch
  const cursor = batch.cursor()
  while (cursor.advance()) {
    const { keyStart, keyEnd, valueStart, valueEnd, timestamp, offset } = cursor
    const headers = cursor.headers()
    const [keyBytes, valueBytes] = [cursor.keyBytes, cursor.valueBytes]
    yield whenReady(() => ({
      key: keyStart < 0 ? null : serdes.key.deserialize(keyBytes.subarray(keyStart, keyEnd), topic, headers),
      value:
        valueStart < 0 ? null : serdes.value.deserialize(valueBytes.subarray(valueStart, valueEnd), topic, headers),
      timestamp,
      headers,
      partition,
      offset,
    }))
  }
}

const NO_BYTES = Buffer.alloc(0)

/** Puts the headers of the serde beside the record's own. */
function encoded<T>(serde: Serde<T>, value: T, topic: string, sent: { headers: Headers }): Buffer {
  if (serde.serializeRecord === undefined) return asBuffer(serde.serialize(value, topic, sent.headers))
  const part = serde.serializeRecord(value, topic)
  sent.headers = withRecordHeaders(sent.headers, serde.headerKeys, part.headers)
  return asBuffer(part.bytes)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
