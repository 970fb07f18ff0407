import { setTimeout } from 'node:timers/promises'
import { isMillraceError, NO_HEADERS, seededRandom, systemClock, type Consumer, type KafkaClient } from '@millrace/core'
import { type DevKafka, startKafka } from '@millrace/dev-kafka'
import { KafkaProxy, type KafkaApi, type ProxyFault } from '@millrace/testing/kafka-proxy'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { kafka } from './kafka.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const RECORDS = 3_000

let proxy: KafkaProxy
let broker: DevKafka
beforeAll(async () => {
  // On this machine, whatever the other tests use: the proxy stands before local brokers only.
  broker = await startKafka({ from: 'jvm' })
  proxy = await KafkaProxy.start({ brokers: broker.brokers })
})
afterAll(async () => {
  await proxy.close()
  await broker.stop()
})

function open(): KafkaClient {
  const client = kafka({ brokers: proxy.brokers })({ clientId: 'test', clock: systemClock, logger })
  onTestFinished(() => client.close())
  return client
}

/** What the network does while `work` goes on. */
type Trouble = (work: () => Promise<void>) => Promise<void>

/** Breaks all connections again and again. */
const breaking =
  (seed: number): Trouble =>
  async work => {
    const random = seededRandom(seed)
    await whileRepeating(
      () => proxy.cutAll(),
      () => 5 + random() * 60,
      work,
    )
  }

/** Lets a fault meet a fifth of these requests. What is swallowed is noticed when the connection breaks. */
const meeting =
  (fault: ProxyFault, ...api: KafkaApi[]): Trouble =>
  async work => {
    const rule = { api, fault, probability: 0.2, times: Number.POSITIVE_INFINITY }
    const restart = () => {
      proxy.heal()
      proxy.inject(rule)
    }
    restart()
    await whileRepeating(restart, () => 300, work)
    proxy.heal()
    expect(proxy.requests().some(request => request.fault === fault.kind)).toBe(true)
  }

async function whileRepeating(action: () => void, pauseMs: () => number, work: () => Promise<void>): Promise<void> {
  let ended = false
  const repeating = (async () => {
    while (!ended) {
      await setTimeout(pauseMs())
      action()
    }
  })()
  try {
    await work()
  } finally {
    ended = true
    await repeating
  }
}

async function newTopic(client: KafkaClient): Promise<string> {
  const topic = `flaky-${Math.random().toString(36).slice(2)}`
  await client.admin().createTopics([{ name: topic, partitions: 2 }])
  return topic
}

async function readAll(consumer: Consumer, topic: string, count: number): Promise<string[]> {
  await consumer.assign([0, 1].map(partition => ({ topic, partition, offset: 0 })))
  const values: string[] = []
  while (values.length < count) {
    const batches = await consumer.poll(1_000).catch((error: unknown) => {
      if (!isMillraceError(error, 'retriable')) throw error
      return []
    })
    for (const batch of batches) {
      const cursor = batch.cursor()
      while (cursor.advance()) values.push(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd))
    }
  }
  return values
}

const expected = (count: number) => Array.from({ length: count }, (_, i) => `v${i}`).sort()

it('writes each record once and reads each once while connections break', async () => {
  const client = open()
  const topic = await newTopic(client)
  const producer = client.producer({ maxBatchBytes: 1_000 })
  await producer.init()
  const appender = producer.topic(topic)
  await breaking(1)(async () => {
    for (let i = 0; i < RECORDS; i++) {
      const bytes = Buffer.from(`v${i}`)
      appender.append(i % 2, Date.now(), bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
      if (i % 50 === 0) await producer.flush()
    }
    await producer.flush()
  })
  let read: string[] = []
  await breaking(2)(async () => {
    read = await readAll(client.consumer({ isolationLevel: 'read_committed' }), topic, RECORDS)
  })
  expect(read.sort()).toEqual(expected(RECORDS))
})

const TRANSACTION: readonly KafkaApi[] = ['InitProducerId', 'AddPartitionsToTxn', 'Produce', 'EndTxn']

it.each<[string, Trouble]>([
  ['connections break', breaking(3)],
  ['requests are lost', meeting({ kind: 'cut-request' }, ...TRANSACTION)],
  ['answers are lost', meeting({ kind: 'cut-response' }, ...TRANSACTION)],
  ['requests reach nobody', meeting({ kind: 'swallow-request' }, ...TRANSACTION)],
  ['answers reach nobody', meeting({ kind: 'swallow-response' }, ...TRANSACTION)],
  ['requests are late', meeting({ kind: 'delay-request', ms: 50 }, ...TRANSACTION)],
  ['answers are late', meeting({ kind: 'delay-response', ms: 50 }, ...TRANSACTION)],
  // A copy of InitProducerId is a new producer of the same id, which fences the first one: no client can tell.
  ['copies arrive later', meeting({ kind: 'duplicate-request', ms: 20 }, 'AddPartitionsToTxn', 'Produce', 'EndTxn')],
])(
  'commits each transaction once, and none that was given up, while %s',
  { timeout: 900_000 },
  async (_what, trouble) => {
    const client = open()
    const topic = await newTopic(client)
    const transactionalId = `${topic}-id`
    const rounds = 40
    let unknown = 0
    const mayBeThere = new Set<string>()
    const isThere = new Set<string>()
    await trouble(async () => {
      let producer = client.producer({ transactionalId })
      let ready = false
      for (let round = 0; round < rounds;) {
        try {
          if (!ready) await producer.init()
          ready = true
          producer.begin()
          for (const partition of [0, 1]) {
            const bytes = Buffer.from(`${round}-${partition}`)
            producer.topic(topic).append(partition, Date.now(), bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
          }
          await producer.flush()
          if (round % 4 === 3) await producer.abort()
          else await producer.commit()
          if (round % 4 !== 3) for (const partition of [0, 1]) isThere.add(`${round}-${partition}`)
          round++
        } catch (error) {
          if (!isMillraceError(error, 'retriable')) throw error
          if (error.code === 'MILLRACE_TRANSACTION_UNKNOWN') {
            unknown++
            for (const partition of [0, 1]) mayBeThere.add(`${round}-${partition}`)
            round++
          }
          await producer.close()
          producer = client.producer({ transactionalId })
          ready = false
        }
      }
      while (!ready) {
        // The next test ends what is open.
        await producer.init().then(
          () => (ready = true),
          () => undefined,
        )
      }
    })
    const last = client.producer({ transactionalId })
    await last.init()
    const ends = await client.admin().latestOffsets([0, 1].map(partition => ({ topic, partition })))
    const consumer = client.consumer({ isolationLevel: 'read_committed' })
    await consumer.assign(ends.map(({ partition }) => ({ topic, partition, offset: 0 })))
    const read: string[] = []
    const reached = new Map<number, number>()
    while (ends.some(({ partition, offset }) => (reached.get(partition) ?? 0) < offset)) {
      for (const batch of await consumer.poll(1_000)) {
        reached.set(batch.partition, batch.nextOffset)
        const cursor = batch.cursor()
        while (cursor.advance()) read.push(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd))
      }
    }
    expect(new Set(read).size, 'nothing is there twice').toBe(read.length)
    for (const value of isThere) expect(read).toContain(value)
    for (const value of read) expect(isThere.has(value) || mayBeThere.has(value), value).toBe(true)
    expect(isThere.size + 2 * unknown).toBeGreaterThan(rounds)
  },
)
