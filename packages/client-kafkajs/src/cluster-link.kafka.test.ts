import { setImmediate } from 'node:timers/promises'
import { sharedKafka } from '@millrace/dev-kafka'
import { Kafka, KafkaJSProtocolError, logLevel } from 'kafkajs'
import { expect, it } from 'vitest'
import { ClusterLink } from './cluster-link.ts'

async function newLink(): Promise<ClusterLink> {
  const { brokers } = await sharedKafka()
  return new ClusterLink(new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }))
}

function brokerAnswer(type: string): KafkaJSProtocolError {
  return new KafkaJSProtocolError(Object.assign(new Error(type), { type, code: -1, retriable: true }))
}

it('asks again while leadership moves, as in the moment after a topic was created', async () => {
  const link = await newLink()
  let calls = 0
  const answer = await link.withTopics([], async () => {
    if (++calls < 3) throw brokerAnswer('NOT_LEADER_FOR_PARTITION')
    return 'offsets'
  })
  expect([answer, calls]).toEqual(['offsets', 3])
  await link.reset()
})

it('passes on every other answer at once', async () => {
  const link = await newLink()
  let calls = 0
  const failing = link.withTopics([], async () => {
    calls++
    throw brokerAnswer('TOPIC_AUTHORIZATION_FAILED')
  })
  await expect(failing).rejects.toThrow('TOPIC_AUTHORIZATION_FAILED')
  expect(calls).toBe(1)
  await link.reset()
})

it('can be used by many at once while it is still connecting', async () => {
  const link = await newLink()
  const uses: Promise<unknown>[] = []
  // One use in each turn of the event loop, so that some come between the open socket and the broker's first answer.
  for (let turn = 0; turn < 300; turn++) {
    uses.push(link.open([]).then(cluster => cluster.refreshMetadata()))
    await setImmediate()
  }
  expect(await Promise.all(uses)).toHaveLength(300)
  await link.reset()
})
