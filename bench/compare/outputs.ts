import { crc32c, type KafkaClient, type RecordCursor } from '@millrace/core'
import type { ThroughputWorkload } from './workload.ts'

/** What an application has written, so far as two applications must agree on it. */
export interface OutputDigest {
  /** Records that count: all of them, or the last ones of each key. */
  readonly records: number
  readonly digest: string
  /** Of keys and values alone, for applications that stamp or place records in another way by design. */
  readonly values: string
}

const LIMIT_MS = 300_000

/**
 * Reads a topic to its end and makes two digests of its records: of key, value, timestamp and partition, and of key and value. The sums do
 * not depend on the order in which keys and partitions are read.
 */
export async function digestOutput(
  client: KafkaClient,
  topic: string,
  compare: ThroughputWorkload['compare'],
): Promise<OutputDigest> {
  const all = COLLECTORS[compare](compare === 'last-value' ? { ...EVERYTHING, timeOf: () => 0 } : EVERYTHING)
  const values = COLLECTORS[compare](KEY_AND_VALUE)
  await readAll(client, topic, (partition, cursor) => {
    all.add(partition, cursor)
    values.add(partition, cursor)
  })
  return { ...all.digest(), values: values.digest().digest }
}

/** What counts beside key and value. */
interface Scope {
  partitionOf(partition: number): number
  timeOf(record: RecordCursor): number
}

const EVERYTHING: Scope = { partitionOf: partition => partition, timeOf: ({ timestamp }) => timestamp }
const KEY_AND_VALUE: Scope = { partitionOf: () => 0, timeOf: () => 0 }

interface Collector {
  add(partition: number, record: RecordCursor): void
  digest(): Omit<OutputDigest, 'values'>
}

const COLLECTORS: Readonly<Record<ThroughputWorkload['compare'], (scope: Scope) => Collector>> = {
  'any-order': scope => {
    const sum = new Sum()
    return { add: (partition, record) => sum.add(hashOf(scope, partition, record)), digest: () => sum.digest() }
  },
  each: scope => {
    const byKey = new Map<string, number>()
    let records = 0
    return {
      add(partition, record) {
        records++
        const key = keyOf(scope, partition, record)
        byKey.set(key, mix(byKey.get(key) ?? 17, hashOf(scope, partition, record)))
      },
      digest: () => ({ ...sumOf(byKey.values()), records }),
    }
  },
  last: lastOfKeys,
  'last-value': lastOfKeys,
}

function lastOfKeys(scope: Scope): Collector {
  const byKey = new Map<string, number>()
  return {
    add(partition, record) {
      const key = keyOf(scope, partition, record)
      if (record.valueStart < 0) byKey.delete(key)
      else byKey.set(key, hashOf(scope, partition, record))
    },
    digest: () => sumOf(byKey.values()),
  }
}

function keyOf(scope: Scope, partition: number, record: RecordCursor): string {
  const { keyStart, keyEnd, keyBytes } = record
  const place = scope.partitionOf(partition)
  return keyStart < 0 ? `${place}` : `${place} ${keyBytes.toString('latin1', keyStart, keyEnd)}`
}

function sumOf(hashes: Iterable<number>): ReturnType<Collector['digest']> {
  const sum = new Sum()
  for (const hash of hashes) sum.add(hash)
  return sum.digest()
}

/** Two sums of 32-bit numbers: one of them, one of them mixed, so that two changes hardly cancel out. */
class Sum {
  #count = 0
  #plain = 0n
  #mixed = 0n

  add(hash: number): void {
    this.#count++
    this.#plain += BigInt(hash)
    this.#mixed += BigInt(Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0)
  }

  digest(): ReturnType<Collector['digest']> {
    return { records: this.#count, digest: `${this.#plain.toString(16)}-${this.#mixed.toString(16)}` }
  }
}

const head = Buffer.alloc(12)

function hashOf(scope: Scope, partition: number, record: RecordCursor): number {
  head.writeInt32BE(scope.partitionOf(partition), 0)
  head.writeDoubleBE(scope.timeOf(record), 4)
  let hash = crc32c(head, 0, head.length)
  if (record.keyStart >= 0) hash = mix(hash, crc32c(record.keyBytes, record.keyStart, record.keyEnd))
  if (record.valueStart >= 0) hash = mix(hash, crc32c(record.valueBytes, record.valueStart, record.valueEnd))
  return hash
}

function mix(a: number, b: number): number {
  return (Math.imul(a, 0x9e3779b1) + b) >>> 0
}

async function readAll(
  client: KafkaClient,
  topic: string,
  visit: (partition: number, record: RecordCursor) => void,
): Promise<void> {
  const admin = client.admin()
  const [found] = await admin.describeTopics([topic])
  if (found === undefined) throw new Error(`there is no topic ${topic}`)
  const partitions = Array.from({ length: found.partitions }, (_, partition) => ({ topic, partition }))
  const ends = new Map((await admin.latestOffsets(partitions)).map(({ partition, offset }) => [partition, offset]))
  for (const [partition, end] of ends) if (end === 0) ends.delete(partition)
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  const deadline = performance.now() + LIMIT_MS
  try {
    await consumer.assign([...ends.keys()].map(partition => ({ topic, partition, offset: 0 })))
    while (ends.size > 0) {
      if (performance.now() > deadline) throw new Error(`${topic} could not be read to its end`)
      for (const batch of await consumer.poll(500)) {
        for (const cursor = batch.cursor(); cursor.advance();) visit(batch.partition, cursor)
        if (batch.nextOffset >= (ends.get(batch.partition) ?? Number.POSITIVE_INFINITY)) ends.delete(batch.partition)
      }
    }
  } finally {
    await consumer.close()
  }
}
