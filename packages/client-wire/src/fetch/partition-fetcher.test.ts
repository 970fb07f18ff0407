import {
  controlBatch,
  NO_HEADERS,
  RecordBatchBuilder,
  systemClock,
  type Consumer,
  type FetchedBatch,
  type KafkaClient,
} from '@millrace/core'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { kafka } from '../kafka.ts'
import { KAFKA_ERRORS } from '../protocol/error-codes.ts'
import { fetchApi, type FetchRequest, type FetchResponse } from '../protocol/messages/fetch.ts'
import { listOffsetsApi } from '../protocol/messages/list-offsets.ts'
import { ScriptedBroker, serveMetadata, TOPIC_ID } from '../testing/scripted-broker.fixture.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const clients: KafkaClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close()))
})

interface Part {
  readonly errorCode?: number
  readonly records?: Buffer | null
  readonly highWatermark?: number
  readonly divergesAt?: number
  readonly preferredReadReplica?: number
  readonly leaderId?: number
  readonly leaderEpoch?: number
  readonly aborted?: readonly { readonly producerId: number; readonly firstOffset: number }[]
}

interface Whole {
  readonly errorCode?: number
  readonly sessionId?: number
  readonly endpoints?: FetchResponse['nodeEndpoints']
}

function answer(part: Part | undefined, { errorCode = 0, sessionId = 5, endpoints = [] }: Whole = {}): FetchResponse {
  const partition = part && {
    partitionIndex: 0,
    errorCode: part.errorCode ?? 0,
    highWatermark: part.highWatermark ?? 100,
    lastStableOffset: part.highWatermark ?? 100,
    logStartOffset: 0,
    divergingEpoch: { epoch: part.divergesAt === undefined ? -1 : 3, endOffset: part.divergesAt ?? -1 },
    currentLeader: { leaderId: part.leaderId ?? -1, leaderEpoch: part.leaderEpoch ?? -1 },
    snapshotId: { endOffset: -1, epoch: -1 },
    abortedTransactions: part.aborted ?? [],
    preferredReadReplica: part.preferredReadReplica ?? -1,
    records: part.records ?? null,
  }
  const responses = partition === undefined ? [] : [{ topic: '', topicId: TOPIC_ID, partitions: [partition] }]
  return { throttleTimeMs: 0, errorCode, sessionId, responses, nodeEndpoints: endpoints }
}

