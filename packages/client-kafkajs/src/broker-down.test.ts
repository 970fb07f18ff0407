import { systemClock, type KafkaClient, type Logger } from '@millrace/core'
import { createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { kafkajs } from './kafkajs.ts'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const at = { topic: 't', partition: 0 }
const assignor = { name: 'none', userData: () => new Uint8Array(), assign: async () => new Map() }
const nothing = async (): Promise<void> => undefined

/** An address at which nobody listens: the port was free a moment ago. */
async function closedPort(): Promise<string> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 1}`
}

it.each<[string, (client: KafkaClient) => Promise<unknown>]>([
  ['listing topics', client => client.admin().listTopics()],
  ['creating topics', client => client.admin().createTopics([{ name: 't', partitions: 1 }])],
  ['asking for offsets', client => client.admin().latestOffsets([at])],
  ['asking for committed offsets', client => client.admin().committedOffsets('g', [at])],
  ['deleting records', client => client.admin().deleteRecords([{ ...at, offset: 1 }])],
  ['initialising a producer', client => client.producer({}).init()],
  ['initialising a transactional producer', client => client.producer({ transactionalId: 'tx' }).init()],
  [
    'polling',
    async client => {
      const consumer = client.consumer({ isolationLevel: 'read_committed' })
      await consumer.assign([{ ...at, offset: 0 }])
      await consumer.poll(60_000)
    },
  ],
  [
    'polling as a member of a group',
    async client => {
      const consumer = client.groupConsumer({ groupId: 'g', isolationLevel: 'read_committed' })
      const listener = { onAssigned: nothing, onRevoked: nothing, onLost: nothing }
      consumer.subscribe({ topics: ['t'], assignor, listener })
      await consumer.poll(60_000)
    },
  ],
])('says that no broker answers when %s', { timeout: 120_000 }, async (_what, use) => {
  const brokers = await closedPort()
  const client = kafkajs({ brokers, retry: { initialRetryTime: 10, retries: 2 } })({
    clientId: 'test',
    clock: systemClock,
    logger: silent,
  })
  onTestFinished(() => client.close())
  await expect(use(client)).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_UNAVAILABLE', kind: 'retriable' })
  await expect(use(client), 'and says so again').rejects.toThrow(brokers)
})
