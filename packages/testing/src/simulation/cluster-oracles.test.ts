import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, NO_HEADERS } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { allCommitted } from './cluster-oracles.ts'
import { APPLICATION_ID } from './process-world.ts'

it('an input is not committed while its offset waits for markers, though nothing of it is left', async () => {
  const clock = new ManualClock()
  const cluster = new MemoryCluster({ clock })
  cluster.createTopic({ name: 'in', partitions: 1 })
  const client = memoryClient(cluster, { transactions: 'producer-per-task' })({
    clientId: 'test',
    clock,
    logger: silentLogger,
  })
  const input = { topic: 'in', partition: 0 }
  const sender = client.producer({})
  await sender.init()
  const value = Buffer.from('v')
  sender.topic('in').append(0, 1, value, -1, -1, value, 0, value.length, NO_HEADERS)
  await sender.flush()
  const nobody = { groupId: APPLICATION_ID, generationId: -1, memberId: '' }
  const reach = async () => ({ groupId: APPLICATION_ID, inputs: [input], outputs: [] })
  const worker = client.producer({ transactionalId: 'x', reach })
  await worker.init()
  expect(await allCommitted(client, cluster, ['in'])).toBe(false)

  cluster.loseLeaders('lost')
  worker.begin()
  await worker.sendOffsets([{ ...input, offset: 1 }], nobody)
  await worker.commit()
  await client.admin().deleteRecords([{ ...input, offset: 1 }])
  cluster.electLeaders()
  expect(await allCommitted(client, cluster, ['in'])).toBe(false)

  const next = client.producer({ transactionalId: 'x', reach })
  await next.init()
  expect(await allCommitted(client, cluster, ['in'])).toBe(true)
})
