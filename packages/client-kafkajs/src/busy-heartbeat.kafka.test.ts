import { systemClock, type Assignor } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { expect, it } from 'vitest'
import { kafkajs } from './kafkajs.ts'

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const takesAll: Assignor = {
  name: 'first',
  userData: () => new Uint8Array(),
  assign: async members => {
    const partitions = members[0]!.topics.map(topic => ({ topic, partition: 0 }))
    return new Map([[members[0]!.memberId, { partitions, userData: new Uint8Array() }]])
  },
}

it('keeps its place in the group while user code blocks the thread for longer than the session', async () => {
  const { brokers } = await sharedKafka()
  const client = kafkajs({ brokers })({ clientId: 'busy', clock: systemClock, logger: silent })
  const topic = `busy-${Math.random().toString(36).slice(2)}`
  await client.admin().createTopics([{ name: topic, partitions: 1 }])
  const consumer = client.groupConsumer({
    groupId: topic,
    isolationLevel: 'read_committed',
    sessionTimeoutMs: 6_000,
    heartbeatIntervalMs: 1_000,
  })
  const events: string[] = []
  const note = (event: string) => async () => void events.push(event)
  const listener = { onAssigned: note('assigned'), onRevoked: note('revoked'), onLost: note('lost') }
  consumer.subscribe({ topics: [topic], assignor: takesAll, listener })
  while (events.length === 0) await consumer.poll(100).catch(() => [])
  const before = consumer.groupMetadata()

  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 9_000)

  for (let round = 0; round < 20; round++) await consumer.poll(100)
  await consumer.commit([{ topic, partition: 0, offset: 0 }])
  expect(events).toEqual(['assigned'])
  expect(consumer.groupMetadata()).toEqual(before)
  await client.close()
})
