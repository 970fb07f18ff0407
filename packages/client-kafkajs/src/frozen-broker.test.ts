import { isMillraceError, NO_HEADERS, type Producer, systemClock, type Logger } from '@millrace/core'
import { expect, it, onTestFinished } from 'vitest'
import { FakeBroker, type FakeRequest } from './fake-broker.fixture.ts'
import { kafkajs, type KafkajsConnection } from './kafkajs.ts'

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const nothing = async (): Promise<void> => undefined

async function clientOf(broker: FakeBroker, options: Partial<KafkajsConnection> = {}) {
  const client = kafkajs({ brokers: broker.address, requestTimeout: 200, connectionTimeout: 200, ...options })({
    clientId: 'test',
    clock: systemClock,
    logger: silent,
  })
  onTestFinished(() => client.close())
  return client
}

async function newBroker(): Promise<FakeBroker> {
  const broker = await FakeBroker.start()
  onTestFinished(() => broker[Symbol.asyncDispose]())
  return broker
}

async function write(producer: Producer, value: string): Promise<unknown> {
  const bytes = Buffer.from(value)
  producer.topic('t').append(0, 0, bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
  return producer.flush()
}

async function errorOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error: unknown) => error,
  )
}

it.each<FakeRequest>(['apiVersions', 'metadata', 'initProducerId'])(
  'a producer whose %s is not answered does not begin, and says so',
  async request => {
    const broker = await newBroker()
    broker.frozen = each => each === request
    const client = await clientOf(broker)
    const producer = client.producer({})
    expect(await errorOf(producer.init())).toMatchObject({ kind: 'retriable' })
    broker.frozen = () => false
    const next = client.producer({})
    await next.init()
    await write(next, 'a')
    expect(broker.written).toHaveLength(1)
  },
)

it.each([{}, { transactionalId: 'tx' }])(
  'a broker that is frozen while records are sent is told of, and not only after all attempts of kafkajs: %o',
  async options => {
    const broker = await newBroker()
    const client = await clientOf(broker)
    const producer = client.producer(options)
    await producer.init()
    await write(producer, 'a')
    broker.frozen = () => true
    expect(await errorOf(write(producer, 'b'))).toMatchObject({ kind: 'retriable' })
    expect(broker.seen.filter(request => request === 'produce').length, 'attempts').toBeLessThan(10)
  },
)

it('what a producer was sending when it was closed is not sent later, though kafkajs goes on trying', async () => {
  const broker = await newBroker()
  const client = await clientOf(broker)
  const producer = client.producer({})
  await producer.init()
  broker.frozen = request => request === 'produce'
  expect(await errorOf(write(producer, 'a'))).toMatchObject({ kind: 'retriable' })
  await producer.close()
  broker.frozen = () => false
  const next = client.producer({})
  await next.init()
  await write(next, 'b')
  // As long as several attempts of kafkajs take.
  await systemClock.sleep(1_500)
  expect(broker.written.map(request => request.includes('a') && !request.includes('b'))).not.toContain(true)
})

it('a client goes on at once when the broker answers again, on other connections than those that were not answered', async () => {
  const broker = await newBroker()
  const client = await clientOf(broker)
  const admin = client.admin()
  expect(await admin.describeTopics(['t'])).toEqual([{ name: 't', partitions: 1 }])
  broker.frozen = () => true
  for (let i = 0; i < 5; i++) {
    expect(await errorOf(admin.describeTopics(['t']))).toMatchObject({ kind: 'retriable' })
  }
  broker.frozen = () => false
  let answer = await errorOf(admin.describeTopics(['t']))
  // The first one may still be refused on a connection that is being closed.
  if (isMillraceError(answer)) answer = await errorOf(admin.describeTopics(['t']))
  expect(answer).toBe('no error')
})

it(
  'a member whose join is not answered says so when the coordinator cannot be asked any more',
  { timeout: 120_000 },
  async () => {
    const broker = await newBroker()
    const client = await clientOf(broker)
    const consumer = client.groupConsumer({
      groupId: 'g',
      isolationLevel: 'read_committed',
      rebalanceTimeoutMs: 300_000,
    })
    const assignor = { name: 'none', userData: () => new Uint8Array(), assign: async () => new Map() }
    const listener = { onAssigned: nothing, onRevoked: nothing, onLost: nothing }
    consumer.subscribe({ topics: ['t'], assignor, listener })
    while (!broker.seen.includes('joinGroup')) await consumer.poll(20)
    broker.frozen = () => true
    const failure = async () => {
      for (;;) await consumer.poll(20)
    }
    expect(await errorOf(failure())).toMatchObject({ kind: 'retriable' })
  },
)

it('a login that is not answered does not hold up others for ever', async () => {
  const broker = await newBroker()
  const client = await clientOf(broker, { sasl: { mechanism: 'plain', username: 'u', password: 'p' } })
  for (let i = 0; i < 3; i++) {
    expect(await errorOf(client.admin().listTopics())).toMatchObject({ kind: 'retriable' })
  }
})
