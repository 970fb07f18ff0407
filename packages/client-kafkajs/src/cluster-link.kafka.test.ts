import { setImmediate } from 'node:timers/promises'
import { sharedKafka } from '@millrace/dev-kafka'
import { Kafka, logLevel } from 'kafkajs'
import { expect, it } from 'vitest'
import { ClusterLink } from './cluster-link.ts'

it('can be used by many at once while it is still connecting', async () => {
  const { brokers } = await sharedKafka()
  const link = new ClusterLink(new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }))
  const uses: Promise<unknown>[] = []
  // One use in each turn of the event loop, so that some come between the open socket and the broker's first answer.
  for (let turn = 0; turn < 300; turn++) {
    uses.push(link.open([]).then(cluster => cluster.refreshMetadata()))
    await setImmediate()
  }
  expect(await Promise.all(uses)).toHaveLength(300)
  await link.reset()
})
