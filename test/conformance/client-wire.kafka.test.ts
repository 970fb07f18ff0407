import { kafka } from '@millrace/client-wire'
import { systemClock, type KafkaClient, type Logger } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { BROKER_TIMINGS, clientConformance } from '@millrace/testing/conformance'
import { describe, it, onTestFinished } from 'vitest'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const newClient = (brokers: string, clientId: string): KafkaClient =>
  kafka({ brokers })({ clientId, clock: systemClock, logger: silent })

const run = Math.random().toString(36).slice(2, 8)
let names = 0

describe('the client port on the wire client, against a real broker', async () => {
  const { brokers } = await sharedKafka()
  const { capabilities } = newClient(brokers, 'capabilities')
  for (const { name, requires, run: runCase } of clientConformance()) {
    const reason = requires?.(capabilities)
    it.skipIf(reason !== undefined)(reason === undefined ? name : `${name} (skipped: ${reason})`, async () => {
      const clients: KafkaClient[] = []
      onTestFinished(async () => {
        await Promise.all(clients.map(client => client.close()))
      })
      await runCase({
        client: (clientId = 'conformance') => {
          const client = newClient(brokers, clientId)
          clients.push(client)
          return client
        },
        uniqueName: prefix => `${prefix}-${run}-${++names}`,
        timings: BROKER_TIMINGS,
      })
    })
  }
})
