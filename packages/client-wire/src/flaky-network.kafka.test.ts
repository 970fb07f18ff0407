import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { isMillraceError, NO_HEADERS, seededRandom, systemClock, type Consumer, type KafkaClient } from '@millrace/core'
import { type DevKafka, startKafka } from '@millrace/dev-kafka'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { kafka } from './kafka.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const RECORDS = 3_000

/** Passes connections on to a broker, and breaks them when it is told to: before a request arrives or before its answer does. */
class BreakingProxy {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  target: { readonly host: string; readonly port: number } | undefined

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', socket => this.#pass(socket))
  }

  static async start(): Promise<BreakingProxy> {
    const server = createServer()
    await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
    return new BreakingProxy(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  breakAll(): void {
    for (const socket of this.#open) socket.destroy()
  }

  async close(): Promise<void> {
    this.breakAll()
    await new Promise(closed => this.#server.close(closed))
  }

  #pass(client: Socket): void {
    const broker = connect(this.target!)
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.#open.add(from)
      from.on('data', piece => to.write(piece))
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#open.delete(from)
        to.destroy()
      })
    }
  }
}

let proxy: BreakingProxy
let broker: DevKafka
beforeAll(async () => {
  proxy = await BreakingProxy.start()
  // The broker names the proxy as its own address, so that every connection goes through it.
  broker = await startKafka({
    from: 'jvm',
    config: { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}` },
    timeoutMs: 90_000,
  })
  const [host = '', port = ''] = broker.brokers.split(':')
  proxy.target = { host, port: Number(port) }
})
afterAll(async () => {
  await proxy.close()
  await broker.stop()
})

function open(): KafkaClient {
  const client = kafka({ brokers: `127.0.0.1:${proxy.port}` })({ clientId: 'test', clock: systemClock, logger })
  onTestFinished(() => client.close())
  return client
}

/** Breaks all connections again and again while `work` goes on. */
async function whileBreaking(seed: number, work: () => Promise<void>): Promise<void> {
  const random = seededRandom(seed)
  let ended = false
  const breaking = (async () => {
    while (!ended) {
      await new Promise(resolve => setTimeout(resolve, 5 + random() * 60))
      proxy.breakAll()
    }
  })()
  try {
    await work()
  } finally {
    ended = true
    await breaking
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
  await whileBreaking(1, async () => {
    for (let i = 0; i < RECORDS; i++) {
      const bytes = Buffer.from(`v${i}`)
      appender.append(i % 2, Date.now(), bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
      if (i % 50 === 0) await producer.flush()
    }
    await producer.flush()
  })
  let read: string[] = []
  await whileBreaking(2, async () => {
    read = await readAll(client.consumer({ isolationLevel: 'read_committed' }), topic, RECORDS)
  })
  expect(read.sort()).toEqual(expected(RECORDS))
})

it(
  'commits each transaction once, and none that was given up, while connections break',
  { timeout: 900_000 },
  async () => {
    const client = open()
    const topic = await newTopic(client)
    const transactionalId = `${topic}-id`
    const rounds = 40
    let unknown = 0
    const mayBeThere = new Set<string>()
    const isThere = new Set<string>()
    await whileBreaking(3, async () => {
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
