import { type MemoryClient, memoryClient } from '@millrace/client-memory'
import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'
import type { Instance } from './instance.ts'

const SESSION_MS = 6_000
const CHANGELOG = 'app-counts-changelog'

/**
 * One instance counts a record, and loses its task to another, which counts two more, before it has committed. It hears of it only
 * long after. Gives the counts in the changelog, in order.
 */
async function counts(lose: (app: ReturnType<typeof testApplication>, client: MemoryClient) => Promise<void>) {
  const app = testApplication({ in: 1 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).groupByKey().count({ store: 'counts' })
  const options = { sessionTimeoutMs: SESSION_MS, commitIntervalMs: 1_000, caching: 'off' as const }
  let client!: MemoryClient
  const deaf = memoryClient(app.cluster, { hearsAfterMs: 3_600_000 })
  const first = await app.start(builder.build(), {
    ...options,
    processId: 'first',
    client: context => (client = deaf(context)),
  })
  await app.run([first], 20)
  await app.send('in', [{ key: 'k', value: 'x' }])
  await first.step(0)
  await first.step(0)
  expect(first.tasks.map(({ processed }) => processed)).toEqual([1])
  await lose(app, client)
  const second = await app.start(builder.build(), { ...options, processId: 'second' })
  await app.send('in', [
    { key: 'k', value: 'y' },
    { key: 'k', value: 'z' },
  ])
  await app.run([second], 60)
  expect(await app.committed('in')).toBe(3)
  await stepQuickly(first)
  await app.clock.advance(2_000)
  await stepQuickly(first)
  const consumer = app.client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: CHANGELOG, partition: 0, offset: 0 }])
  const logged: bigint[] = []
  for (const batch of await consumer.poll(0)) {
    const cursor = batch.cursor()
    while (cursor.advance()) logged.push(cursor.valueBytes.readBigInt64BE(cursor.valueStart))
  }
  await app.client.close()
  return logged
}

async function stepQuickly(instance: Instance): Promise<void> {
  for (let round = 0; round < 3; round++) await instance.step(0)
}

it('writes nothing over what its successor has written, after it stood still for longer than its session', async () => {
  const logged = await counts(async (app, client) => {
    client.disconnect(SESSION_MS * 2)
    await app.clock.advance(SESSION_MS * 3)
  })
  expect(logged).toEqual([1n, 2n, 3n])
})

it('writes nothing over what its successor has written, after the group has given it up while it works', async () => {
  const logged = await counts(async app => {
    const [memberId] = app.cluster.describeGroup('app')!.memberIds
    app.cluster.evictMember('app', memberId!)
  })
  expect(logged).toEqual([1n, 2n, 3n])
})
