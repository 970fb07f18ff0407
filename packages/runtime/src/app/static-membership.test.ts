import { memoryClient } from '@millrace/client-memory'
import { type ClientFactory, NO_HEADERS, StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'
import type { Instance } from './instance.ts'

function world() {
  const app = testApplication({ in: 4, out: 4 })
  const builder = new StreamsBuilder()
  builder.stream('in', { key: string(), value: string() }).to('out', { key: string(), value: string() })
  const plan = builder.build()
  const start = (groupInstanceId: string, client: ClientFactory = app.factory) =>
    app.start(plan, { processId: groupInstanceId, groupInstanceId, client })
  const settle = (...instances: readonly Instance[]) => app.run(instances, 20, 1)
  return { app, plan, cluster: app.cluster, clock: app.clock, start, settle }
}

const tasksOf = (instance: Instance) => instance.tasks.map(({ name }) => name)

it('gets the same tasks back after a restart, and the others notice nothing', async () => {
  const { cluster, start, settle } = world()
  const [a, b] = [await start('a'), await start('b')]
  await settle(a, b)
  const [ofA, ofB, { generation }] = [tasksOf(a), tasksOf(b), cluster.describeGroup('app')!]
  expect([ofA.length, ofB.length]).toEqual([2, 2])
  await b.end({ clean: true, leave: false })
  const again = await start('b')
  await settle(a, again)
  expect(tasksOf(again)).toEqual(ofB)
  expect(tasksOf(a)).toEqual(ofA)
  expect(cluster.describeGroup('app')!.generation).toBe(generation)
  for (const instance of [a, again]) await instance.end({ clean: true, leave: true })
})

it('gives its tasks to others when it leaves, or stays away for longer than its session', async () => {
  const { clock, start, settle } = world()
  const a = await start('a')
  const leaving = await start('b')
  await settle(a, leaving)
  await leaving.end({ clean: true, leave: true })
  await settle(a)
  expect(tasksOf(a)).toHaveLength(4)
  const staying = await start('b')
  await settle(a, staying)
  await staying.end({ clean: true, leave: false })
  await settle(a)
  expect(tasksOf(a)).toHaveLength(2)
  await clock.advance(45_000)
  await settle(a)
  expect(tasksOf(a)).toHaveLength(4)
  await a.end({ clean: true, leave: true })
})

it.each([
  ['while it is away', true],
  ['after it has come back', false],
])('takes up partitions that come %s, though the group does not assign at its return', async (_when, away) => {
  const { clock, cluster, start, settle } = world()
  const before = await start('a')
  await settle(before)
  await before.end({ clean: true, leave: false })
  if (away) cluster.createPartitions('in', 5)
  const again = await start('a')
  await settle(again)
  if (!away) {
    cluster.createPartitions('in', 5)
    // As long as it takes until somebody looks.
    await clock.advance(300_000)
  }
  await settle(again)
  expect(tasksOf(again)).toEqual(['0_0', '0_1', '0_2', '0_3', '0_4'])
  await again.end({ clean: true, leave: true })
})

it('ends when another process starts under its id', async () => {
  const { start, settle } = world()
  const older = await start('a')
  await settle(older)
  const newer = await start('a')
  await settle(newer)
  await expect(settle(older)).rejects.toMatchObject({ code: 'MILLRACE_GROUP_INSTANCE_FENCED', kind: 'config' })
  expect(tasksOf(newer)).toHaveLength(4)
  await newer.end({ clean: true, leave: true })
})

it('refuses at the start where the client cannot', async () => {
  const { cluster, start } = world()
  const without: ClientFactory = context => {
    const client = memoryClient(cluster)(context)
    const capabilities = { ...client.capabilities, staticMembership: false }
    return new Proxy(client, {
      get: (target, name) => (name === 'capabilities' ? capabilities : (Reflect.get(target, name) as unknown)),
    })
  }
  await expect(start('a', without)).rejects.toMatchObject({ code: 'MILLRACE_CLIENT_UNSUPPORTED', kind: 'config' })
})

it('ends the transaction that a killed process of the same name has left open, without a state directory', async () => {
  const { app, plan } = world()
  const client = memoryClient(app.cluster, { transactions: 'group-metadata' })
  const options = { processingGuarantee: 'exactly_once', transactionTimeoutMs: 600_000, client } as const
  const output = { topic: 'out', partition: 0 }
  const written = async () => (await app.client.admin().latestOffsets([output]))[0]!.offset
  const killed = app.client.producer({ transactionalId: 'app-a', transactionTimeoutMs: 600_000 })
  await killed.init()
  killed.begin()
  const bytes = Buffer.from('a')
  killed.topic('out').append(0, 0, bytes, 0, 1, bytes, 0, 1, NO_HEADERS)
  await killed.flush()
  expect(await written()).toBe(1)
  const stranger = await app.start(plan, options)
  await stranger.end({ clean: true, leave: true })
  expect(await written()).toBe(1)
  const again = await app.start(plan, { ...options, groupInstanceId: 'a' })
  await app.run([again], 3)
  expect(await written(), 'the marker is written').toBe(2)
  await again.end({ clean: true, leave: true })
})
