import { NO_HEADERS, readBatchHeader, systemClock, type KafkaClient, type Producer } from '@millrace/core'
import { afterEach, describe, expect, it } from 'vitest'
import { kafka } from '../kafka.ts'
import { KAFKA_ERRORS } from '../protocol/error-codes.ts'
import { endTxnApi, type EndTxnRequest } from '../protocol/messages/end-txn.ts'
import { initProducerIdApi } from '../protocol/messages/init-producer-id.ts'
import { produceApi } from '../protocol/messages/produce.ts'
import { txnOffsetCommitApi } from '../protocol/messages/txn-offset-commit.ts'
import { ScriptedBroker, serveMetadata } from '../testing/scripted-broker.fixture.ts'
import { ScriptedCoordinator } from '../testing/scripted-coordinator.fixture.ts'

/** Faults of Kafka's transactions that are on record, by their number: what this client does where they meet it. */

const logger = { debug() {}, info() {}, warn() {}, error() {} }
const GROUP = { groupId: 'g', generationId: 1, memberId: 'm' }
const clients: KafkaClient[] = []
afterEach(async () => {
  await Promise.all(clients.splice(0).map(client => client.close()))
})

interface Written {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
}

interface Scene extends AsyncDisposable {
  readonly broker: ScriptedBroker
  readonly coordinator: ScriptedCoordinator
  readonly producer: Producer
  /** Identities and sequence numbers of the batches that came. */
  readonly written: Written[]
  /** Writes one record, in the transaction that is open. */
  write(): Promise<void>
}

