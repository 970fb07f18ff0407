import { systemClock, type KafkaClient, type Logger } from '@millrace/core'
import { createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { kafkajs } from './kafkajs.ts'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const at = { topic: 't', partition: 0 }
const assignor = { name: 'none', userData: () => new Uint8Array(), assign: async () => new Map() }
const nothing = async (): Promise<void> => undefined

/** What listens at the address, in place of a broker. */
const servers: Readonly<Record<string, (socket: Socket) => void>> = {
  'says nothing': socket => void socket.resume(),
  'closes at once': socket => void socket.destroy(),
  'closes after the first request': socket => void socket.once('data', () => socket.destroy()),
  'answers in another protocol': socket =>
    void socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')),
  // A length, and then bytes that are no answer to anything.
  'answers with garbage': socket =>
    void socket.on('data', () => socket.write(Buffer.concat([Buffer.from([0, 0, 0, 40]), Buffer.alloc(40, 0xa5)]))),
  // The right correlation id, and then no versions.
  'answers with too little': socket =>
    void socket.on('data', request => {
      if (request.length >= 12) socket.write(Buffer.concat([Buffer.from([0, 0, 0, 4]), request.subarray(8, 12)]))
    }),
}

const calls: Readonly<Record<string, (client: KafkaClient) => Promise<unknown>>> = {
  'listing topics': client => client.admin().listTopics(),
  'asking for offsets': client => client.admin().latestOffsets([at]),
  'asking for committed offsets': client => client.admin().committedOffsets('g', [at]),
  'initialising a producer': client => client.producer({}).init(),
  'initialising a transactional producer': client => client.producer({ transactionalId: 'tx' }).init(),
  'polling as a member of a group': async client => {
    const consumer = client.groupConsumer({ groupId: 'g', isolationLevel: 'read_committed' })
    consumer.subscribe({
      topics: ['t'],
      assignor,
      listener: { onAssigned: nothing, onRevoked: nothing, onLost: nothing },
    })
    await consumer.poll(60_000)
  },
}

const cases = Object.keys(servers).flatMap(server => Object.keys(calls).map(call => [server, call] as const))

it.concurrent.each(cases)('tries again where something %s: %s', async (server, call) => {
  const listener = createServer(socket => {
    socket.on('error', () => undefined)
    servers[server]!(socket)
  })
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as { port: number }
  const retry = { initialRetryTime: 10, retries: 1 }
  const client = kafkajs({ brokers: `127.0.0.1:${port}`, retry, requestTimeout: 300, connectionTimeout: 300 })({
    clientId: 'test',
    clock: systemClock,
    logger: silent,
  })
  onTestFinished(async () => {
    await client.close()
    listener.close()
  })
  const error = await calls[call]!(client).then(
    () => 'an answer',
    (each: unknown) => each,
  )
  expect(error).toMatchObject({ kind: 'retriable' })
})
