import { kafkajs } from '@millrace/client-kafkajs'
import { kafka } from '@millrace/client-wire'
import { NO_HEADERS, systemClock, type ClientFactory, type KafkaClient } from '@millrace/core'
import { Kafka, logLevel, type Message } from 'kafkajs'

export const PARTITIONS = 4
/** How many records lie between two waits for acknowledgements, as a task's commit would. */
const FLUSH_EVERY = 40_000
const KEY_BYTES = 10

export interface Job {
  readonly brokers: string
  readonly topic: string
  readonly valueBytes: number
}

/** What is measured: all read the same records, and write records of the same size, acknowledged by all replicas. */
export interface Contender {
  produce(records: number): Promise<void>
  /** From the beginning of the topic. */
  consume(records: number): Promise<void>
  close(): Promise<void>
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

const CONTENDERS: Readonly<Record<string, (job: Job) => Contender | Promise<Contender>>> = {
  wire: job => millrace(kafka({ brokers: job.brokers }), job),
  'kafkajs adapter': job => millrace(kafkajs({ brokers: job.brokers }), job),
  kafkajs: plainKafkajs,
  '@platformatic/kafka': platformatic,
  '@confluentinc/kafka-javascript': confluent,
}

export const CONTENDER_NAMES = Object.keys(CONTENDERS)

export async function clientNamed(name: string, job: Job): Promise<Contender> {
  const make = CONTENDERS[name]
  if (make === undefined) throw new Error(`no client is called "${name}"`)
  return make(job)
}

function millrace(factory: ClientFactory, { topic, valueBytes }: Job): Contender {
  const client: KafkaClient = factory({ clientId: 'bench', clock: systemClock, logger: silent })
  return {
    async produce(records) {
      const producer = client.producer({})
      await producer.init()
      const appender = producer.topic(topic)
      const bytes = Buffer.alloc(KEY_BYTES + valueBytes, 'x')
      const now = Date.now()
      for (let i = 0; i < records; i++) {
        bytes.writeUInt32LE(i, 0)
        appender.append(i % PARTITIONS, now, bytes, 0, KEY_BYTES, bytes, KEY_BYTES, bytes.length, NO_HEADERS)
        const room = producer.pending()
        if (room !== undefined) await room
        if (i % FLUSH_EVERY === 0) await producer.flush()
      }
      await producer.flush()
      await producer.close()
    },
    async consume(records) {
      const consumer = client.consumer({ isolationLevel: 'read_committed' })
      await consumer.assign(Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: 0 })))
      for (let left = records; left > 0;) {
        for (const batch of await consumer.poll(1_000)) {
          const cursor = batch.cursor()
          while (cursor.advance()) left--
        }
      }
      await consumer.close()
    },
    close: () => client.close(),
  }
}

function plainKafkajs({ brokers, topic, valueBytes }: Job): Contender {
  const client = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING })
  return {
    async produce(records) {
      const producer = client.producer({
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
          messages.push({
            partition: sent % PARTITIONS,
            key: Buffer.alloc(KEY_BYTES),
            value: Buffer.alloc(valueBytes, 'x'),
          })
        }
        await producer.sendBatch({ topicMessages: [{ topic, messages }] })
      }
      await producer.disconnect()
    },
    async consume(records) {
      const consumer = client.consumer({ groupId: `bench-${Math.random()}`, maxWaitTimeInMs: 200 })
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      let left = records
      await new Promise<void>(resolve => {
        void consumer.run({
          partitionsConsumedConcurrently: PARTITIONS,
          eachBatch: async ({ batch }) => {
            left -= batch.messages.length
            if (left <= 0) resolve()
          },
        })
      })
      await consumer.disconnect()
    },
    close: async () => {},
  }
}

/** Of @platformatic/kafka, what is used here. It is not among the dependencies of the repository. */
interface Platformatic {
  readonly Producer: new (options: object) => {
    send(options: object): Promise<unknown>
    close(): Promise<void>
  }
  readonly Consumer: new (options: object) => {
    consume(options: object): Promise<AsyncIterable<unknown> & { close(): Promise<void> }>
    close(force: boolean): Promise<void>
  }
}

async function platformatic({ brokers, topic, valueBytes }: Job): Promise<Contender> {
  const { Producer, Consumer } = (await optional('@platformatic/kafka')) as Platformatic
  const common = { clientId: 'bench', bootstrapBrokers: brokers.split(',') }
  return {
    async produce(records) {
      const producer = new Producer({ ...common, idempotent: true })
      for (let sent = 0; sent < records;) {
        const messages: object[] = []
        for (; messages.length < 10_000 && sent < records; sent++) {
          messages.push({
            topic,
            partition: sent % PARTITIONS,
            key: Buffer.alloc(KEY_BYTES),
            value: Buffer.alloc(valueBytes, 'x'),
          })
        }
        await producer.send({ messages, acks: -1 })
      }
      await producer.close()
    },
    async consume(records) {
      const consumer = new Consumer({ ...common, groupId: `bench-${Math.random()}` })
      const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 200 })
      let left = records
      for await (const _message of stream) if (--left <= 0) break
      await consumer.close(true)
    },
    close: async () => {},
  }
}

/** Of @confluentinc/kafka-javascript, what is used here: the interface that is closest to librdkafka. */
interface Confluent {
  readonly Producer: new (config: object) => ConfluentClient & {
    produce(topic: string, partition: number, value: Buffer, key: Buffer): void
    flush(timeoutMs: number, done: (error: unknown) => void): void
    setPollInterval(ms: number): void
  }
  readonly KafkaConsumer: new (
    config: object,
    topicConfig: object,
  ) => ConfluentClient & {
    assign(partitions: readonly object[]): void
    consume(count: number, done: (error: unknown, messages: readonly unknown[]) => void): void
  }
}

interface ConfluentClient {
  connect(options: object, done: (error: unknown) => void): void
  disconnect(done: () => void): void
}

async function confluent({ brokers, topic, valueBytes }: Job): Promise<Contender> {
  const { Producer, KafkaConsumer } = (await optional('@confluentinc/kafka-javascript')) as Confluent
  const called = (call: (done: (error: unknown) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => call(error => (error ? reject(error) : resolve())))
  return {
    async produce(records) {
      const producer = new Producer({ 'bootstrap.servers': brokers, 'enable.idempotence': true, 'linger.ms': 5 })
      await called(done => producer.connect({}, done))
      producer.setPollInterval(10)
      const [key, value] = [Buffer.alloc(KEY_BYTES), Buffer.alloc(valueBytes, 'x')]
      for (let i = 0; i < records; i++) {
        producer.produce(topic, i % PARTITIONS, value, key)
        if (i % FLUSH_EVERY === 0) await called(done => producer.flush(60_000, done))
      }
      await called(done => producer.flush(60_000, done))
      await new Promise<void>(resolve => producer.disconnect(resolve))
    },
    async consume(records) {
      const settings = { 'bootstrap.servers': brokers, 'group.id': 'bench', 'enable.auto.commit': false }
      const consumer = new KafkaConsumer(settings, {})
      await called(done => consumer.connect({}, done))
      consumer.assign(Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition, offset: 0 })))
      for (let left = records; left > 0;) {
        left -= await new Promise<number>((resolve, reject) => {
          consumer.consume(10_000, (error, messages) => (error ? reject(error) : resolve(messages.length)))
        })
      }
      await new Promise<void>(resolve => consumer.disconnect(resolve))
    },
    close: async () => {},
  }
}

async function optional(name: string): Promise<unknown> {
  return import(name)
}
