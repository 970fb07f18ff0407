import { ManualClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { KafkajsAdminPort } from './admin.ts'
import type { Surroundings } from './surroundings.ts'

/** kafkajs with a broker that refuses to create a topic for the first `refusals` requests. */
function adminOf(refusals: number) {
  let calls = 0
  const refused = { name: 'KafkaJSProtocolError', type: 'INVALID_REPLICATION_FACTOR', code: 38, retriable: false }
  const kafkajsAdmin = {
    connect: async () => undefined,
    disconnect: async () => undefined,
    createTopics: async () => {
      if (++calls <= refusals) throw Object.assign(new Error('Replication-factor is invalid'), refused)
      return true
    },
    describeCluster: async () => ({ brokers: [{ nodeId: 1 }] }),
    fetchTopicMetadata: async () => ({ topics: [{ name: 't', partitions: [{ partitionId: 0, leader: 1 }] }] }),
  }
  const clock = new ManualClock()
  const surroundings = { kafka: { admin: () => kafkajsAdmin }, brokers: 'b:1', clock, requestTimeoutMs: 30_000 }
  return { clock, admin: new KafkajsAdminPort(surroundings as unknown as Surroundings), calls: () => calls }
}

it('creates a topic once its broker is no longer fenced', async () => {
  const { clock, admin, calls } = adminOf(3)
  const created = admin.createTopics([{ name: 't', partitions: 1 }])
  await clock.advance(1_000)
  await created
  expect(calls()).toBe(4)
})

it('gives up a replication factor that no broker can have', async () => {
  const { clock, admin } = adminOf(Infinity)
  const refused = admin.createTopics([{ name: 't', partitions: 1 }]).catch((error: unknown) => error)
  await clock.advance(11_000)
  expect(await refused).toMatchObject({
    code: 'MILLRACE_CLIENT_REQUEST_FAILED',
    message: expect.stringContaining('Replication-factor is invalid') as unknown,
  })
})
