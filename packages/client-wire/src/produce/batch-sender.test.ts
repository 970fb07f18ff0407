import {
  type Clock,
  millraceError,
  NO_HEADERS,
  seededRandom,
  type SendPermit,
  systemClock,
  type KafkaClient,
  type Producer,
} from '@millrace/core'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { kafka } from '../kafka.ts'
import { KAFKA_ERRORS } from '../protocol/error-codes.ts'
import { findCoordinatorApi } from '../protocol/messages/find-coordinator.ts'
import { initProducerIdApi } from '../protocol/messages/init-producer-id.ts'
import { produceApi, type ProduceRequest, type ProduceResponse } from '../protocol/messages/produce.ts'
import { ScriptedBroker, serveMetadata, type Raw } from '../testing/scripted-broker.fixture.ts'
import { ScriptedLog } from '../testing/scripted-log.fixture.ts'

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const clients: KafkaClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close()))
})

interface Answer {
  readonly errorCode: number
  readonly baseOffset?: number
  readonly leaderId?: number
  readonly leaderEpoch?: number
  readonly endpoints?: ProduceResponse['nodeEndpoints']
}

function answer({
  errorCode,
  baseOffset = -1,
  leaderId = -1,
  leaderEpoch = -1,
  endpoints = [],
}: Answer): ProduceResponse {
  const partition = {
    index: 0,
    errorCode,
    baseOffset,
    logAppendTimeMs: -1,
    logStartOffset: 0,
    recordErrors: [],
    errorMessage: null,
    currentLeader: { leaderId, leaderEpoch },
  }
  return {
    responses: [{ name: 't', partitionResponses: [partition] }],
    throttleTimeMs: 0,
    nodeEndpoints: endpoints,
  }
}

function recordsOf({ topicData }: ProduceRequest): Uint8Array {
  return topicData[0]!.partitionData[0]!.records!
}

async function producerOf(
  brokers: readonly ScriptedBroker[],
  maxBatchBytes = 200,
  transactionalId?: string,
  { permit, clock = systemClock }: { readonly permit?: SendPermit; readonly clock?: Clock } = {},
): Promise<Producer> {
  for (const broker of brokers) {
    broker.on(initProducerIdApi, () => ({ throttleTimeMs: 0, errorCode: 0, producerId: 7, producerEpoch: 0 }))
  }
  const client = kafka({ brokers: brokers.map(({ address }) => address), requestTimeoutMs: 2_000 })({
    clientId: 'test',
    clock,
    logger,
  })
  clients.push(client)
  const producer = client.producer({
    maxBatchBytes,
    ...(transactionalId !== undefined && { transactionalId }),
    ...(permit && { permit }),
  })
  await producer.init()
  return producer
}

