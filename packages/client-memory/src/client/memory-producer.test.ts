import { expect, it } from 'vitest'
import { append, clusterWithTopic, everything, produce } from '../memory-cluster.fixture.ts'

it('sends a batch again whose answer was lost, and the log has it once', async () => {
  let lost = 0
  const { client } = clusterWithTopic()
  const losing = client('losing', { losesProduceAnswer: () => ++lost % 2 === 1 })
  await produce(losing, [['k', 'a']])
  const producer = losing.producer({ transactionalId: 'x' })
  await producer.init()
  producer.begin()
  for (const value of ['b', 'c', 'd']) {
    append(producer, [['k', value]])
    await producer.flush()
  }
  await producer.commit()
  expect(lost).toBe(4)
  expect(await everything(client())).toEqual(['0 k=a', '1 k=b', '2 k=c', '3 k=d'])
})
