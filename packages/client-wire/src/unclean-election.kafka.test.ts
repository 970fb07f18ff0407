import { type KafkaClient, NO_HEADERS, systemClock } from '@millrace/core'
import { startKafka } from '@millrace/dev-kafka'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Cluster } from './cluster/cluster.ts'
import { parseBrokers } from './cluster/parse-brokers.ts'
import { kafka as wire } from './kafka.ts'

/* Two of three brokers have the topic, and the one that is behind may lead when the other is away. */
const kafka = await startKafka({
  from: 'jvm',
  brokers: 3,
  config: { 'min.insync.replicas': '1', 'unclean.leader.election.enable': 'true' },
})
const LIMIT_MS = 60_000
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const client: KafkaClient = wire({ brokers: kafka.brokers })({ clientId: 't', clock: systemClock, logger: silent })
const cluster = new Cluster({
  principal: () => 'nobody',
  bootstrap: parseBrokers(kafka.brokers),
  clientId: 't',
  security: {},
  connectTimeoutMs: 5_000,
  requestTimeoutMs: 30_000,
  clock: systemClock,
})
const at = { topic: `cut-${Date.now().toString(36)}`, partition: 0 }
const groupId = `${at.topic}-group`

beforeAll(() => expect(kafka.source).toBe('jvm'))
afterAll(async () => {
  await client.close()
  cluster.close()
  await kafka.stop()
})

async function patiently<T>(what: () => Promise<T>, enough: (answer: T) => boolean = () => true): Promise<T> {
  const until = Date.now() + LIMIT_MS
  for (;;) {
    try {
      const answer = await what()
      if (enough(answer)) return answer
      if (Date.now() > until) throw new Error(`not in time: ${JSON.stringify(answer)}`)
    } catch (error) {
      if (Date.now() > until) throw error
    }
    await setTimeout(100)
  }
}

async function replicas() {
  const { topics } = await cluster.describe([at.topic])
  return topics[0]!.partitions[0]!
}

async function write(values: readonly string[]): Promise<void> {
  await patiently(async () => {
    const producer = client.producer({})
    try {
      await producer.init()
      for (const value of values) {
        const bytes = Buffer.from(value)
        producer.topic(at.topic).append(0, Date.now(), bytes, 0, bytes.length, bytes, 0, bytes.length, NO_HEADERS)
      }
      await producer.flush()
    } finally {
      await producer.close()
    }
  })
}

/** The next offset and the leader epoch of the last batch. */
async function readTo(offset: number): Promise<{ readonly offset: number; readonly leaderEpoch: number }> {
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ ...at, offset: 0 }])
  let last = { offset: 0, leaderEpoch: -1 }
  await patiently(
    async () => {
      for (const { nextOffset, leaderEpoch = -1 } of await consumer.poll(200))
        last = { offset: nextOffset, leaderEpoch }
      return last.offset
    },
    reached => reached >= offset,
  )
  await consumer.close()
  return last
}

it(
  'finds a committed offset that is past where the log was cut, though the log is longer again',
  { timeout: 300_000 },
  async () => {
    const admin = client.admin()
    await admin.createTopics([{ name: at.topic, partitions: 1, replicationFactor: 2 }])
    const { leaderId, replicaNodes } = await patiently(replicas, ({ isrNodes }) => isrNodes.length === 2)
    const behind = replicaNodes.find(id => id !== leaderId)!
    await write(['a', 'b'])
    const kept = await readTo(2)
    await kafka.stopBroker(behind)
    await patiently(replicas, ({ isrNodes }) => isrNodes.length === 1)
    await write(['c', 'd', 'e'])
    const position = await readTo(5)
    await patiently(() => admin.alterOffsets(groupId, [{ ...at, ...position }]))
    const [committed] = await admin.committedOffsets(groupId, [at])
    expect(committed).toEqual({ ...at, ...position })
    expect(await admin.truncations([committed!])).toEqual([])

    await kafka.stopBroker(leaderId)
    await kafka.startBroker(behind)
    await patiently(replicas, partition => partition.leaderId === behind)
    await write(['u', 'v', 'w', 'x', 'y', 'z'])
    expect((await readTo(8)).offset).toBe(8)
    const [still] = await patiently(
      () => admin.committedOffsets(groupId, [at]),
      offsets => offsets.length === 1,
    )
    expect(still).toEqual(committed)
    expect(await patiently(() => admin.truncations([still!]))).toEqual([{ ...at, offset: 2 }])
    expect(await admin.truncations([{ ...at, ...kept }])).toEqual([])
    await kafka.startBroker(leaderId)
  },
)