function batch(baseOffset: number, values: readonly string[], producerId = -1): Buffer {
  const builder = new RecordBatchBuilder({ maxBytes: 100_000 })
  for (const value of values) {
    const bytes = Buffer.from(value)
    builder.append(1, bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
  }
  const transactional = producerId >= 0
  const finished = builder.finish({ baseOffset, partitionLeaderEpoch: 4, producerId, producerEpoch: 0, transactional })
  return Buffer.from(finished)
}

/** Answers after a moment, as a broker that has nothing. */
async function nothingYet(): Promise<FetchResponse> {
  await new Promise(resolve => setTimeout(resolve, 20))
  return answer(undefined)
}

async function consumerOf(
  brokers: readonly ScriptedBroker[],
  offset = 0,
  rack?: string,
  clock = systemClock,
): Promise<Consumer> {
  const location = rack === undefined ? {} : { rack }
  const options = { brokers: brokers.map(({ address }) => address), requestTimeoutMs: 2_000, ...location }
  const client = kafka(options)({ clientId: 'test', clock, logger })
  clients.push(client)
  const consumer = client.consumer({ isolationLevel: 'read_committed' })
  await consumer.assign([{ topic: 't', partition: 0, offset }])
  return consumer
}

async function read(consumer: Consumer, count: number): Promise<string[]> {
  const values: string[] = []
  while (values.length < count) values.push(...valuesOf(await consumer.poll(5_000)))
  return values
}

function valuesOf(batches: readonly FetchedBatch[]): string[] {
  const values: string[] = []
  for (const each of batches) {
    const cursor = each.cursor()
    while (cursor.advance()) values.push(cursor.valueBytes.toString('utf8', cursor.valueStart, cursor.valueEnd))
  }
  return values
}

function alone(broker: ScriptedBroker): void {
  serveMetadata(
    [broker],
    () => 1,
    () => 0,
  )
}

describe('a fetch session', () => {
  it('sends what has changed, and starts again when the broker has forgotten it', async () => {
    await using broker = await ScriptedBroker.start()
    alone(broker)
    const requests: FetchRequest[] = []
    broker.on(fetchApi, async request => {
      requests.push(request)
      if (requests.length === 1) return answer({ records: batch(0, ['a']) })
      if (requests.length === 4) return answer(undefined, { errorCode: KAFKA_ERRORS.FETCH_SESSION_ID_NOT_FOUND.code })
      if (requests.length === 6) return answer({ records: batch(1, ['b']) })
      return nothingYet()
    })
    const consumer = await consumerOf([broker])
    expect(await read(consumer, 2)).toEqual(['a', 'b'])
    const seen = requests.slice(0, 6).map(({ sessionId, sessionEpoch, topics }) => {
      const offset = topics[0]?.partitions[0]?.fetchOffset
      return { sessionId, sessionEpoch, offset }
    })
    expect(seen).toEqual([
      { sessionId: 0, sessionEpoch: 0, offset: 0 },
      { sessionId: 5, sessionEpoch: 1, offset: 1 },
      { sessionId: 5, sessionEpoch: 2, offset: undefined },
      { sessionId: 5, sessionEpoch: 3, offset: undefined },
      { sessionId: 0, sessionEpoch: 0, offset: 1 },
      { sessionId: 5, sessionEpoch: 1, offset: undefined },
    ])
  })

  it('is on its way again while what came is not processed', async () => {
    await using broker = await ScriptedBroker.start()
    alone(broker)
    let offset = 0
    broker.on(fetchApi, () => answer({ records: batch(offset++, ['x']) }))
    const consumer = await consumerOf([broker])
    await read(consumer, 1)
    const before = offset
    // Nobody polls.
    await new Promise(resolve => setTimeout(resolve, 200))
    expect(offset).toBeGreaterThan(before)
  })
})

describe('a partition that moves', () => {
  it('is fetched from the leader that the answer names, without another question', async () => {
    await using one = await ScriptedBroker.start()
    await using two = await ScriptedBroker.start()
    serveMetadata(
      [one, two],
      () => 1,
      () => 0,
    )
    const endpoints = [{ nodeId: 2, host: '127.0.0.1', port: two.port, rack: null }]
    const moved = { errorCode: KAFKA_ERRORS.NOT_LEADER_OR_FOLLOWER.code, leaderId: 2, leaderEpoch: 1 }
    one.on(fetchApi, () => answer(moved, { endpoints }))
    let asked = 0
    two.on(fetchApi, () => (asked++ === 0 ? answer({ records: batch(0, ['a']) }) : nothingYet()))
    expect(await read(await consumerOf([one, two]), 1)).toEqual(['a'])
    expect([...one.seen, ...two.seen].filter(name => name === 'Metadata')).toHaveLength(1)
  })

  it('is looked for when the answer names no leader, and when the connection breaks', async () => {
    await using one = await ScriptedBroker.start()
    await using two = await ScriptedBroker.start()
    let leader = 1
    serveMetadata(
      [one, two],
      () => leader,
      () => leader,
    )
    one.on(fetchApi, () => {
      leader = 2
      return answer({ errorCode: KAFKA_ERRORS.NOT_LEADER_OR_FOLLOWER.code })
    })
    let asked = 0
    two.on(fetchApi, () => {
      asked++
      return asked === 1 ? 'close' : asked === 2 ? answer({ records: batch(0, ['a']) }) : nothingYet()
    })
    expect(await read(await consumerOf([one, two]), 1)).toEqual(['a'])
  })

  it('is read from the replica that the leader prefers, until that one does not have it', async () => {
    await using one = await ScriptedBroker.start()
    await using two = await ScriptedBroker.start()
    serveMetadata(
      [one, two],
      () => 1,
      () => 0,
    )
    const racks: string[] = []
    let first = true
    one.on(fetchApi, ({ rackId, topics }) => {
      racks.push(rackId ?? '')
      const offset = topics[0]?.partitions[0]?.fetchOffset
      if (first) {
        first = false
        return answer({ preferredReadReplica: 2 })
      }
      return offset === 1 ? answer({ records: batch(1, ['leader']) }) : nothingYet()
    })
    two.on(fetchApi, ({ topics }) =>
      topics[0]?.partitions[0]?.fetchOffset === 0
        ? answer({ records: batch(0, ['replica']) })
        : answer({ errorCode: KAFKA_ERRORS.OFFSET_OUT_OF_RANGE.code }),
    )
    expect(await read(await consumerOf([one, two], 0, 'rack-b'), 2)).toEqual(['replica', 'leader'])
    expect(racks[0]).toBe('rack-b')
  })
})

it('a partition that is read from a near replica is asked for at its leader again after a while', async () => {
  await using one = await ScriptedBroker.start()
  await using two = await ScriptedBroker.start()
  serveMetadata(
    [one, two],
    () => 1,
    () => 0,
  )
  let asked = 0
  one.on(fetchApi, () =>
    asked++ === 0 ? answer({ preferredReadReplica: 2 }) : answer({ records: batch(1, ['leader']) }),
  )
  let read2 = 0
  two.on(fetchApi, () => (read2++ === 0 ? answer({ records: batch(0, ['replica']) }) : nothingYet()))
  let passed = 0
  const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + passed }
  const consumer = await consumerOf([one, two], 0, 'rack-b', clock)
  expect(await read(consumer, 1)).toEqual(['replica'])
  expect(asked).toBe(1)
  passed = 5 * 60_000
  expect(await read(consumer, 1)).toEqual(['leader'])
})

