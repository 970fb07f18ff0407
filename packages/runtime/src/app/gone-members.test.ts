import { type MemoryClient, memoryClient } from '@millrace/client-memory'
import { type Logger, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const NEVER_MS = 3_600_000
const texts = { key: string(), value: string() }
const nothing = () => undefined
/** More than a batch takes, so that batches are sent and begin the transaction. */
const VALUES = Array.from({ length: 20 }, (_, index) => `${index}`.padEnd(200))

/** An application that passes records on under exactly-once, one of whose instances is gone without a word, with a transaction open. */
async function withOneGone(named: { readonly groupInstanceId?: string } = {}, repartitions = false) {
  const app = testApplication({ in: 1, out: 1 })
  const builder = new StreamsBuilder()
  const input = builder.stream('in', texts)
  if (repartitions) input.repartition({ name: 'again', ...texts }).to('out', texts)
  else input.to('out', texts)
  const said: string[] = []
  const log: Logger['info'] = (_fields, message) => void said.push(message)
  const clients: MemoryClient[] = []
  const start = (own: typeof named = {}) =>
    app.start(builder.build(), {
      client(context) {
        clients.push(memoryClient(app.cluster, { transactions: 'group-metadata' })(context))
        return clients.at(-1)!
      },
      processingGuarantee: 'exactly_once',
      commitIntervalMs: NEVER_MS,
      transactionTimeoutMs: NEVER_MS,
      sessionTimeoutMs: 6_000,
      maxRequestBytes: 1_024,
      logger: { debug: nothing, info: log, warn: log, error: log },
      ...own,
    })
  const gone = await start(named)
  await app.run([gone], 20)
  await app.send(
    'in',
    VALUES.map(value => ({ value })),
  )
  await app.run([gone], 10)
  expect(gone.tasks[0]!.processed).toBe(VALUES.length)
  clients[0]!.crash()
  const heir = await start()
  return { app, heir, said: () => said.filter(text => text.startsWith('ended what members')) }
}

it('ends what a member has left open that is gone, and readers need not wait for its timeout', async () => {
  const { app, heir, said } = await withOneGone()
  await app.run([heir], 100)
  expect(heir.tasks.map(({ processed }) => processed)).toEqual([VALUES.length])
  expect(said()).toHaveLength(1)
  expect(app.cluster.transactions.open()).toHaveLength(1)
  await heir.end({ clean: true, leave: true })
  expect(await app.values('out')).toEqual(VALUES)
  await app.client.close()
})

it('leaves what a user has named alone: it may be of another application', async () => {
  const { app, heir, said } = await withOneGone({ groupInstanceId: 'chosen' })
  await app.run([heir], 100)
  expect(heir.tasks.map(({ processed }) => processed)).toEqual([VALUES.length])
  expect(said()).toEqual([])
  expect(app.cluster.transactions.open()).toHaveLength(2)
  await heir.end({ clean: true, leave: true })
  expect(await app.values('out')).toEqual([])
  await app.client.close()
})

it('knows a member that a user has named by the internal topic that it writes', async () => {
  const { app, heir, said } = await withOneGone({ groupInstanceId: 'chosen' }, true)
  await app.run([heir], 100)
  expect(said()).toHaveLength(1)
  await heir.end({ clean: true, leave: true })
  await app.client.close()
})
