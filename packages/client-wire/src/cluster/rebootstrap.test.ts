import { isMillraceError, NO_HEADERS, RecordBatchBuilder, systemClock, type KafkaClient } from '@millrace/core'
import { afterEach, describe, expect, it } from 'vitest'
import { kafka } from '../kafka.ts'
import { KAFKA_ERRORS } from '../protocol/error-codes.ts'
import { fetchApi, type FetchResponse } from '../protocol/messages/fetch.ts'
import { metadataApi, type MetadataResponse } from '../protocol/messages/metadata.ts'
import { ScriptedBroker, TOPIC_ID } from '../testing/scripted-broker.fixture.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const clients: KafkaClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close()))
})

/** The cluster is one broker, which leads partition 0 of topic `t`. */
function clusterOf(nodeId: number, { port }: ScriptedBroker): MetadataResponse {
  const partition = {
    errorCode: 0,
    partitionIndex: 0,
    leaderId: nodeId,
    leaderEpoch: nodeId,
    replicaNodes: [nodeId],
    isrNodes: [nodeId],
    offlineReplicas: [],
  }
  const topic = { errorCode: 0, name: 't', topicId: TOPIC_ID, isInternal: false, partitions: [partition] }
  return {
    throttleTimeMs: 0,
    brokers: [{ nodeId, host: '127.0.0.1', port, rack: null }],
    clusterId: 'scripted',
    controllerId: nodeId,
    topics: [{ ...topic, topicAuthorizedOperations: 0 }],
    errorCode: 0,
  }
}

function fetched(offset: number, value: string): FetchResponse {
  const builder = new RecordBatchBuilder({ maxBytes: 1_000 })
  const bytes = Buffer.from(value)
  builder.append(1, bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
  const partition = {
    partitionIndex: 0,
    errorCode: 0,
    highWatermark: 100,
    lastStableOffset: 100,
    logStartOffset: 0,
    divergingEpoch: { epoch: -1, endOffset: -1 },
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    snapshotId: { endOffset: -1, epoch: -1 },
    abortedTransactions: [],
    preferredReadReplica: -1,
    records: Buffer.from(builder.finish({ baseOffset: offset })),
  }
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    responses: [{ topic: '', topicId: TOPIC_ID, partitions: [partition] }],
    nodeEndpoints: [],
  }
}

/** Reads values from `t-0`, which `first` serves from offset 0 and `second` from where the reader is. */
async function reading(bootstrap: ScriptedBroker, first: ScriptedBroker, second: ScriptedBroker) {
  for (const [broker, name] of [
    [first, 'first'],
    [second, 'second'],
  ] as const) {
    broker.on(fetchApi, async ({ topics }) => {
      await new Promise(resolve => setTimeout(resolve, 10))
      return fetched(topics[0]!.partitions[0]!.fetchOffset, name)
    })
  }
  const client = kafka({ brokers: bootstrap.address, requestTimeoutMs: 1_000, connectTimeoutMs: 1_000 })({
    clientId: 'test',
    clock: systemClock,
    logger,
  })
  clients.push(client)
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: 't', partition: 0, offset: 0 }])
  return async (wanted: string): Promise<void> => {
    for (;;) {
      // A poll may tell that brokers were away.
      const batches = await consumer.poll(1_000).catch((error: unknown) => {
        if (isMillraceError(error, 'retriable')) return []
        throw error
      })
      for (const batch of batches) {
        for (const cursor = batch.cursor(); cursor.advance();) {
          if (cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd) === wanted) return
        }
      }
    }
  }
}

describe('brokers of the configuration are asked again', () => {
  it.each([
    ['under the same number', 1],
    ['under another number', 2],
  ])(
    'when all known brokers are gone, and tell of one that has taken their place %s (KIP-899)',
    async (_what, nodeId) => {
      await using bootstrap = await ScriptedBroker.start()
      const first = await ScriptedBroker.start()
      await using second = await ScriptedBroker.start()
      let answer = clusterOf(1, first)
      for (const broker of [bootstrap, first, second]) broker.on(metadataApi, () => answer)
      const until = await reading(bootstrap, first, second)
      await until('first')
      answer = clusterOf(nodeId, second)
      await first[Symbol.asyncDispose]()
      await until('second')
      expect(bootstrap.seen.filter(name => name === 'Metadata').length).toBeGreaterThan(1)
    },
  )

  it('when a broker says so (KIP-1102)', async () => {
    await using bootstrap = await ScriptedBroker.start()
    await using first = await ScriptedBroker.start()
    await using second = await ScriptedBroker.start()
    let answer = clusterOf(1, first)
    bootstrap.on(metadataApi, () => answer)
    first.on(metadataApi, () => ({
      ...clusterOf(1, first),
      topics: [],
      brokers: [],
      errorCode: KAFKA_ERRORS.REBOOTSTRAP_REQUIRED.code,
    }))
    second.on(metadataApi, () => answer)
    const until = await reading(bootstrap, first, second)
    await until('first')
    answer = clusterOf(2, second)
    first.on(fetchApi, ({ topics }) => {
      const { responses, ...rest } = fetched(topics[0]!.partitions[0]!.fetchOffset, 'never')
      const partitions = [{ ...responses[0]!.partitions[0]!, records: null, errorCode: 6 }]
      return { ...rest, responses: [{ ...responses[0]!, partitions }] }
    })
    await until('second')
    expect(first.seen, 'it was asked for the leader').toContain('Metadata')
  })
})
