import { type Assignor, PROGRESS_OVERDUE, PROGRESS_RECORDS, type ProgressSign, systemClock } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { expect, it, onTestFinished } from 'vitest'
import { kafkajs } from './kafkajs.ts'

// That a member keeps its place while its thread is blocked is a case of the port's conformance suite.

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const PROCESSING_TIMEOUT_MS = 2_000
const takesAll: Assignor = {
  name: 'first',
  userData: () => new Uint8Array(),
  assign: async members => {
    const partitions = members[0]!.topics.map(topic => ({ topic, partition: 0 }))
    return new Map([[members[0]!.memberId, { partitions, userData: new Uint8Array() }]])
  },
}

/** A member with an assignment, and the thread's signs of life. */
async function member() {
  const { brokers } = await sharedKafka()
  const client = kafkajs({ brokers })({ clientId: 'busy', clock: systemClock, logger: silent })
  onTestFinished(() => client.close())
  const topic = `busy-${Math.random().toString(36).slice(2)}`
  await client.admin().createTopics([{ name: topic, partitions: 1 }])
  const progress: ProgressSign = new Int32Array(new SharedArrayBuffer(8))
  const consumer = client.groupConsumer({
    groupId: topic,
    isolationLevel: 'read_committed',
    sessionTimeoutMs: 6_000,
    heartbeatIntervalMs: 500,
    processingTimeoutMs: PROCESSING_TIMEOUT_MS,
    progress,
  })
  let assigned = false
  const onAssigned = async () => void (assigned = true)
  const nothing = async () => undefined
  consumer.subscribe({
    topics: [topic],
    assignor: takesAll,
    listener: { onAssigned, onRevoked: nothing, onLost: nothing },
  })
  while (!assigned) await consumer.poll(100).catch(() => [])
  return progress
}

const block = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

it(
  'gives a thread up that is stuck over one record for longer than it may be, and says so',
  { timeout: 300_000 },
  async () => {
    const progress = await member()
    // The other thread may have to start first, which takes long on a busy machine.
    for (let turns = 0; turns < 60 && Atomics.load(progress, PROGRESS_OVERDUE) === 0; turns++)
      block(PROCESSING_TIMEOUT_MS / 2)
    expect(Atomics.load(progress, PROGRESS_OVERDUE)).toBe(1)
  },
)

it('does not give a thread up that gets on, record by record, without a break for anything else', async () => {
  const progress = await member()
  for (let record = 0; record < 8; record++) {
    block(PROCESSING_TIMEOUT_MS / 4)
    Atomics.add(progress, PROGRESS_RECORDS, 1)
  }
  expect(Atomics.load(progress, PROGRESS_OVERDUE)).toBe(0)
})
