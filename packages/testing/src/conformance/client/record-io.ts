import assert from 'node:assert/strict'
import {
  NO_HEADERS,
  type Consumer,
  type ConsumerOptions,
  type FetchedBatch,
  type Headers,
  type Producer,
  type TopicPartition,
} from '@millrace/core'
import type { ClientHarness } from './client-harness.ts'

/** A record as the cases write it down. */
export interface TestRecord {
  readonly partition?: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp?: number
  readonly headers?: Headers
}

export interface ReadRecord extends TopicPartition {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: Headers
}

const NOTHING = Buffer.alloc(0)
/** A time of the present decade, so that no broker's retention deletes the records. */
export const T0 = Date.now()

export async function newTopic(harness: ClientHarness, partitions = 1): Promise<string> {
  const name = harness.uniqueName('topic')
  await harness.client().admin().createTopics([{ name, partitions }])
  return name
}

export async function newProducer(harness: ClientHarness): Promise<Producer> {
  const producer = harness.client().producer({})
  await producer.init()
  return producer
}

export function append(producer: Producer, topic: string, records: readonly TestRecord[]): void {
  const appender = producer.topic(topic)
  for (const { partition = 0, key, value, timestamp = T0, headers = NO_HEADERS } of records) {
    const keyBytes = key === null ? NOTHING : Buffer.from(key)
    // The value does not begin at 0, so that an adapter that ignores `valueStart` is found out.
    const valueBytes = value === null ? NOTHING : Buffer.from(`..${value}..`)
    append1(
      appender,
      partition,
      timestamp,
      keyBytes,
      key === null ? -1 : 0,
      valueBytes,
      value === null ? -1 : 2,
      headers,
    )
  }
}

function append1(
  appender: ReturnType<Producer['topic']>,
  partition: number,
  timestamp: number,
  keyBytes: Buffer,
  keyStart: number,
  valueBytes: Buffer,
  valueStart: number,
  headers: Headers,
): void {
  const keyEnd = keyStart < 0 ? -1 : keyBytes.length
  const valueEnd = valueStart < 0 ? -1 : valueBytes.length - 2
  appender.append(partition, timestamp, keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd, headers)
}

/** Produces with a producer of its own. */
export async function produce(harness: ClientHarness, topic: string, records: readonly TestRecord[]): Promise<void> {
  const producer = await newProducer(harness)
  append(producer, topic, records)
  await producer.flush()
  await producer.close()
}

/** `count` records with keys k0, k1, … and values v0, v1, …. */
export function numbered(count: number, partition = 0, from = 0): readonly TestRecord[] {
  return Array.from({ length: count }, (_, i) => ({ partition, key: `k${from + i}`, value: `v${from + i}` }))
}

export function recordsOf(batches: readonly FetchedBatch[]): readonly ReadRecord[] {
  return batches.flatMap(batch => {
    const records: ReadRecord[] = []
    const cursor = batch.cursor()
    while (cursor.advance()) {
      records.push({
        topic: batch.topic,
        partition: batch.partition,
        offset: cursor.offset,
        timestamp: cursor.timestamp,
        key: text(cursor.keyBytes, cursor.keyStart, cursor.keyEnd),
        value: text(cursor.valueBytes, cursor.valueStart, cursor.valueEnd),
        headers: cursor.headers(),
      })
    }
    assert.equal(records.length, batch.recordCount, 'recordCount is what a walk finds')
    return records
  })
}

export function values(records: readonly ReadRecord[]): readonly (string | null)[] {
  return records.map(({ value }) => value)
}

interface ReaderOptions extends Partial<ConsumerOptions> {
  readonly partition?: number
  readonly offset?: number
}

/** Starts a consumer at the beginning of one partition. */
export async function readerOf(
  harness: ClientHarness,
  topic: string,
  { partition = 0, offset = 0, isolationLevel = 'read_committed' }: ReaderOptions = {},
): Promise<Consumer> {
  const consumer = harness.client().consumer({ isolationLevel })
  await consumer.assign([{ topic, partition, offset }])
  return consumer
}

type Poller = Pick<Consumer, 'poll'>

/** Polls until `count` records came. Fails when they do not, or when more came. */
export async function read(harness: ClientHarness, consumer: Poller, count: number): Promise<readonly ReadRecord[]> {
  return recordsOf(await readBatches(harness, consumer, count))
}

export async function readBatches(
  harness: ClientHarness,
  consumer: Poller,
  count: number,
): Promise<readonly FetchedBatch[]> {
  const batches: FetchedBatch[] = []
  const found = (): number => batches.reduce((sum, batch) => sum + batch.recordCount, 0)
  const end = Date.now() + harness.timings.patienceMs
  while (found() < count) {
    assert.ok(Date.now() < end, `${count} records were expected, ${found()} came`)
    batches.push(...(await consumer.poll(200)))
  }
  assert.equal(found(), count, 'no more records come than were expected')
  return batches
}

/** Polls for a while, for cases where nothing must come. */
export async function readFor(consumer: Poller, ms: number): Promise<readonly ReadRecord[]> {
  const records: ReadRecord[] = []
  const end = Date.now() + ms
  while (Date.now() < end) for (const record of recordsOf(await consumer.poll(Math.min(100, ms)))) records.push(record)
  return records
}

/** Asks again and again until `check` holds. */
export async function eventually(harness: ClientHarness, what: string, check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + harness.timings.patienceMs
  while (!(await check())) {
    assert.ok(Date.now() < end, `still not: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** Asserts that `promise` rejects with a MillraceError of this code. */
export async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.equal((error as { code?: unknown }).code, code, `expected ${code}, got: ${String(error)}`)
    return true
  })
}

function text(bytes: Buffer, start: number, end: number): string | null {
  return start < 0 ? null : bytes.toString('utf8', start, end)
}