describe('a log that is not as the reader left it', () => {
  it('is out of range where it was cut behind the reader', async () => {
    await using broker = await ScriptedBroker.start()
    alone(broker)
    const epochs: (number | undefined)[] = []
    broker.on(fetchApi, ({ topics }) => {
      epochs.push(topics[0]?.partitions[0]?.lastFetchedEpoch)
      return epochs.length === 1 ? answer({ records: batch(0, ['a', 'b', 'c']) }) : answer({ divergesAt: 2 })
    })
    broker.on(listOffsetsApi, () => ({
      throttleTimeMs: 0,
      topics: [
        { name: 't', partitions: [{ partitionIndex: 0, errorCode: 0, timestamp: -1, offset: 0, leaderEpoch: 0 }] },
      ],
    }))
    const consumer = await consumerOf([broker])
    await read(consumer, 3)
    const failure = consumer.poll(5_000).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(await failure).toMatchObject({
      code: 'MILLRACE_OFFSET_OUT_OF_RANGE',
      message: expect.stringMatching(/3.*2/s),
    })
    expect(epochs.slice(0, 2), 'the epoch of the last batch is told').toEqual([-1, 4])
  })

  it('shows nothing of transactions that were aborted, and leads past them', async () => {
    await using broker = await ScriptedBroker.start()
    alone(broker)
    const marker = controlBatch({ type: 'abort', baseOffset: 4, timestamp: 1, producerId: 9, producerEpoch: 0 })
    const records = Buffer.concat([
      batch(0, ['a', 'b'], 9),
      batch(2, ['c']),
      batch(3, ['d'], 9),
      marker,
      batch(5, ['e'], 9),
    ])
    let asked = 0
    broker.on(fetchApi, () =>
      asked++ === 0 ? answer({ records, aborted: [{ producerId: 9, firstOffset: 0 }] }) : nothingYet(),
    )
    expect(await read(await consumerOf([broker]), 2)).toEqual(['c', 'e'])
  })
})

describe('bytes that are damaged', () => {
  const whole = Buffer.concat([batch(0, ['one', 'two']), batch(2, ['three'])])

  it('are told by the next poll, or are not taken for records', { timeout: 60_000 }, async () => {
    const damage = fc.record({
      flips: fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(7)), { minLength: 1, maxLength: 4 }),
      cut: fc.nat(whole.length),
    })
    await fc.assert(
      fc.asyncProperty(damage, async ({ flips, cut }) => {
        const records = Buffer.from(whole.subarray(0, cut))
        for (const [place, bit] of flips) if (place < records.length) records[place]! ^= 1 << bit
        await using broker = await ScriptedBroker.start()
        alone(broker)
        broker.on(fetchApi, async () => {
          await new Promise(resolve => setTimeout(resolve, 5))
          return answer({ records })
        })
        const consumer = await consumerOf([broker])
        const seen = await consumer.poll(60).then(valuesOf, (error: unknown) => error)
        if (Array.isArray(seen)) expect(['one', 'two', 'three'].slice(0, seen.length)).toEqual(seen)
        else expect(seen).toMatchObject({ code: 'MILLRACE_BATCH_UNREADABLE' })
        await consumer.close()
      }),
      { numRuns: 60 },
    )
  })
})
