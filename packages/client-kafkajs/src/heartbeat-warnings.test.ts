import { type LogFields, systemClock } from '@millrace/core'
import { Kafka } from 'kafkajs'
import { expect, it } from 'vitest'
import { kafkajs, type KafkajsOptions } from './kafkajs.ts'

const brokers = 'localhost:9'

/** The warnings of a client that is made with these options, and whether it sends heartbeats for a blocked thread. */
async function made(options: KafkajsOptions) {
  const warnings: [message: string, fields: LogFields][] = []
  const silent = () => undefined
  const logger = {
    debug: silent,
    info: silent,
    error: silent,
    warn: (fields: LogFields, message: string) => void warnings.push([message, fields]),
  }
  const client = kafkajs(options)({ clientId: 'app', clock: systemClock, logger })
  const { busyHeartbeats } = client.capabilities
  await client.close()
  return { warnings, busyHeartbeats }
}

it('plain options need no warning', async () => {
  expect(await made({ brokers })).toEqual({ warnings: [], busyHeartbeats: true })
})

it.each<[string, KafkajsOptions, LogFields]>([
  [
    'a function in the options',
    { brokers, socketFactory: () => undefined as never },
    { obstacle: expect.stringContaining('socketFactory') as unknown },
  ],
  ['a Kafka of the application', { kafka: new Kafka({ brokers: [brokers] }) }, {}],
])('%s: the client warns that heartbeats depend on the main thread', async (_what, options, fields) => {
  expect(await made(options)).toEqual({
    warnings: [[expect.stringContaining('heartbeats depend on the main thread'), fields]],
    busyHeartbeats: false,
  })
})
