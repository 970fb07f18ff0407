/**
 * What goes through the kafkajs adapter to and from a real broker, and as a yardstick the same through kafkajs itself,
 * used plainly (`sendBatch` of 10 000 messages, `eachBatch`), in the same run.
 *
 *   node --conditions=millrace-source bench/micro/client-kafkajs.ts [records] [bytes of a value]
 */
import { kafkajs } from '@millrace/client-kafkajs'
import { NO_HEADERS, systemClock, type KafkaClient } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { Kafka, logLevel, type Message } from 'kafkajs'

const records = Number(process.argv[2] ?? 400_000)
const valueBytes = Number(process.argv[3] ?? 90)
const partitions = 4
const run = process.pid
const silent = { debug() {}, info() {}, warn() {}, error() {} }

const broker = await sharedKafka({ log: line => console.error(line) })
const client = kafkajs({ brokers: broker.brokers })({ clientId: 'bench', clock: systemClock, logger: silent })
const plain = new Kafka({ brokers: broker.brokers.split(','), logLevel: logLevel.NOTHING })
const [ours, theirs] = [`bench-millrace-${run}`, `bench-kafkajs-${run}`]
await client.admin().createTopics([ours, theirs].map(name => ({ name, partitions })))

// Once to warm up, once to count.
for (const counted of [false, true]) {
  const results: readonly [string, number, number][] = [
    ['produce', await rate(() => produce(client)), await rate(plainProduce)],
    ['consume', await rate(() => consume(client)), await rate(plainConsume)],
  ]
  if (!counted) continue
  for (const [what, adapter, itself] of results) {
    const ratio = (adapter / itself).toFixed(2)
    console.log(`${what}: adapter ${k(adapter)} records/s, kafkajs itself ${k(itself)}; ratio ${ratio}`)
  }
}
await client.close()
await broker.stop()

async function produce(through: KafkaClient): Promise<void> {
  const producer = through.producer({})
  await producer.init()
  const topic = producer.topic(ours)
  const bytes = Buffer.alloc(10 + valueBytes, 'x')
  const now = Date.now()
  for (let i = 0; i < records; i++) {
    bytes.writeUInt32LE(i, 0)
    topic.append(i % partitions, now + (i >>> 10), bytes, 0, 10, bytes, 10, bytes.length, NO_HEADERS)
    const room = producer.pending()
    if (room !== undefined) await room
    if (i % 40_000 === 0) await producer.flush()
  }
  await producer.flush()
  await producer.close()
}

async function consume(through: KafkaClient): Promise<void> {
  const consumer = through.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic: ours, partition, offset: 0 })))
  for (let left = records; left > 0;) {
    for (const batch of await consumer.poll(1_000)) {
      const cursor = batch.cursor()
      while (cursor.advance()) left--
    }
  }
  await consumer.close()
}

async function plainProduce(): Promise<void> {
  const producer = plain.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  })
  await producer.connect()
  for (let sent = 0; sent < records;) {
    const messages: Message[] = []
    for (; messages.length < 10_000 && sent < records; sent++) {
      const key = Buffer.alloc(10, 'k')
      messages.push({ partition: sent % partitions, key, value: Buffer.alloc(valueBytes, 'x') })
    }
    await producer.sendBatch({ topicMessages: [{ topic: theirs, messages }] })
  }
  await producer.disconnect()
}

async function plainConsume(): Promise<void> {
  const consumer = plain.consumer({ groupId: `bench-${run}-${Math.random()}`, maxWaitTimeInMs: 200 })
  await consumer.connect()
  await consumer.subscribe({ topic: theirs, fromBeginning: true })
  let left = records
  await new Promise<void>(resolve => {
    void consumer.run({
      partitionsConsumedConcurrently: partitions,
      eachBatch: async ({ batch }) => {
        left -= batch.messages.length
        if (left <= 0) resolve()
      },
    })
  })
  await consumer.disconnect()
}

async function rate(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return (records / (performance.now() - start)) * 1_000
}

function k(perSecond: number): string {
  return `${(perSecond / 1_000).toFixed(0)} k`
}
