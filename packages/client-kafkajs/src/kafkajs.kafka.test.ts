import {
  isMillraceError,
  NO_HEADERS,
  systemClock,
  type Assignor,
  type GroupConsumer,
  type KafkaClient,
  type Logger,
} from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { Kafka, logLevel } from 'kafkajs'
import { expect, it, onTestFinished } from 'vitest'
import { kafkajs, type KafkajsOptions } from './kafkajs.ts'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const { brokers } = await sharedKafka()

function newClient(options: KafkajsOptions = { brokers }): KafkaClient {
  const client = kafkajs(options)({ clientId: 'test', clock: systemClock, logger: silent })
  onTestFinished(() => client.close())
  return client
}

async function newTopic(client: KafkaClient): Promise<string> {
  const topic = `topic-${Math.random().toString(36).slice(2)}`
  await client.admin().createTopics([{ name: topic, partitions: 1 }])
  return topic
}

/** Joins a group of the topic's name and notes what the group does. */
function join(client: KafkaClient, topic: string, rebalanceTimeoutMs = 6_000) {
  const options = { groupId: topic, sessionTimeoutMs: 6_000, rebalanceTimeoutMs, heartbeatIntervalMs: 300 }
  const consumer = client.groupConsumer({ ...options, isolationLevel: 'read_committed' })
  const events: string[] = []
  const note = (event: string) => async () => void events.push(event)
  const listener = { onAssigned: note('assigned'), onRevoked: note('revoked'), onLost: note('lost') }
  consumer.subscribe({ topics: [topic], assignor: firstTakesAll, listener })
  return { consumer, events }
}

const firstTakesAll: Assignor = {
  name: 'first',
  userData: () => new Uint8Array(),
  assign: async members => {
    const partitions = members[0]!.topics.map(topic => ({ topic, partition: 0 }))
    return new Map([[members[0]!.memberId, { partitions, userData: new Uint8Array() }]])
  },
}

async function pollUntil(consumer: GroupConsumer, holds: () => boolean): Promise<void> {
  while (!holds()) {
    try {
      await consumer.poll(100)
    } catch (error) {
      // As the coordinator of a broker that has just started: the next poll tries again.
      if (!isMillraceError(error, 'retriable')) throw error
    }
  }
}

it('keeps its place in the group while the application does not poll', async () => {
  const client = newClient()
  const { consumer, events } = join(client, await newTopic(client))
  await pollUntil(consumer, () => events.length === 1)
  const before = consumer.groupMetadata()
  // Longer than the session timeout.
  await systemClock.sleep(8_000)
  await consumer.poll(500)
  expect(events).toEqual(['assigned'])
  expect(consumer.groupMetadata()).toEqual(before)
})

it('works over a Kafka of the application', async () => {
  const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING })
  const client = newClient({ kafka })
  const { consumer, events } = join(client, await newTopic(client))
  await pollUntil(consumer, () => events.length === 1)
  expect(await client.admin().listTopics()).toContain(consumer.groupMetadata().groupId)
})

it('closes while the group waits for another member, and holds nobody up', async () => {
  const first = newClient()
  const topic = await newTopic(first)
  const holder = join(first, topic, 300_000)
  await pollUntil(holder.consumer, () => holder.events.length === 1)
  const second = newClient()
  const waiting = join(second, topic, 300_000)
  const admin = first.admin()
  const { groupId } = holder.consumer.groupMetadata()
  const members = async () => (await admin.describeGroup(groupId))?.members.length
  // It has asked to join when the group knows of it, however long that takes.
  while ((await members()) !== 2) await waiting.consumer.poll(200)
  expect(waiting.events).toEqual([])
  await second.close()
  // It has left no member behind: the group goes on with the one that answers. Whether that had to give its partition up
  // meanwhile is up to the broker, which says who is the first member; in the end it has it.
  const alone = async () => !holder.consumer.isRebalancing() && (await members()) === 1
  while (!(await alone()) || holder.events.at(-1) !== 'assigned') await holder.consumer.poll(200)
  expect(holder.events.filter(event => event === 'lost')).toEqual([])
})

it('names the topic that is missing, of those that a member subscribes to', async () => {
  const client = newClient()
  const topic = await newTopic(client)
  const consumer = client.groupConsumer({ groupId: topic, isolationLevel: 'read_committed' })
  const nothing = async (): Promise<void> => undefined
  const listener = { onAssigned: nothing, onRevoked: nothing, onLost: nothing }
  consumer.subscribe({ topics: [topic, `${topic}-missing`], assignor: firstTakesAll, listener })
  await expect(consumer.poll(1_000)).rejects.toThrow(`The topic "${topic}-missing" does not exist`)
})

it('refuses what kafkajs cannot do', () => {
  const client = newClient()
  const group = { groupId: 'g', groupInstanceId: 'i', isolationLevel: 'read_committed' } as const
  expect(() => client.groupConsumer(group)).toThrow('MILLRACE_CLIENT_UNSUPPORTED')
  expect(client.capabilities.compression).toEqual(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
})

it('writes and reads gzip', async () => {
  const client = newClient()
  const topic = await newTopic(client)
  const producer = client.producer({ compression: 'gzip' })
  await producer.init()
  const bytes = Buffer.from('value')
  producer.topic(topic).append(0, 5, bytes, -1, -1, bytes, 0, 5, [{ key: 'h', value: null }])
  await producer.flush()
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic, partition: 0, offset: 0 }])
  const [batch] = await consumer.poll(10_000)
  const cursor = batch!.cursor()
  cursor.advance()
  expect(cursor).toMatchObject({ timestamp: 5, keyStart: -1 })
  expect(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd)).toBe('value')
  expect(cursor.headers()).toEqual([{ key: 'h', value: null }])
})

it('goes on writing to other topics after one that it has written to was deleted', async () => {
  const client = newClient()
  const [gone, fresh] = [await newTopic(client), await newTopic(client)]
  const producer = client.producer({})
  await producer.init()
  const write = async (topic: string) => {
    const bytes = Buffer.from(topic)
    producer.topic(topic).append(0, 5, bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
    await producer.flush()
  }
  await write(gone)
  await client.admin().deleteTopics([gone])
  // kafkajs asks for both now, again and again for twenty seconds.
  await write(fresh)
  await write(fresh)
  expect(await client.admin().latestOffsets([{ topic: fresh, partition: 0 }])).toMatchObject([{ offset: 2 }])
})
