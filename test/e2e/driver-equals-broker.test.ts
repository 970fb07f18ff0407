import { seededRandom } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { TopologyTestDriver } from '@millrace/testing'
import {
  bytes,
  type Headers,
  json,
  KafkaStreams,
  long,
  type ProcessingGuarantee,
  rocksdb,
  silentLogger,
  StreamsBuilder,
  string,
  timeWindowed,
  tumbling,
} from 'millrace'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { clientUnderTest } from './client-under-test.ts'
import { eventually, topicIo } from '../topic-io.ts'

interface Order {
  readonly product: string
  readonly amount: number
}

interface Input {
  readonly topic: 'orders' | 'customers'
  readonly key: string | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: Headers
}

const SEED = 41
const RECORDS = 1_500
const WINDOW = { sizeMs: 10_000, graceMs: 5_000 }
const OUTPUTS = ['joined', 'windows', 'products', 'large'] as const

/** @param prefix of the topics: the shared broker has those of other tests */
function shop(prefix = '') {
  const builder = new StreamsBuilder()
  const orders = builder.stream(`${prefix}orders`, { key: string(), value: json<Order>() })
  const customers = builder.table(`${prefix}customers`, { key: string(), value: string() })
  orders
    .leftJoin(customers, ({ product }, customer) => `${product} for ${customer ?? 'nobody'}`)
    .to(`${prefix}joined`, { value: string() })
  orders
    .groupByKey()
    .windowedBy(tumbling(WINDOW))
    .count()
    .toStream()
    .to(`${prefix}windows`, { key: timeWindowed(string(), WINDOW), value: long() })
  orders
    .groupBy(({ product }) => product, { key: string(), value: json<Order>() })
    .aggregate(
      () => 0,
      (sum, { amount }) => sum + amount,
      { value: json<number>() },
    )
    .toStream()
    .to(`${prefix}products`, { key: string(), value: json<number>() })
  orders.filter(({ amount }) => amount > 90).to(`${prefix}large`)
  return builder.build()
}

/** Orders and customers with late ones, deletions, missing keys and headers; no two of the same time, so that one order is right. */
function input(): readonly Input[] {
  const random = seededRandom(SEED)
  const pick = (n: number) => Math.floor(random() * n)
  return Array.from({ length: RECORDS }, (_, n): Input => {
    const timestamp = 1_000_000 + n * 100 - (pick(10) === 0 ? 20_050 : 0)
    const headers = pick(3) === 0 ? [{ key: `h${pick(3)}`, value: Buffer.from([pick(256), pick(256)]) }] : []
    if (pick(5) === 0) {
      const value = pick(6) === 0 ? null : Buffer.from(`customer ${n}`)
      return { topic: 'customers', key: `k${pick(20)}`, value, timestamp, headers }
    }
    const key = pick(30) === 0 ? null : `k${pick(20)}`
    const value = Buffer.from(JSON.stringify({ product: `p${pick(8)}`, amount: pick(100) }))
    return { topic: 'orders', key, value, timestamp, headers }
  })
}

/** As a task takes them: of both topics the record at the head that is older. */
function oldestFirst(records: readonly Input[]): readonly Input[] {
  const orders = records.filter(({ topic }) => topic === 'orders')
  const customers = records.filter(({ topic }) => topic === 'customers')
  const taken: Input[] = []
  while (orders.length > 0 || customers.length > 0) {
    const customersFirst = (customers[0]?.timestamp ?? Infinity) < (orders[0]?.timestamp ?? Infinity)
    taken.push((customersFirst ? customers : orders).shift()!)
  }
  return taken
}

interface Output {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly string[]
}

/** Bytes as text, so that a difference can be read. */
function shown(record: {
  key: Uint8Array | null
  value: Uint8Array | null
  timestamp: number
  headers: Headers
}): Output {
  const text = (value: Uint8Array | null) => (value === null ? null : Buffer.from(value).toString('latin1'))
  return {
    key: text(record.key),
    value: text(record.value),
    timestamp: record.timestamp,
    headers: record.headers.map(({ key, value }) => `${key}=${text(value)}`),
  }
}

async function ofDriver(): Promise<ReadonlyMap<string, readonly Output[]>> {
  await using driver = await TopologyTestDriver.create(shop(), { applicationId: 'shop', caching: 'off' })
  const raw = { key: bytes(), value: bytes() }
  const topics = {
    orders: driver.createInputTopic('orders', raw),
    customers: driver.createInputTopic('customers', raw),
  }
  for (const { topic, key, value, timestamp, headers } of oldestFirst(input())) {
    await topics[topic].pipeInput(key === null ? null : Buffer.from(key), value, { timestamp, headers })
  }
  return new Map(
    OUTPUTS.map(topic => [topic, driver.createOutputTopic(topic, raw).readRecordsToList().map(shown)] as const),
  )
}

async function ofBroker(
  processingGuarantee: ProcessingGuarantee,
  expected: ReadonlyMap<string, readonly Output[]>,
): Promise<ReadonlyMap<string, readonly Output[]>> {
  const { brokers } = await sharedKafka()
  const applicationId = `shop-${processingGuarantee.replaceAll('_', '-')}-${Date.now().toString(36)}`
  const prefix = `${applicationId}-`
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-'))
  await using io = topicIo(clientUnderTest(brokers))
  for (const topic of ['orders', 'customers', ...OUTPUTS]) await io.createTopic(prefix + topic, 1)
  for (const topic of ['orders', 'customers']) {
    const records = input().filter(record => record.topic === topic)
    const written = records.map(({ key, value, timestamp, headers }) => ({
      partition: 0,
      key,
      value,
      timestamp,
      headers,
    }))
    await io.produce(prefix + topic, written)
  }
  const streams = new KafkaStreams(shop(prefix), {
    applicationId,
    client: clientUnderTest(brokers),
    store: rocksdb(),
    stateDir,
    processingGuarantee,
    caching: 'off',
    // Both topics are there already: whichever is fetched first waits for the other.
    maxTaskIdleMs: 2_000,
    logger: silentLogger,
  })
  const read = async () => {
    const topics = OUTPUTS.map(async topic => [topic, (await io.readAll(prefix + topic)).map(shown)] as const)
    return new Map(await Promise.all(topics))
  }
  const sizes = (outputs: ReadonlyMap<string, readonly Output[]>) => [...outputs.values()].map(({ length }) => length)
  const all = (outputs: ReadonlyMap<string, readonly Output[]>) =>
    sizes(outputs).every((size, index) => size >= sizes(expected)[index]!)
  try {
    await streams.start()
    await eventually('as many results as in the driver', 60_000, read, all)
  } finally {
    await streams.close()
    await rm(stateDir, { recursive: true, force: true })
  }
  return await read()
}

describe.each(['at_least_once', 'exactly_once'] as const)('the test driver and a real broker, %s', guarantee => {
  it('give the same records: keys, values, timestamps and headers, in the same order', async () => {
    const expected = await ofDriver()
    const found = await ofBroker(guarantee, expected)
    for (const topic of OUTPUTS) {
      expect(expected.get(topic)!.length).toBeGreaterThan(50)
      expect({ topic, records: found.get(topic) }).toEqual({ topic, records: expected.get(topic) })
    }
  })
})
