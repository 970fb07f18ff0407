import { kafka } from '@millrace/client-wire'
import { isMillraceError, systemClock, type KafkaClient, type Logger } from '@millrace/core'
import { sharedKafka } from '@millrace/dev-kafka'
import { BROKER_TIMINGS, clientConformance } from '@millrace/testing/conformance'
import { describe, it, onTestFinished } from 'vitest'
import { releaseLimit } from '../release-limits.ts'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const newClient = (brokers: string, clientId: string): KafkaClient =>
  kafka({ brokers })({ clientId, clock: systemClock, logger: silent })

const run = Math.random().toString(36).slice(2, 8)
let names = 0

/** What a release cannot do, by the error with which the client has to say so. */
function limitBehind(name: string, error: unknown): string | undefined {
  // A case that expects another error says in its own error what came instead.
  const said = isMillraceError(error) ? error.code : String(error)
  if (said.includes('MILLRACE_GROUP_PROTOCOL_UNSUPPORTED')) return releaseLimit('streams groups')
  const converts = said.includes('MILLRACE_GROUP_INCOMPATIBLE') && name.includes('classic group')
  return converts ? releaseLimit('converting groups') : undefined
}

describe('the client port on the wire client, against a real broker', async () => {
  const { brokers } = await sharedKafka()
  const { capabilities } = newClient(brokers, 'capabilities')
  for (const { name, requires, run: runCase } of clientConformance()) {
    const reason = requires?.(capabilities)
    it.skipIf(reason !== undefined)(reason === undefined ? name : `${name} (skipped: ${reason})`, async context => {
      const clients: KafkaClient[] = []
      onTestFinished(async () => {
        await Promise.all(clients.map(client => client.close()))
      })
      const running = runCase({
        client: (clientId = 'conformance') => {
          const client = newClient(brokers, clientId)
          clients.push(client)
          return client
        },
        uniqueName: prefix => `${prefix}-${run}-${++names}`,
        timings: BROKER_TIMINGS,
      })
      await running.catch((error: unknown) => {
        const limit = limitBehind(name, error)
        if (limit === undefined) throw error
        context.skip(limit)
      })
    })
  }
})
