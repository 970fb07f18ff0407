import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sharedKafka } from '@millrace/dev-kafka'
import {
  KafkaStreams,
  long,
  type Plan,
  type ProcessingGuarantee,
  rocksdb,
  silentLogger,
  StreamsBuilder,
  string,
} from 'millrace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientUnderTest } from './client-under-test.ts'
import { eventually, type TopicIo, topicIo } from '../topic-io.ts'

const PARTITIONS = 2
const RECORDS = 200
const LIMIT_MS = 60_000
let brokers: string
let io: TopicIo
let root: string

beforeAll(async () => {
  ;({ brokers } = await sharedKafka())
  io = topicIo(clientUnderTest(brokers))
  root = await mkdtemp(join(tmpdir(), 'millrace-'))
})

afterAll(async () => {
  await io[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

/** Counts the orders of all regions by what was ordered. */
function countOrders(name: string) {
  const builder = new StreamsBuilder()
  builder
    .stream(new RegExp(`${name}-orders-.+`), { key: string(), value: string() })
    .groupBy(product => product, { name: 'by-product', key: string(), value: string() })
    .count({ store: 'orders' })
    .toStream()
    .to(`${name}-counts`, { key: string(), value: long() })
  return builder.build()
}

function copyOrders(name: string) {
  const builder = new StreamsBuilder()
  builder.stream(new RegExp(`${name}-orders-.+`), { key: string(), value: string() }).to(`${name}-all`)
  return builder.build()
}

function instance(plan: Plan, name: string, number: number, processingGuarantee: ProcessingGuarantee) {
  return new KafkaStreams(plan, {
    applicationId: name,
    client: clientUnderTest(brokers),
    store: rocksdb(),
    stateDir: join(root, `${name}-${number}`),
    processingGuarantee,
    metadataRefreshMs: 200,
    logger: silentLogger,
  })
}

/** What was counted last of each product. */
async function counts(name: string): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>()
  for (const { key, value } of await io.readAll(`${name}-counts`)) {
    last.set(key!.toString(), Number(value!.readBigInt64BE()))
  }
  return last
}

/** Makes a topic, where it is not there yet, and writes as many orders of each of two products. */
async function order(topic: string, isNew: boolean): Promise<void> {
  if (isNew) await io.createTopic(topic, PARTITIONS)
  const orders = Array.from({ length: RECORDS }, (_, n) => ({
    partition: n % PARTITIONS,
    key: 'region',
    value: n % 4 < 2 ? 'tea' : 'coffee',
    timestamp: Date.now(),
  }))
  await io.produce(topic, orders)
}

describe.each(['at_least_once', 'exactly_once'] as const)('topics read by pattern on a real broker, %s', guarantee => {
  it('are found while two instances run, also when there was none at first, and every record is counted once', async () => {
    const name = `patterns-${guarantee.slice(0, 2)}-${Date.now().toString(36)}`
    await io.createTopic(`${name}-counts`, PARTITIONS)
    const streams = [1, 2].map(number => instance(countOrders(name), name, number, guarantee))
    const failures: unknown[] = []
    const bothHave = (orders: number) => async () => {
      if (failures.length > 0) throw failures[0]
      const found = await counts(name)
      return [...found.values()].reduce((sum, count) => sum + count, 0) >= orders
    }
    const holds = (is: boolean) => is
    try {
      for (const each of streams) {
        await each.start()
        each.ended().catch((error: unknown) => failures.push(error))
      }
      await order(`${name}-orders-eu`, true)
      await eventually('the first topic', LIMIT_MS, bothHave(RECORDS), holds)
      await order(`${name}-orders-us`, true)
      await order(`${name}-orders-eu`, false)
      await eventually('the second topic', LIMIT_MS, bothHave(3 * RECORDS), holds)
      await order(`${name}-orders-asia`, true)
      await eventually('the third topic', LIMIT_MS, bothHave(4 * RECORDS), holds)
    } finally {
      await Promise.all(streams.map(each => each.close()))
    }
    expect(failures).toEqual([])
    expect(await counts(name)).toEqual(
      new Map([
        ['tea', 2 * RECORDS],
        ['coffee', 2 * RECORDS],
      ]),
    )
  })
})

it('a topic read by pattern that is deleted is read no more, and both instances go on with the others', async () => {
  const name = `patterns-gone-${Date.now().toString(36)}`
  const [eu, us, asia] = ['eu', 'us', 'asia'].map(region => `${name}-orders-${region}`) as [string, string, string]
  await io.createTopic(`${name}-all`, PARTITIONS)
  const streams = [1, 2].map(number => instance(copyOrders(name), name, number, 'at_least_once'))
  const failures: unknown[] = []
  const committed = (topic: string) => async () => {
    if (failures.length > 0) throw failures[0]
    return await io.unprocessed(name, topic)
  }
  const none = (left: number) => left === 0
  try {
    // There is nothing at all to read.
    for (const each of streams) {
      await each.start()
      each.ended().catch((error: unknown) => failures.push(error))
    }
    await order(eu, true)
    await order(us, true)
    for (const topic of [eu, us]) await eventually(topic, LIMIT_MS, committed(topic), none)
    await io.deleteTopic(eu)
    // A kafkajs producer that has written to it takes a minute to see that the others can be written to.
    await io[Symbol.asyncDispose]()
    io = topicIo(clientUnderTest(brokers))
    await order(us, false)
    await eventually('what is left', LIMIT_MS, committed(us), none)
    await order(asia, true)
    await eventually('a new one', LIMIT_MS, committed(asia), none)
  } finally {
    await Promise.all(streams.map(each => each.close()))
  }
  expect(failures).toEqual([])
  expect(await io.readAll(`${name}-all`)).toHaveLength(4 * RECORDS)
})