function append(producer: Producer, count: number, from = 0): string[] {
  const values = Array.from({ length: count }, (_, i) => `value ${from + i}`)
  for (const value of values) {
    const bytes = Buffer.from(value)
    producer.topic('t').append(0, 1, bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
  }
  return values
}

/** A broker with one partition, which refuses one request. @param refused its number, from 1 */
async function refusing(refused: number, errorCode: number) {
  const broker = await ScriptedBroker.start()
  serveMetadata(
    [broker],
    () => 1,
    () => 0,
  )
  const log = new ScriptedLog()
  let requests = 0
  broker.on(produceApi, request =>
    ++requests === refused ? answer({ errorCode }) : answer(log.append(recordsOf(request))),
  )
  return { broker, log, requests: () => requests, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() }
}

describe('batches on their way', () => {
  it('are not sent again by a process that has stood still and may not send any more', async () => {
    await using broker = await ScriptedBroker.start()
    serveMetadata(
      [broker],
      () => 1,
      () => 0,
    )
    let aheadMs = 0
    const clock: Clock = {
      now: () => systemClock.now() + aheadMs,
      monotonic: () => systemClock.monotonic() + aheadMs,
      sleep: (ms, signal) => systemClock.sleep(ms, signal),
    }
    let requests = 0
    broker.on(produceApi, () => {
      requests++
      aheadMs += 20_000
      return 'close'
    })
    const fenced = millraceError('MILLRACE_GROUP_FENCED', { groupId: 'g', reason: 'UNKNOWN_MEMBER_ID' })
    let asked = 0
    const permit = { forMs: 10_000, ask: () => (asked++ === 0 ? Promise.resolve() : Promise.reject(fenced)) }
    const producer = await producerOf([broker], 200, undefined, { permit, clock })
    append(producer, 1)
    await expect(producer.flush()).rejects.toBe(fenced)
    expect([requests, asked]).toEqual([1, 2])
  })

  it('are five requests at a time, and are written once and in order when the first of them is refused', async () => {
    await using broker = await refusing(2, KAFKA_ERRORS.NOT_ENOUGH_REPLICAS.code)
    const { log } = broker
    const producer = await producerOf([broker.broker])
    const values = append(producer, 1)
    await producer.flush()
    values.push(...append(producer, 60, 1))
    expect(await producer.flush()).toEqual([{ topic: 't', partition: 0, offset: 61 }])
    expect(log.values).toEqual(values)
    expect(broker.requests(), 'those behind the first were refused as out of order').toBeGreaterThan(
      log.batches.length + 1,
    )
  })

  it('are one at a time until the broker has one: it takes any sequence number of a producer that it does not know', async () => {
    await using broker = await refusing(1, KAFKA_ERRORS.NOT_LEADER_OR_FOLLOWER.code)
    const producer = await producerOf([broker.broker])
    const values = append(producer, 60)
    expect(await producer.flush()).toEqual([{ topic: 't', partition: 0, offset: 60 }])
    expect(broker.log.values).toEqual(values)
  })

  it('are sent before they are full and without a flush, and go on filling while the partition waits for an answer', async () => {
    await using broker = await ScriptedBroker.start()
    serveMetadata(
      [broker],
      () => 1,
      () => 0,
    )
    const log = new ScriptedLog()
    const received = Array.from({ length: 2 }, () => Promise.withResolvers<void>())
    const { promise: released, resolve: release } = Promise.withResolvers<void>()
    let requests = 0
    broker.on(produceApi, async request => {
      const written = answer(log.append(recordsOf(request)))
      received[requests++]!.resolve()
      await released
      return written
    })
    const producer = await producerOf([broker], 2_000)
    const values = append(producer, 1)
    await received[0]!.promise
    // Each of these would be a batch of its own if a batch did not wait for the answer.
    for (let i = 1; i <= 10; i++) {
      values.push(...append(producer, 1, i))
      await systemClock.sleep(10)
    }
    expect(log.batches).toHaveLength(1)
    release()
    await received[1]!.promise
    expect(log.values).toEqual(values)
    expect(log.batches).toHaveLength(2)
  })

  it('go to the leader that the refusal names, without another question', async () => {
    await using one = await ScriptedBroker.start()
    await using two = await ScriptedBroker.start()
    const log = new ScriptedLog()
    serveMetadata(
      [one, two],
      () => 1,
      () => 0,
    )
    one.on(produceApi, () =>
      answer({
        errorCode: KAFKA_ERRORS.NOT_LEADER_OR_FOLLOWER.code,
        leaderId: 2,
        leaderEpoch: 1,
        endpoints: [{ nodeId: 2, host: '127.0.0.1', port: two.port, rack: null }],
      }),
    )
    two.on(produceApi, request => answer(log.append(recordsOf(request))))
    const producer = await producerOf([one, two])
    append(producer, 1)
    await producer.flush()
    expect(log.values).toEqual(['value 0'])
    expect([...one.seen, ...two.seen].filter(name => name === 'Metadata')).toHaveLength(1)
  })

  it('that are too large for the broker are split until they are not', async () => {
    await using broker = await ScriptedBroker.start()
    serveMetadata(
      [broker],
      () => 1,
      () => 0,
    )
    const log = new ScriptedLog()
    broker.on(produceApi, request => {
      const records = recordsOf(request)
      return answer(records.length > 300 ? { errorCode: KAFKA_ERRORS.MESSAGE_TOO_LARGE.code } : log.append(records))
    })
    const producer = await producerOf([broker], 2_000)
    const values = append(producer, 200)
    await producer.flush()
    expect(log.values).toEqual(values)
  })

  it('fail with the reason when the broker refuses them for good, and so does every flush after', async () => {
    await using broker = await ScriptedBroker.start()
    serveMetadata(
      [broker],
      () => 1,
      () => 0,
    )
    broker.on(produceApi, () => answer({ errorCode: KAFKA_ERRORS.INVALID_REQUIRED_ACKS.code }))
    const producer = await producerOf([broker])
    append(producer, 1)
    await expect(producer.flush()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCE_FAILED' })
    append(producer, 1)
    await expect(producer.flush()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCE_FAILED' })
  })

  it(
    'are written once and in order, whatever fails before or after they are written',
    { timeout: 120_000 },
    async () => {
      const faults = fc.array(
        fc.constantFrom(
          'none',
          'none',
          'none',
          'moved',
          'told',
          'busy',
          'late',
          'lost before',
          'lost after',
          'damaged',
        ),
        { minLength: 1, maxLength: 25 },
      )
      await fc.assert(
        fc.asyncProperty(faults, fc.nat(), async (script, seed) => {
          const random = seededRandom(seed)
          await using one = await ScriptedBroker.start()
          await using two = await ScriptedBroker.start()
          const brokers = [one, two]
          const log = new ScriptedLog()
          let [leader, epoch, next] = [1, 0, 0]
          serveMetadata(
            brokers,
            () => leader,
            () => epoch,
          )
          brokers.forEach((broker, i) => {
            broker.on(produceApi, request => serve(i + 1, request))
          })
          function serve(node: number, request: ProduceRequest): ProduceResponse | Raw {
            const endpoints = brokers.map(({ port }, i) => ({ nodeId: i + 1, host: '127.0.0.1', port, rack: null }))
            const moved = { errorCode: KAFKA_ERRORS.NOT_LEADER_OR_FOLLOWER.code }
            if (node !== leader) return answer(moved)
            const fault = script[next++] ?? 'none'
            if (fault === 'moved' || fault === 'told') {
              leader = 3 - leader
              epoch++
              return answer(fault === 'moved' ? moved : { ...moved, leaderId: leader, leaderEpoch: epoch, endpoints })
            }
            if (fault === 'busy') return answer({ errorCode: KAFKA_ERRORS.NOT_ENOUGH_REPLICAS.code })
            if (fault === 'lost before') return 'close'
            const written = log.append(recordsOf(request))
            if (fault === 'late') return answer({ errorCode: KAFKA_ERRORS.REQUEST_TIMED_OUT.code })
            if (fault === 'lost after') return 'close'
            if (fault === 'damaged') return { raw: Buffer.from([0, 0, 0, 3, 1, 2, 3]) }
            return answer(written)
          }
          const producer = await producerOf(brokers)
          const values: string[] = []
          for (let round = 0; round < 3; round++) {
            values.push(...append(producer, 1 + Math.floor(random() * 30), values.length))
            await producer.flush()
            expect(log.values).toEqual(values)
          }
          await producer.close()
        }),
        { numRuns: 15 },
      )
    },
  )
})

it('say what right is missing inside a transaction, which another transaction would not help', async () => {
  await using broker = await ScriptedBroker.start({ 'transaction.version': 2 })
  serveMetadata(
    [broker],
    () => 1,
    () => 0,
  )
  const at = { nodeId: 1, host: '127.0.0.1', port: broker.port, errorCode: 0, errorMessage: null }
  broker.on(findCoordinatorApi, ({ coordinatorKeys }) => ({
    ...at,
    throttleTimeMs: 0,
    coordinators: coordinatorKeys!.map(key => ({ ...at, key })),
  }))
  broker.on(produceApi, () => answer({ errorCode: KAFKA_ERRORS.TOPIC_AUTHORIZATION_FAILED.code }))
  const producer = await producerOf([broker], 200, 'id')
  producer.begin()
  append(producer, 1)
  await expect(producer.commit()).rejects.toMatchObject({
    code: 'MILLRACE_CLIENT_NOT_AUTHORIZED',
    message: expect.stringContaining('"User:ANONYMOUS" needs the right Write on the topic "t"') as string,
  })
})
