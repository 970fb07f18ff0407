import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import {
  ManualClock,
  NO_HEADERS,
  type Assignor,
  type KafkaClient,
  type Producer,
  type RebalanceListener,
} from '@millrace/core'
import { expect, it } from 'vitest'
import type { FaultKind, FaultOptions } from './fault-plan.ts'
import { withFaults } from './with-faults.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const partition = { topic: 't', partition: 0 }

function faultyCluster(options: Partial<FaultOptions>) {
  const clock = new ManualClock(1_000)
  const cluster = new MemoryCluster({ clock })
  cluster.createTopic({ name: 't', partitions: 1 })
  const factory = withFaults(memoryClient(cluster), { seed: 1, clock, cluster, ...options })
  const client = (clientId = 'c') => factory({ clientId, clock, logger })
  return { clock, cluster, factory, client }
}

function append(producer: Producer): void {
  const bytes = Buffer.from('v')
  producer.topic('t').append(0, 0, bytes, -1, -1, bytes, 0, 1, NO_HEADERS)
}

async function transactional(client: KafkaClient): Promise<Producer> {
  const producer = client.producer({ transactionalId: 'x' })
  await producer.init()
  producer.begin()
  append(producer)
  return producer
}

it.each([
  ['drop-request', 0],
  ['drop-response', 1],
] as const)('loses a flush (%s) and fails until the producer is thrown away', async (kind, stored) => {
  const { cluster, client } = faultyCluster({ schedule: [{ kind, operation: 'producer.flush', call: 1 }] })
  const producer = client().producer({})
  await producer.init()
  append(producer)
  await expect(producer.flush()).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_TIMEOUT', kind: 'retriable' })
  await expect(producer.flush()).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_TIMEOUT' })
  expect(cluster.log(partition).highWatermark).toBe(stored)
})

it.each([
  ['drop-request', ['x']],
  ['drop-response', []],
] as const)(
  'leaves the outcome of a commit open (%s), and reports an abort after it as a defect',
  async (kind, open) => {
    const { cluster, client } = faultyCluster({ schedule: [{ kind, operation: 'producer.commit', call: 1 }] })
    const producer = await transactional(client())
    await producer.flush()
    await expect(producer.commit()).rejects.toMatchObject({ code: 'MILLRACE_TRANSACTION_UNKNOWN' })
    expect(cluster.transactions.open()).toEqual(open)
    await expect(producer.abort()).rejects.toMatchObject({ kind: 'bug' })
    await client().producer({ transactionalId: 'x' }).init()
    expect(cluster.transactions.open()).toEqual([])
  },
)

it('lets an abort be repeated whose answer was lost', async () => {
  const { cluster, client } = faultyCluster({
    schedule: [{ kind: 'drop-response', operation: 'producer.abort', call: 1 }],
  })
  const producer = await transactional(client())
  await producer.flush()
  await expect(producer.abort()).rejects.toMatchObject({ kind: 'retriable' })
  await producer.abort()
  producer.begin()
  append(producer)
  await producer.commit()
  expect(cluster.transactions.open()).toEqual([])
})

it('fences a producer just before its commit', async () => {
  const { client, factory } = faultyCluster({ schedule: [{ kind: 'fence', operation: 'producer.commit', call: 1 }] })
  const producer = await transactional(client())
  await producer.flush()
  await expect(producer.commit()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCER_FENCED' })
  expect(factory.log).toEqual([
    { kind: 'fence', operation: 'producer.commit', call: 1, clientId: 'c', at: 1_000, ms: 0 },
  ])
})

it('delays a call by the clock', async () => {
  const { clock, client, factory } = faultyCluster({
    schedule: [{ kind: 'delay', operation: 'admin.listTopics', call: 2 }],
  })
  const admin = client().admin()
  expect(await admin.listTopics()).toEqual(['t'])
  const listed = admin.listTopics()
  const { ms } = factory.log[0]!
  await clock.advance(ms - 1)
  expect(clock.sleeping).toBe(1)
  await clock.advance(1)
  expect(await listed).toEqual(['t'])
})

it('disconnects a client with all that it has open, for a while', async () => {
  const { clock, client, factory } = faultyCluster({
    schedule: [{ kind: 'disconnect', operation: 'admin.listTopics', call: 1 }],
  })
  const [cut, other] = [client(), client('other')]
  const consumer = cut.consumer({ isolationLevel: 'read_committed' })
  await expect(cut.admin().listTopics()).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_UNAVAILABLE' })
  await expect(consumer.poll(0)).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_UNAVAILABLE' })
  expect(await other.admin().listTopics()).toEqual(['t'])
  await clock.advance(factory.log[0]!.ms)
  expect(await consumer.poll(0)).toEqual([])
})

const assignor: Assignor = {
  name: 'all-to-the-first',
  userData: () => new Uint8Array(),
  assign: async members =>
    new Map(
      members.map(({ memberId }, index) => [
        memberId,
        { partitions: index === 0 ? [partition] : [], userData: new Uint8Array() },
      ]),
    ),
}

function diaryOf(diary: string[]): RebalanceListener {
  const write = (event: string) => async (): Promise<void> => {
    diary.push(event)
  }
  return { onAssigned: write('assigned'), onRevoked: write('revoked'), onLost: write('lost') }
}

it.each<[FaultKind, readonly string[]]>([
  ['fence', ['assigned', 'lost', 'assigned']],
  ['move-coordinator', ['assigned']],
])('does to a group member what it should: %s', async (kind, expected) => {
  const { clock, client } = faultyCluster({ schedule: [{ kind, operation: 'group.poll', call: 2 }] })
  const consumer = client().groupConsumer({ groupId: 'g', isolationLevel: 'read_committed' })
  const diary: string[] = []
  consumer.subscribe({ topics: ['t'], assignor, listener: diaryOf(diary) })
  await consumer.poll(0)
  const polled = consumer.poll(0)
  await clock.advance(1_000)
  await polled
  await consumer.poll(0)
  expect(diary).toEqual(expected)
})

it('draws the same faults for the same seed, about as many as asked for, and none after stop', async () => {
  const run = async (seed: number) => {
    const probabilities = { 'drop-request': 0.1, 'drop-response': 0.1 }
    const { client, factory } = faultyCluster({
      seed,
      probabilities,
      applies: operation => operation !== 'admin.createTopics',
    })
    const admin = client().admin()
    await admin.createTopics([{ name: 'other', partitions: 1 }])
    for (let i = 0; i < 1_000; i++) await admin.listTopics().catch(() => {})
    const faults = factory.log.length
    factory.stop()
    for (let i = 0; i < 100; i++) await admin.listTopics()
    expect(factory.log).toHaveLength(faults)
    return factory.log
  }
  const log = await run(3)
  expect(log).toEqual(await run(3))
  expect(log).not.toEqual(await run(4))
  expect(log.length).toBeGreaterThan(140)
  expect(log.length).toBeLessThan(260)
})

it('leaves what else a client can do', async () => {
  const { client } = faultyCluster({})
  const dying = client()
  const answers: string[] = []
  dying.crash()
  void dying
    .admin()
    .listTopics()
    .then(() => answers.push('answered'))
  await client().admin().listTopics()
  expect(answers).toEqual([])
})