/** @param level of the feature `transaction.version` */
async function scene(level: 0 | 2): Promise<Scene> {
  const broker = await ScriptedBroker.start(level === 2 ? { 'transaction.version': 2 } : {})
  serveMetadata(
    [broker],
    () => 1,
    () => 0,
  )
  const coordinator = new ScriptedCoordinator({ raises: level === 2 })
  coordinator.serve(broker)
  const written: Written[] = []
  broker.on(produceApi, ({ topicData }) => {
    const header = readBatchHeader(Buffer.from(topicData[0]!.partitionData[0]!.records!), 0)
    const { producerId, producerEpoch, baseSequence } = header
    const identity = { producerId, producerEpoch }
    const errorCode = coordinator.add(identity)
    if (errorCode === 0) written.push({ ...identity, baseSequence })
    const answer = {
      index: 0,
      errorCode,
      baseOffset: written.length,
      logAppendTimeMs: -1,
      logStartOffset: 0,
      recordErrors: [],
      errorMessage: null,
      currentLeader: { leaderId: -1, leaderEpoch: -1 },
    }
    return { responses: [{ name: 't', partitionResponses: [answer] }], throttleTimeMs: 0, nodeEndpoints: [] }
  })
  const context = { clientId: 'test', clock: systemClock, logger }
  const client = kafka({ brokers: broker.address, requestTimeoutMs: 300 })(context)
  clients.push(client)
  const producer = client.producer({ transactionalId: 'id' })
  return {
    broker,
    coordinator,
    producer,
    written,
    async write() {
      const bytes = Buffer.from('value')
      producer.topic('t').append(0, 1, bytes, -1, -1, bytes, 0, bytes.length, NO_HEADERS)
      await producer.flush()
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  }
}

const at = (offset: number) => [{ topic: 't', partition: 0, offset }]

describe('KAFKA-17754: a copy of a request arrives when the next transaction is open', () => {
  it.each([
    ['commit', 0],
    ['abort', 0],
    ['commit', 2],
    ['abort', 2],
  ] as const)('the end of the one before, %s, transaction.version %i', async (end, level) => {
    await using here = await scene(level)
    const { broker, coordinator, producer } = here
    let late: EndTxnRequest | undefined
    broker.on(endTxnApi, request => {
      if (late === undefined) {
        late = request
        return 'no answer'
      }
      return { throttleTimeMs: 0, ...coordinator.end(request) }
    })
    await producer.init()
    producer.begin()
    await here.write()
    await producer[end]()
    producer.begin()
    await here.write()
    const ends = [...coordinator.ends]
    expect(coordinator.end(late!).errorCode).not.toBe(0)
    expect(coordinator.open, 'it ends nothing').toBe(true)
    expect(coordinator.ends).toEqual(ends)
    await producer.commit()
    expect(coordinator.ends.at(-1)).toBe('commit')
  })

  it.each([0, 2] as const)('the offsets of the one before, transaction.version %i', async level => {
    await using here = await scene(level)
    const { broker, coordinator, producer } = here
    const requests: Parameters<typeof coordinator.offsetAnswer>[0][] = []
    broker.on(txnOffsetCommitApi, request => {
      requests.push(request)
      return requests.length === 1 ? 'no answer' : coordinator.offsetAnswer(request)
    })
    await producer.init()
    for (const offset of [1, 2]) {
      producer.begin()
      await here.write()
      await producer.sendOffsets(at(offset), GROUP)
      if (offset === 2) {
        const late = coordinator.offsetAnswer(requests[0]!)
        expect(late.topics[0]!.partitions[0]!.errorCode).not.toBe(0)
      }
      await producer.commit()
    }
    expect(coordinator.committedOffset).toBe(2)
  })

  it('the epoch stays where every request was answered', async () => {
    await using here = await scene(0)
    await here.producer.init()
    for (let i = 0; i < 3; i++) {
      here.producer.begin()
      await here.write()
      await here.producer.commit()
    }
    expect(here.coordinator.producerEpoch).toBe(0)
    expect(here.written.map(({ baseSequence }) => baseSequence)).toEqual([0, 1, 2])
  })
})

describe('KAFKA-20785: the coordinator has aborted the transaction before its commit', () => {
  it.each([
    ['INVALID_TXN_STATE', 'MILLRACE_TRANSACTION_UNKNOWN', 'retriable'],
    ['PRODUCER_FENCED', 'MILLRACE_PRODUCER_FENCED', 'fenced'],
    ['INVALID_PRODUCER_EPOCH', 'MILLRACE_PRODUCER_FENCED', 'fenced'],
    ['INVALID_PRODUCER_ID_MAPPING', 'MILLRACE_TRANSACTION_UNKNOWN', 'retriable'],
  ] as const)('and says %s: the application goes on', async (name, code, kind) => {
    await using here = await scene(2)
    const { broker, producer } = here
    broker.on(endTxnApi, () => {
      const { code: errorCode } = KAFKA_ERRORS[name]
      return { throttleTimeMs: 0, errorCode, producerId: -1, producerEpoch: -1 }
    })
    await producer.init()
    producer.begin()
    await here.write()
    await expect(producer.commit()).rejects.toMatchObject({ code, kind })
    await expect(producer.abort(), 'nothing follows a commit of unknown outcome').rejects.toMatchObject({ code })
  })
})

describe('KAFKA-18464: an empty transaction is aborted right after a commit', () => {
  it.each([0, 2] as const)('the broker hears nothing of it, transaction.version %i', async level => {
    await using here = await scene(level)
    const { broker, coordinator, producer } = here
    await producer.init()
    producer.begin()
    await here.write()
    await producer.commit()
    producer.begin()
    await producer.abort()
    producer.begin()
    await producer.commit()
    expect(broker.seen.filter(name => name === 'EndTxn')).toHaveLength(1)
    expect(coordinator.ends).toEqual(['commit'])
  })
})

describe('KAFKA-20090: the epochs of the producer id are used up', () => {
  it('the next transaction has the id that the end of the one before gives', async () => {
    await using here = await scene(2)
    const { coordinator, producer, written } = here
    await producer.init()
    producer.begin()
    await here.write()
    here.broker.on(endTxnApi, request => {
      coordinator.end(request)
      coordinator.producerId = 8
      coordinator.producerEpoch = 0
      return { throttleTimeMs: 0, errorCode: 0, producerId: 8, producerEpoch: 0 }
    })
    await producer.commit()
    producer.begin()
    await here.write()
    await producer.abort()
    expect(written).toEqual([
      { producerId: 7, producerEpoch: 0, baseSequence: 0 },
      { producerId: 8, producerEpoch: 0, baseSequence: 0 },
    ])
  })
})

describe('KAFKA-9666: the broker has raised the epoch, and its answer was lost', () => {
  it('the producer takes the epoch of the answer that it gets', async () => {
    await using here = await scene(2)
    const { broker, coordinator, producer, written } = here
    let asked = 0
    broker.on(initProducerIdApi, request => {
      const answer = coordinator.init(request)
      return ++asked < 3 ? 'close' : { throttleTimeMs: 0, ...answer }
    })
    await producer.init()
    producer.begin()
    await here.write()
    await producer.commit()
    expect(written).toEqual([{ producerId: 7, producerEpoch: 2, baseSequence: 0 }])
    expect(coordinator.ends).toEqual(['commit'])
  })
})

describe('KAFKA-10631: another producer has taken over', () => {
  it.each([
    ['sending offsets', 0],
    ['sending offsets', 2],
    ['committing', 0],
    ['committing', 2],
    ['aborting', 0],
    ['aborting', 2],
    ['writing', 0],
    ['writing', 2],
  ] as const)('which %s tells, transaction.version %i', async (what, level) => {
    await using here = await scene(level)
    const { coordinator, producer } = here
    await producer.init()
    producer.begin()
    await here.write()
    coordinator.init({ producerId: -1, producerEpoch: -1 })
    const does = {
      'sending offsets': () => producer.sendOffsets(at(1), GROUP),
      committing: () => producer.commit(),
      aborting: () => producer.abort(),
      writing: () => here.write(),
    }[what]
    await expect(does()).rejects.toMatchObject({ code: 'MILLRACE_PRODUCER_FENCED', kind: 'fenced' })
  })
})
