import { setTimeout } from 'node:timers/promises'
import {
  type ClientFactory,
  type Headers,
  isMillraceError,
  NO_HEADERS,
  systemClock,
  type TopicPartition,
} from '@millrace/core'
import { silentLogger } from '@millrace/runtime'

export interface WrittenRecord {
  readonly partition: number
  readonly key: string | Uint8Array | null
  readonly value: string | Uint8Array | null
  readonly timestamp: number
  readonly headers?: Headers
}

export interface ReadRecord extends TopicPartition {
  readonly offset: number
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Headers
  /** Of a record in a transaction, if the client tells: the producer's id and epoch. */
  readonly producer?: string
}

/**
 * How a test sees topics and groups from outside of the application: over a client of its own, which waits for a broker that
 * is away.
 */
export interface TopicIo extends AsyncDisposable {
  createTopic(name: string, partitions: number): Promise<void>
  deleteTopic(name: string): Promise<void>
  produce(topic: string, records: readonly WrittenRecord[]): Promise<void>
  /** Everything from `from`, by default the first record that is left, to where each partition ends now. */
  readAll(topic: string, options?: ReadOptions): Promise<readonly ReadRecord[]>
  /** Offsets by partition: 0 where there is none. */
  committed(groupId: string, topic: string): Promise<readonly number[]>
  ends(topic: string): Promise<readonly number[]>
  /** Names of all topics, sorted. */
  topics(): Promise<readonly string[]>
  /** Records that the group has not committed yet and that are not aborted. */
  unprocessed(groupId: string, topic: string): Promise<number>
}

export interface ReadOptions {
  /** @default 'read_committed' */
  readonly isolationLevel?: 'read_committed' | 'read_uncommitted'
  /** By partition. */
  readonly from?: readonly number[]
}

/** A transaction that nobody ends keeps a committed read from the end for ever. */
const READ_LIMIT_MS = 270_000
const NOTHING = Buffer.alloc(0)

export function topicIo(factory: ClientFactory): TopicIo {
  const client = factory({ clientId: 'test', clock: systemClock, logger: silentLogger })
  const admin = client.admin()
  const producer = client.producer({})
  let initialised: Promise<void> | undefined

  async function partitionsOf(topic: string): Promise<readonly TopicPartition[]> {
    const [found] = await admin.describeTopics([topic])
    if (found === undefined) throw new Error(`there is no topic ${topic}`)
    return Array.from({ length: found.partitions }, (_, partition) => ({ topic, partition }))
  }

  async function ends(topic: string): Promise<readonly number[]> {
    return byPartition(await admin.latestOffsets(await partitionsOf(topic)))
  }

  async function readAll(topic: string, options: ReadOptions = {}): Promise<readonly ReadRecord[]> {
    const until = await ends(topic)
    // Repartition topics are purged.
    const from = options.from ?? byPartition(await admin.earliestOffsets(await partitionsOf(topic)))
    const open = new Map(until.map((end, partition) => [partition, end]))
    for (const [partition, end] of open) if (from[partition]! >= end) open.delete(partition)
    const consumer = client.consumer({ isolationLevel: options.isolationLevel ?? 'read_committed' })
    const records: ReadRecord[] = []
    const deadline = Date.now() + READ_LIMIT_MS
    try {
      await consumer.assign([...open.keys()].map(partition => ({ topic, partition, offset: from[partition]! })))
      while (open.size > 0) {
        if (Date.now() > deadline) throw new Error(`${topic} cannot be read to its end: is a transaction open?`)
        for (const batch of await consumer.poll(500)) {
          const end = open.get(batch.partition)
          if (end === undefined) continue
          const { producerId = -1, producerEpoch = -1 } = batch
          for (const cursor = batch.cursor(); cursor.advance();) {
            if (cursor.offset >= end) break
            records.push({
              topic,
              partition: batch.partition,
              offset: cursor.offset,
              timestamp: cursor.timestamp,
              key: cursor.keyStart < 0 ? null : cursor.keyBytes.subarray(cursor.keyStart, cursor.keyEnd),
              value: cursor.valueStart < 0 ? null : cursor.valueBytes.subarray(cursor.valueStart, cursor.valueEnd),
              headers: cursor.headers(),
              ...(producerId >= 0 && { producer: `${producerId} epoch ${producerEpoch}` }),
            })
          }
          if (batch.nextOffset >= end) open.delete(batch.partition)
        }
      }
    } finally {
      await consumer.close()
    }
    return records
  }

  async function committed(groupId: string, topic: string): Promise<readonly number[]> {
    const partitions = await partitionsOf(topic)
    // While a transaction ends, its offsets are not told.
    const found = await patiently(() => admin.committedOffsets(groupId, partitions))
    return partitions.map(({ partition }) => found.find(each => each.partition === partition)?.offset ?? 0)
  }

  return {
    createTopic: (name, partitions) => admin.createTopics([{ name, partitions }]),
    deleteTopic: name => patiently(() => admin.deleteTopics([name])),
    async produce(topic, records) {
      await (initialised ??= patiently(() => producer.init()))
      const appender = producer.topic(topic)
      for (const { partition, key, value, timestamp, headers = NO_HEADERS } of records) {
        const k = bytesOf(key)
        const v = bytesOf(value)
        const keyStart = key === null ? -1 : 0
        const valueStart = value === null ? -1 : 0
        appender.append(partition, timestamp, k, keyStart, k.length, v, valueStart, v.length, headers)
        await producer.pending()
      }
      await producer.flush()
    },
    readAll: (topic, options) => patiently(() => readAll(topic, options)),
    committed: (groupId, topic) => patiently(() => committed(groupId, topic)),
    ends: topic => patiently(() => ends(topic)),
    topics: () => patiently(async () => (await admin.listTopics()).toSorted()),
    unprocessed: (groupId, topic) =>
      patiently(async () => (await readAll(topic, { from: await committed(groupId, topic) })).length),
    async [Symbol.asyncDispose]() {
      await client.close()
    },
  }
}

/** Tries again what fails for a while only. */
async function patiently<T>(run: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + READ_LIMIT_MS
  for (;;) {
    try {
      return await run()
    } catch (error) {
      if (!isMillraceError(error, 'retriable') || Date.now() > deadline) throw error
      await setTimeout(200)
    }
  }
}

/**
 * The limits of waits are what a quiet machine needs with room to spare. They end what hangs, and assert nothing about speed: on a machine
 * that is busy everything may take this much longer.
 */
const PATIENCE = 3

/** Asks until the answer will do. @throws with `what` when it does not in time, by far */
export async function eventually<T>(
  what: string,
  withinMs: number,
  ask: () => Promise<T>,
  enough: (answer: T) => boolean,
): Promise<T> {
  const deadline = Date.now() + withinMs * PATIENCE
  for (;;) {
    const answer = await ask()
    if (enough(answer)) return answer
    if (Date.now() > deadline)
      throw new Error(`${what}: not within ${withinMs * PATIENCE} ms; last seen: ${JSON.stringify(answer)}`)
    await setTimeout(50)
  }
}

function byPartition(offsets: readonly { readonly partition: number; readonly offset: number }[]): readonly number[] {
  return [...offsets].sort((a, b) => a.partition - b.partition).map(({ offset }) => offset)
}

function bytesOf(value: string | Uint8Array | null): Buffer {
  return value === null ? NOTHING : Buffer.from(value)
}
