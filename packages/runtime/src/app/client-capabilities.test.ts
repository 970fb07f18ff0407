import { memoryClient } from '@millrace/client-memory'
import { StreamsBuilder, string } from '@millrace/core'
import { expect, it } from 'vitest'
import { testApplication } from './application.fixture.ts'

const texts = { key: string(), value: string() }

function plan() {
  const builder = new StreamsBuilder()
  builder.stream('in', texts).to('out', texts)
  return builder.build()
}

it('exactly_once is refused at the start with a client without transactions', async () => {
  const app = testApplication({ in: 1, out: 1 })
  const client = memoryClient(app.cluster, { transactions: 'none' })
  await expect(app.start(plan(), { client, processingGuarantee: 'exactly_once' })).rejects.toMatchObject({
    code: 'MILLRACE_CLIENT_UNSUPPORTED',
    message: expect.stringContaining('exactly_once') as unknown,
  })
})

it('groupProtocol streams is refused at the start with a client without streams groups', async () => {
  const app = testApplication({ in: 1, out: 1 })
  const client = memoryClient(app.cluster, { rebalance: 'eager' })
  await expect(app.start(plan(), { client, groupProtocol: 'streams' })).rejects.toMatchObject({
    code: 'MILLRACE_CLIENT_UNSUPPORTED',
    message: expect.stringContaining('groupProtocol "streams"') as unknown,
  })
})

it('at_least_once needs no transactions', async () => {
  const app = testApplication({ in: 1, out: 1 })
  const client = memoryClient(app.cluster, { transactions: 'none' })
  const instance = await app.start(plan(), { client, commitIntervalMs: 10 })
  await app.send('in', [{ value: 'a' }])
  await app.run([instance], 10, 20)
  expect(await app.committed('in')).toBe(1)
  await instance.end({ clean: true, leave: true })
})
