import { type MemoryClient, memoryClient } from '@millrace/client-memory'
import { type Logger, NO_HEADERS, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'
import type { Instance } from './instance.ts'

const NEVER_MS = 3_600_000
const texts = { key: string(), value: string() }
const nothing = () => undefined
/** More than a batch takes, so that batches are sent and begin the transaction. */
const VALUES = Array.from({ length: 20 }, (_, index) => `${index}`.padEnd(200))

/** An application that passes records on under exactly-once. */
function application(clientId?: string) {
  const app = testApplication({ in: 1, out: 1 })
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to('out', texts)
  const said: string[] = []
  const log: Logger['info'] = (_fields, message) => void said.push(message)
  const connect = memoryClient(app.cluster, { transactions: 'group-metadata' })
  const start = async (processId?: string) => {
    const clients: MemoryClient[] = []
    const instance = await app.start(builder.build(), {
      client(context) {
        clients.push(connect({ ...context, ...(clientId !== undefined && { clientId }) }))
        return clients.at(-1)!
      },
      processingGuarantee: 'exactly_once',
      commitIntervalMs: NEVER_MS,
      transactionTimeoutMs: NEVER_MS,
      sessionTimeoutMs: 6_000,
      maxRequestBytes: 1_024,
      logger: { debug: nothing, info: log, warn: log, error: log },
      ...(processId !== undefined && { processId }),
    })
    return { instance, crash: () => clients.forEach(client => client.crash()) }
  }
  const send = () =>
    app.send(
      'in',
      VALUES.map(value => ({ value })),
    )
  return {
    ...{ app, start, send },
    /** How often something was ended. */
    ended: () => said.filter(text => text.startsWith('ended what members')).length,
    async close(instance: Instance) {
      await instance.end({ clean: true, leave: true })
      const values = await app.values('out')
      await app.client.close()
      return values
    },
  }
}

/** An instance processes all records and is gone without a word, with its transaction open; then another one starts. */
async function withOneGone(of: ReturnType<typeof application>, processId?: string) {
  const { app, start, send } = of
  const gone = await start(processId)
  await app.run([gone.instance], 20)
  await send()
  await app.run([gone.instance], 10)
  expect(gone.instance.tasks.map(({ processed }) => processed)).toEqual([VALUES.length])
  gone.crash()
  const heir = (await start()).instance
  await app.run([heir], 100)
  expect(heir.tasks.map(({ processed }) => processed)).toEqual([VALUES.length])
  return heir
}

it('ends what a member has left open that is gone, and readers need not wait for its timeout', async () => {
  const tested = application()
  const heir = await withOneGone(tested)
  expect(tested.ended()).toBe(1)
  expect(tested.app.cluster.transactions.open()).toHaveLength(1)
  expect(await tested.close(heir)).toEqual(VALUES)
})

it('leaves what a user has named alone: it may be of another application', async () => {
  const tested = application()
  const heir = await withOneGone(tested, 'chosen')
  expect(tested.ended()).toBe(0)
  expect(tested.app.cluster.transactions.open()).toHaveLength(2)
  expect(await tested.close(heir)).toEqual([])
})

it('knows a member that a user has named if it has seen it in the group', async () => {
  const tested = application()
  const { app, start, send } = tested
  const [first, second] = [await start('first'), await start('second')]
  await app.run([first.instance, second.instance], 50)
  await send()
  await app.run([first.instance, second.instance], 10)
  const [owner, heir] = first.instance.tasks.length > 0 ? [first, second] : [second, first]
  expect(owner.instance.tasks.map(({ processed }) => processed)).toEqual([VALUES.length])
  owner.crash()
  await app.run([heir.instance], 100)
  expect(tested.ended()).toBe(1)
  expect(await tested.close(heir.instance)).toEqual(VALUES)
})

it('ends nothing where client ids are not its own: members that work would look as if they were gone', async () => {
  const tested = application('a service')
  const heir = await withOneGone(tested)
  expect(tested.ended()).toBe(0)
  expect(await tested.close(heir)).toEqual([])
})

it('leaves members of Kafka Streams and producers of tasks alone', async () => {
  const tested = application()
  const { app, start, send } = tested
  const names = [`app-${crypto.randomUUID()}-1`, 'app-0_1', 'application-x']
  for (const transactionalId of names) {
    const producer = app.client.producer({ transactionalId, transactionTimeoutMs: NEVER_MS })
    await producer.init()
    producer.begin()
    const value = Buffer.alloc(200)
    producer.topic('out').append(0, 1, value, 0, 1, value, 0, value.length, NO_HEADERS)
    await producer.flush()
  }
  const { instance } = await start()
  await app.run([instance], 20)
  await send()
  await app.run([instance], 20)
  expect(tested.ended()).toBe(0)
  expect(app.cluster.transactions.open()).toEqual(expect.arrayContaining(names))
  await tested.close(instance)
})
