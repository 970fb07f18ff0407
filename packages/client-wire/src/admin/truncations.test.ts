import { systemClock } from '@millrace/core'
import { expect, it } from 'vitest'
import { kafka } from '../kafka.ts'
import { KAFKA_ERRORS } from '../protocol/error-codes.ts'
import {
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochRequest,
} from '../protocol/messages/offset-for-leader-epoch.ts'
import { ScriptedBroker, serveMetadata } from '../testing/scripted-broker.fixture.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }

/** What the client makes of answers about position 10 of epoch 4, and what it has asked. */
async function truncated(answers: readonly { readonly errorCode?: number; leaderEpoch: number; endOffset: number }[]) {
  await using broker = await ScriptedBroker.start()
  serveMetadata(
    [broker],
    () => 1,
    () => 7,
  )
  const requests: OffsetForLeaderEpochRequest[] = []
  broker.on(offsetForLeaderEpochApi, request => {
    const answer = { errorCode: 0, partition: 0, ...answers[requests.length]! }
    requests.push(request)
    return { throttleTimeMs: 0, topics: [{ topic: 't', partitions: [answer] }] }
  })
  const client = kafka({ brokers: broker.address })({ clientId: 'test', clock: systemClock, logger })
  const found = await client.admin().truncations([{ topic: 't', partition: 0, offset: 10, leaderEpoch: 4 }])
  await client.close()
  return { found, requests }
}

it.each([
  ['behind the position', { leaderEpoch: 4, endOffset: 12 }, []],
  ['at the position', { leaderEpoch: 4, endOffset: 10 }, []],
  ['before the position', { leaderEpoch: 3, endOffset: 6 }, [{ topic: 't', partition: 0, offset: 6 }]],
  ['nowhere', { leaderEpoch: -1, endOffset: -1 }, [{ topic: 't', partition: 0, offset: -1 }]],
])('a leader whose epoch ends %s', async (_, answer, expected) => {
  const { found, requests } = await truncated([answer])
  expect(found).toEqual(expected)
  const partitions = [{ partition: 0, currentLeaderEpoch: 7, leaderEpoch: 4 }]
  expect(requests).toEqual([{ replicaId: -1, topics: [{ topic: 't', partitions }] }])
})

it('a broker that has not heard of the new leader yet is asked again', async () => {
  const refusal = { errorCode: KAFKA_ERRORS.UNKNOWN_LEADER_EPOCH.code, leaderEpoch: -1, endOffset: -1 }
  const { found, requests } = await truncated([refusal, { leaderEpoch: 4, endOffset: 3 }])
  expect(found).toEqual([{ topic: 't', partition: 0, offset: 3 }])
  expect(requests).toHaveLength(2)
})
