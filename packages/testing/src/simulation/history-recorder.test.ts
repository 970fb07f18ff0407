import { MemoryCluster, memoryClient } from '@millrace/client-memory'
import { ManualClock, NO_HEADERS } from '@millrace/core'
import { silentLogger } from '@millrace/runtime'
import { expect, it } from 'vitest'
import { HistoryRecorder } from './history-recorder.ts'

it('gives records of a topic that was made since the last look to the transaction that wrote them, and not to the next', async () => {
  const clock = new ManualClock()
  const cluster = new MemoryCluster({ clock })
  const recorder = new HistoryRecorder(cluster)
  cluster.transactions.onEnd = (id, committed, { producerId }) => recorder.ends(id, committed, producerId)
  const producer = memoryClient(cluster)({ clientId: 'p', clock, logger: silentLogger }).producer({
    transactionalId: 't',
  })
  const write = async (topic: string) => {
    const value = Buffer.from('v')
    producer.topic(topic).append(0, 1, value, -1, -1, value, 0, 1, NO_HEADERS)
    await producer.flush()
  }
  await producer.init()
  cluster.createTopic({ name: 'made-by-it', partitions: 1 })
  producer.begin()
  await write('made-by-it')
  await producer.abort()
  cluster.createTopic({ name: 'made-later', partitions: 1 })
  producer.begin()
  await write('made-later')
  await producer.commit()
  recorder.look()
  const { transactions } = recorder.history('exactly_once', undefined)
  expect(transactions).toEqual([
    {
      name: 'transaction 1 of t',
      committed: false,
      parts: [{ what: 'made-by-it-0, offsets 0 to 0', committed: false }],
    },
    { name: 'transaction 2 of t', committed: true, parts: [{ what: 'made-later-0, offsets 0 to 0', committed: true }] },
  ])
})
