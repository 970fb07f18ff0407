import { NO_HEADERS, systemClock } from '@millrace/core'
import { startKafka } from '@millrace/dev-kafka'
import { KafkaProxy, type ProxyFault } from '@millrace/testing/kafka-proxy'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { kafkajs } from './kafkajs.ts'

/*
 * One broker's answer is on its way while another broker is lost. A retry of kafkajs begins at once, waits for that answer, and sends the
 * same records again under the next sequence numbers: they were there twice, until each request had the batch of one partition.
 */
const broker = await startKafka({ from: 'jvm', brokers: 3 })
const proxy = await KafkaProxy.start({ brokers: broker.brokers })
const logger = { debug() {}, info() {}, warn() {}, error() {} }
/** One on each broker. The first request of a transaction went to one of them alone already then. */
const PARTITIONS = [0, 1, 2]

beforeAll(() => expect(broker.source).toBe('jvm'))
afterAll(async () => {
  await proxy.close()
  await broker.stop()
})

it.each<ProxyFault>([{ kind: 'cut-request' }, { kind: 'cut-response' }])(
  'has each record of a transaction once, where one broker is late and another meets $kind',
  async fault => {
    const client = kafkajs({ brokers: proxy.brokers })({ clientId: 'test', clock: systemClock, logger })
    onTestFinished(() => client.close())
    const topic = `lost-${fault.kind}`
    await client.admin().createTopics([{ name: topic, partitions: PARTITIONS.length, replicationFactor: 1 }])
    const producer = client.producer({ transactionalId: topic })
    await producer.init()
    const write = async (value: string) => {
      producer.begin()
      for (const partition of PARTITIONS) {
        const bytes = Buffer.from(`${value}-${partition}`)
        producer.topic(topic).append(partition, Date.now(), bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
      }
      await producer.flush()
      await producer.commit()
    }
    // Connections and metadata are there when it counts.
    await write('first')
    proxy.inject({ api: 'Produce', fault: { kind: 'delay-response', ms: 1_500 }, skip: 1 })
    proxy.inject({ api: 'Produce', fault, skip: 1 })
    await write('second')
    const met = proxy.requests().filter(request => request.fault !== undefined)
    expect(met.slice(-2).map(request => request.fault)).toEqual(['delay-response', fault.kind])

    const ends = await client.admin().latestOffsets(PARTITIONS.map(partition => ({ topic, partition })))
    const consumer = client.consumer({ isolationLevel: 'read_committed' })
    await consumer.assign(PARTITIONS.map(partition => ({ topic, partition, offset: 0 })))
    const values: string[] = []
    const reached = new Map<number, number>()
    while (ends.some(({ partition, offset }) => (reached.get(partition) ?? 0) < offset)) {
      for (const batch of await consumer.poll(1_000)) {
        reached.set(batch.partition, batch.nextOffset)
        const cursor = batch.cursor()
        while (cursor.advance()) values.push(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd))
      }
    }
    expect(values.sort()).toEqual(['first-0', 'first-1', 'first-2', 'second-0', 'second-1', 'second-2'])
  },
)
