import { beforeEach, expect, it } from 'vitest'
import { Metadata } from './metadata.ts'
import type { MetadataResponse } from '../protocol/messages/metadata.ts'

const TOPIC_ID = '0'.repeat(31) + '1'
const OTHER_ID = '0'.repeat(31) + '2'
let metadata: Metadata

beforeEach(() => {
  metadata = new Metadata()
})

function answer(leaderId: number, leaderEpoch: number, topicId = TOPIC_ID): MetadataResponse {
  const partition = {
    errorCode: 0,
    partitionIndex: 0,
    leaderId,
    leaderEpoch,
    replicaNodes: [1, 2],
    isrNodes: [1, 2],
    offlineReplicas: [],
  }
  const topic = { errorCode: 0, name: 't', topicId, isInternal: false, partitions: [partition] }
  return {
    throttleTimeMs: 0,
    brokers: [1, 2].map(nodeId => ({ nodeId, host: 'localhost', port: 9000 + nodeId, rack: null })),
    clusterId: 'c',
    controllerId: 1,
    topics: [{ ...topic, topicAuthorizedOperations: 0 }],
    errorCode: 0,
  }
}

it('keeps a newer leader when a broker that lags behind tells of an older one', () => {
  metadata.take(answer(1, 5))
  metadata.take(answer(2, 4))
  expect(metadata.leader('t', 0)).toEqual({ leader: 1, leaderEpoch: 5 })
  metadata.take(answer(2, 6))
  expect(metadata.leader('t', 0)).toEqual({ leader: 2, leaderEpoch: 6 })
})

it('takes any leader of a topic that was deleted and made again', () => {
  metadata.take(answer(1, 5))
  metadata.take(answer(2, 0, OTHER_ID))
  expect(metadata.leader('t', 0)).toEqual({ leader: 2, leaderEpoch: 0 })
  expect(metadata.nameOf(TOPIC_ID)).toBeUndefined()
})

it.each([
  ['an older epoch', 2, 4, false],
  ['the same epoch', 2, 5, false],
  ['a broker that is not known', 3, 6, false],
  ['no broker', -1, 6, false],
  ['a newer epoch', 2, 6, true],
])('a leader that a refusal names with %s', (_what, leader, epoch, taken) => {
  metadata.take(answer(1, 5))
  expect(metadata.learnLeader('t', 0, leader, epoch)).toBe(taken)
  expect(metadata.leader('t', 0)?.leader).toBe(taken ? leader : 1)
})
